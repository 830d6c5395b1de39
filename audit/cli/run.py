"""``flower-audit run``: train or load a model, explain its predictions, write the report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from audit.cli.command import Command
from audit.cli.common import (
    command_line,
    load_tensorflow,
    tell_comparison,
    tell_gate,
    tell_run,
    track,
)
from audit.cli.options import (
    against_option,
    config_sources,
    gates,
    limits_of,
    out_option,
    resume_option,
    settings,
)
from audit.settings import load_config
from audit.settings.config import SECTIONS


@click.command(cls=Command)
@out_option
@resume_option
@config_sources
@click.option(
    "--pipelines",
    help="Train and audit once for each of these pipelines, A,B,...; compare all with the first.",
)
@against_option
@gates
@settings(*SECTIONS)
def run(
    out: Path,
    resume: bool,
    preset: str,
    config_file: Path,
    pipelines: str | None,
    against: Path | None,
    **flags: Any,
) -> None:
    """Train or load a model, explain its predictions, write the report.

    With limits (--max-wrong-reasons 5%) the run is held to them as by flower-audit check: the
    report says what came of it, and the exit code is 3 where one is broken. Limits and --against
    are given anew with --resume.

    \b
    Examples:
      flower-audit run --preset planted --out runs/planted
      flower-audit run --out runs/oxford --masks masks/ --explain 500
      flower-audit run --images photos/ --model mine.keras --max-wrong-reasons 5% --out runs/mine
      flower-audit run --images photos/ --model new.keras --against runs/released --out runs/new
      flower-audit run --preset planted --pipelines baseline,augmented --out runs/pair
    """
    from audit.gate.gates import Limits
    from audit.stages import commands
    from audit.storage.run import RunFolder

    asked = limits_of(flags)
    config = load_config(flags, preset, config_file)
    if pipelines is not None:
        _refuse_beside_pipelines(flags, asked, against)
    previous = RunFolder.open(against) if against is not None else None
    load_tensorflow()
    if pipelines is not None:
        names = [name.strip() for name in pipelines.split(",")]
        page = commands.run_each(
            config, names, out, resume=resume, command=command_line(), track=track()
        )
        if page:
            tell_comparison(page)
        return
    limits = Limits(**asked) if asked else None
    folder = commands.run(
        config,
        out,
        resume=resume,
        command=command_line(),
        track=track(),
        limits=limits,
        against=previous,
    )
    if not folder:
        return
    tell_run(folder)
    if asked and not tell_gate(folder):
        raise click.exceptions.Exit(3)


def _refuse_beside_pipelines(
    flags: dict[str, Any], limits: dict[str, Any], against: Path | None
) -> None:
    if flags["pipeline"] is not None:
        raise click.UsageError("--pipeline and --pipelines do not go together.")
    if limits:
        raise click.UsageError("--pipelines takes no limits: hold each run to them by check.")
    if against is not None:
        raise click.UsageError("--pipelines takes no --against: give it to report, run by run.")
