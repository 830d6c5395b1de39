"""``flower-audit report``: render the report of a run again."""

from __future__ import annotations

from pathlib import Path

import click

from audit.cli.command import Command
from audit.cli.common import tell_run, track
from audit.cli.options import run_argument, setting


@click.command(cls=Command)
@run_argument
@setting("share", "site_builder")
def report(run_folder: Path, share: bool | None, site_builder: str | None) -> None:
    """Render the report of RUN again, from its records and maps alone.

    Settings are those that RUN was made with, unless given anew.

    \b
    Examples:
      flower-audit report runs/planted
      flower-audit report runs/planted --share
      flower-audit report runs/planted --site-builder zensical
    """
    from audit.stages import commands
    from audit.storage.run import RunFolder

    folder = RunFolder.open(run_folder)
    commands.report(folder, share=share, site_builder=site_builder, track=track())
    tell_run(folder)
