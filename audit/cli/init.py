"""``flower-audit init``: a first settings file, after a look at data and model."""

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
@click.option(
    "--out",
    "file",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("audit.toml"),
    show_default=True,
    help="TOML file to write.",
)
@config_sources
@settings("data", "masks", "model", run={Stage.SPLIT, Stage.READ, Stage.MASK})
def init(preset: str, config_file: Path, file: Path, **flags: Any) -> None:
    """Write a commented TOML file of settings, after a look at images, masks and model.

    It tells classes, counts, splits and masks that were found, and what most people set. Nothing is
    trained or swept.

    \b
    Example:
      flower-audit init --images photos/ --masks masks/ --out photos.toml
    """
    from audit.stages.init import init as begin

    config = load_config(flags, preset, config_file)
    load_tensorflow()
    for line in begin(config, file, track=track()):
        echo(line)
