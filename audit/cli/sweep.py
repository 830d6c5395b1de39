"""``flower-audit sweep``: predict and explain with the model of a run."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import click

from audit.cli.command import Command
from audit.cli.common import command_line, load_tensorflow, track
from audit.cli.options import given, run_argument, settings
from audit.core.output import echo
from audit.settings import load_config
from audit.settings.base import Stage


@click.command(cls=Command)
@run_argument
@settings(
    *("data", "masks", "model", "explain", "intervene", "verdict", "checks", "run"),
    without={Stage.SPLIT, Stage.TRAIN},
)
def sweep(run_folder: Path, **flags: Any) -> None:
    """Predict and explain with the model of RUN, going on where an earlier sweep stopped.

    Settings are those that RUN was made with, unless given anew. Images, masks and models outside
    of RUN, a command of --segmenter, trust in code and a cluster are always given anew: RUN may
    come from anybody.

    \b
    Example:
      flower-audit sweep runs/augmented --explain 300
    """
    from audit.stages import commands
    from audit.stages.resume import carried
    from audit.storage.run import RunFolder

    folder = RunFolder.open(run_folder)
    config = load_config(carried(folder, given(flags)))
    load_tensorflow()
    commands.sweep(config, folder, command=command_line(), track=track())
    echo(f"Swept. Next: flower-audit report {shlex.quote(str(run_folder))}")
