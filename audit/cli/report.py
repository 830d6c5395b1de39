"""``flower-audit report``: render the report of a run again."""

from __future__ import annotations

from pathlib import Path

import click

from audit.cli.command import Command
from audit.cli.common import tell_run, track
from audit.cli.options import against_option, run_argument, setting


@click.command(cls=Command)
@run_argument
@against_option
@setting("share", "site_builder")
def report(
    run_folder: Path, against: Path | None, share: bool | None, site_builder: str | None
) -> None:
    """Render the report of RUN again, from its records and maps alone.

    Settings are those that RUN was made with, unless given anew. Without --against the report is of
    RUN alone, also where an earlier one had a last release beside it; flower-audit check keeps it.

    \b
    Examples:
      flower-audit report runs/planted
      flower-audit report runs/planted --share
      flower-audit report runs/new --against runs/released
      flower-audit report runs/planted --site-builder zensical
    """
    from audit.stages import commands
    from audit.storage.run import RunFolder

    folder = RunFolder.open(run_folder)
    previous = RunFolder.open(against) if against is not None else None
    commands.report(folder, share=share, site_builder=site_builder, against=previous, track=track())
    tell_run(folder)
