"""``flower-audit backbones``: list the backbones."""

from __future__ import annotations

import click

from audit.cli.command import Command
from audit.core.output import echo_lines


@click.command(cls=Command)
def backbones() -> None:
    """List the backbones to train on: weights without a top, input side, where weights come from.

    \b
    Example:
      flower-audit backbones
    """
    from audit.models.catalogue import listing

    echo_lines(listing())
