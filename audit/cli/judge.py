"""``flower-audit judge``: sort stored evidence anew under other thresholds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from audit.cli.command import Command
from audit.cli.options import given, run_argument, settings
from audit.core.output import echo


@click.command(cls=Command)
@run_argument
@settings("verdict")
def judge(run_folder: Path, **thresholds: Any) -> None:
    """Sort the evidence of RUN anew under other thresholds, in seconds: no model is asked.

    Thresholds are those that RUN was judged by, unless given anew. The report is not rendered
    again: flower-audit report RUN does that.

    \b
    Examples:
      flower-audit judge runs/new --accusing-score 0.8
      flower-audit judge runs/new --thresholds fixed --least-effect 2
    """
    from audit.stages import commands
    from audit.storage.run import RunFolder

    before, now = commands.judge(RunFolder.open(run_folder), given(thresholds))
    for verdict in now.index.union(before.index):
        echo(f"{verdict:14} {before.get(verdict, 0):7,} -> {now.get(verdict, 0):,}")
    echo(f"Render the report again: flower-audit report {run_folder}")
