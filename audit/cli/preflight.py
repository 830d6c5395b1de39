"""``flower-audit preflight``: look whether everything is read rightly."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from audit.cli.command import Command
from audit.cli.common import load_tensorflow, track
from audit.cli.options import config_sources, settings
from audit.core.output import echo
from audit.settings import load_config
from audit.settings.base import Stage


@click.command(cls=Command)
@config_sources
@click.option(
    "--write-order",
    "order_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File for the classes in the order of the model's outputs, as its answers show it.",
)
@settings("data", "masks", "model", run={Stage.SPLIT, Stage.READ, Stage.MASK})
def preflight(preset: str, config_file: Path, order_file: Path | None, **flags: Any) -> None:
    """Look whether model, images, labels and masks are read as their makers meant.

    Takes seconds, on samples; writes nothing. Exits with 1 where something is read wrongly beyond
    doubt, as `run` would, unless --anyway.

    \b
    Example:
      flower-audit preflight --images photos/ --masks masks/ --model mine.keras
    """
    from audit.checks.preflight.outcome import lines
    from audit.stages import commands

    config = load_config(flags, preset, config_file)
    load_tensorflow()
    found = commands.preflight(config, order_file, track=track())
    for line in lines(found):
        echo(line)
    if found.strong and not config.run.anyway:
        raise click.exceptions.Exit(1)
