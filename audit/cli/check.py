"""``flower-audit check``: hold a run against limits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from audit.cli.command import Command
from audit.cli.common import tell_gate, tell_github
from audit.cli.options import PLACE, SHARE, gates, limits_of, run_argument
from audit.core.output import echo


@click.command(cls=Command)
@run_argument
@gates
@click.option(
    "--against",
    metavar="BASE",
    type=PLACE,
    help="Run on the same images: accuracy and wrong reasons may not be worse than its.",
)
@click.option("--no-worse-than", type=SHARE, help="Margin of --against, in points [default: 0%].")
@click.option(
    "--anyway",
    is_flag=True,
    help="Judge a run whose preflight says that its inputs are read wrongly.",
)
@click.option(
    "--junit", type=click.Path(path_type=Path, dir_okay=False), help="JUnit XML to write."
)
@click.option(
    "--github",
    is_flag=True,
    help="In GitHub Actions: write the step's summary, and an annotation for each limit that is "
    "not shown to be kept.",
)
def check(
    run_folder: Path,
    against: Path | None,
    no_worse_than: float | None,
    anyway: bool,
    junit: Path | None,
    github: bool,
    **flags: Any,
) -> None:
    """Hold RUN against limits: exit with 0 where all hold, with 3 where one fails.

    Limits are shares, given as 5% or 0.05. A gate fails when the rate is above the limit (below a
    minimum) beyond doubt: with its whole 95% interval. So noise does not fail a build, and few
    images let much pass. A gate also fails where its figure is undefined or where nothing could be
    proven, and any check where the sweep is unfinished or inputs were read wrongly. The outcome is
    kept in RUN as gate.json, and the report of RUN says it from then on.

    \b
    Examples:
      flower-audit check runs/new --max-wrong-reasons 5% --min-accuracy 80% --junit gate.xml
      flower-audit check runs/new --against runs/released --no-worse-than 1%
      flower-audit check runs/new --max-wrong-reasons 5% --github
    """
    from audit.gate.gates import Limits
    from audit.stages import commands
    from audit.storage.run import RunFolder

    if no_worse_than is not None and against is None:
        raise click.UsageError("--no-worse-than needs the run to compare with: --against BASE.")
    asked = limits_of(flags)
    if not asked and against is None:
        raise click.UsageError("Give a gate: --max-wrong-reasons 5%, or another one.")
    base = RunFolder.open(against) if against is not None else None
    bounds = Limits(**asked, no_worse_than=no_worse_than or 0.0, anyway=anyway)
    folder = RunFolder.open(run_folder)
    found = commands.check(folder, bounds, base, junit)
    for warning in found.warnings:
        echo(f"Note (A is the base run, B is this one): {warning}", err=True)
    tell_gate(folder)
    why = commands.renew_report(folder)
    if why:
        echo(why, err=True)
    else:
        echo(f"Report renewed: {folder.report_dir / 'index.html'} and {folder.report_html}")
    if github:
        tell_github(found, "" if why else folder.summary_md.read_text(encoding="utf-8"))
    if not found.holds:
        raise click.exceptions.Exit(3)
