"""``flower-audit train``: train a model into a run folder."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import click

from audit.cli.command import Command
from audit.cli.common import command_line, load_tensorflow, track
from audit.cli.options import config_sources, out_option, resume_option, settings
from audit.core.output import echo
from audit.settings import load_config
from audit.settings.base import Stage


@click.command(cls=Command)
@out_option
@resume_option
@config_sources
@settings(
    "data", "masks", "training", model={Stage.TRAIN}, run={Stage.SPLIT, Stage.READ, Stage.MASK}
)
def train(out: Path, resume: bool, preset: str, config_file: Path, **flags: Any) -> None:
    """Train a model into a run folder; `sweep` goes on from there.

    \b
    Example:
      flower-audit train --pipeline augmented --epochs 10 --out runs/augmented
    """
    from audit.stages import commands

    config = load_config(flags, preset, config_file)
    load_tensorflow()
    folder = commands.train(config, out, resume=resume, command=command_line(), track=track())
    if folder:
        echo(f"Model: {folder.model_file}. Next: flower-audit sweep {shlex.quote(str(out))}")
