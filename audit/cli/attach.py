"""``flower-audit attach``: carry a report to where models are tracked."""

from __future__ import annotations

from pathlib import Path

import click

from audit.cli.command import Command
from audit.cli.options import run_argument
from audit.cli.types import AddressType
from audit.core.output import echo


@click.command(cls=Command)
@run_argument
@click.option(
    "--mlflow",
    "uri",
    metavar="URI",
    type=AddressType(),
    required=True,
    help="Tracking server of MLflow: https://HOST. Name and "
    "password, or token, are taken from MLflow's variables in the environment.",
)
@click.option("--run-id", metavar="ID", help="Run of MLflow to attach to [default: a new one].")
def attach(run_folder: Path, uri: str, run_id: str | None) -> None:
    """Attach the report of RUN to a run of MLflow: figures, decision, model card, both reports.

    Figures become metrics, flower_audit/KEY with _low, _high and _n beside; the decision and the
    gate's outcome become tags; model card, summaries, report.html and the whole site are files in
    flower-audit/. A run that is named keeps its state and whatever else it holds. Nothing is
    attached where the report says something else than RUN does now.

    \b
    Examples:
      flower-audit attach runs/new --mlflow https://mlflow.example.com
      flower-audit attach runs/new --mlflow https://mlflow.example.com --run-id 3f2a9c
    """
    if run_id == "":  # as where a variable of a pipeline is not set
        raise click.UsageError("--run-id is empty: give an ID, or leave it out for a new run.")
    from audit.attach.attachment import attachment
    from audit.attach.tracking import attach as attach_to
    from audit.storage.run import RunFolder

    what = attachment(RunFolder.open(run_folder))
    found = attach_to(what, uri, run_id)
    echo(f"Attached to run {found.run_id}: {len(what.metrics)} metrics, {len(what.files)} files.")
    echo(f"See: {found.url}")
