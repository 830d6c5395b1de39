"""Runs of an MLflow tracking server, by MLflow's own client."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from audit.attach.attachment import Attachment
from audit.core.errors import TrackingError, first_line, quoted
from audit.storage.download import why

PLACE = "flower-audit"  # folder among a run's artifacts, and experiment of new runs
_EXPERIMENT = "MLFLOW_EXPERIMENT_NAME"
# Nothing is sent but to the server that is named, and nothing printed but by this program.
_QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}
# MLflow asks for four minutes before it says that nobody answers.
_FIRST = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0", "MLFLOW_HTTP_REQUEST_TIMEOUT": "10"}
_REFUSALS = ("UNAUTHENTICATED", "PERMISSION_DENIED", "CUSTOMER_UNAUTHORIZED")
_UNKNOWN = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")  # what no ID looks like
_LONGEST = 200


@dataclass(frozen=True)
class Attached:
    """A run of MLflow that an audit is attached to.

    Attributes
    ----------
    url : str
        Its page.
    """

    run_id: str
    url: str


def attach(what: Attachment, uri: str, run_id: str | None = None) -> Attached:
    """Log metrics, tags and files to a run of MLflow, or to a new one where none is named.

    A run that is named keeps its state and its own metrics: names here begin with
    ``flower_audit``. A new one is in the experiment that ``MLFLOW_EXPERIMENT_NAME`` names, else in
    *flower-audit*, and failed where not all could be logged.

    Parameters
    ----------
    uri : str
        Of the tracking server, without credentials: MLflow takes them from the environment.

    Raises
    ------
    TrackingError
        MLflow is not installed, or the server is out of reach, refuses, or knows no such run.
    """
    with _environment(_QUIET), tempfile.TemporaryDirectory() as folder:
        client = _client(uri)
        what.write(Path(folder))  # before a run is made, for a run folder may be a stranger's
        with _told(uri):
            found = _named(client, uri, run_id) if run_id else _new(client, what.run.root.name)
            with nullcontext() if run_id else _ended(client, found.run_id):
                _log(client, found.run_id, what, folder)
    return Attached(
        found.run_id, f"{uri.rstrip('/')}/#/experiments/{found.experiment_id}/runs/{found.run_id}"
    )


@contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    """Set variables for a while, but those that the user has set."""
    new = {key: value for key, value in values.items() if key not in os.environ}
    os.environ.update(new)
    try:
        yield
    finally:
        for key in new:
            os.environ.pop(key, None)


def _client(uri: str) -> Any:
    """Return a client of a server that answers."""
    try:
        from mlflow import MlflowClient
    except ImportError:
        raise TrackingError(
            "MLflow is not installed: pip install 'flower-audit[mlflow]'."
        ) from None
    with _told(uri, " Is it an MLflow server?"), _environment(_FIRST):
        client = MlflowClient(uri, uri)
        client.search_experiments(max_results=1)
    return client


def _named(client: Any, uri: str, run_id: str) -> Any:
    from mlflow import MlflowException

    try:
        found = client.get_run(run_id).info
    except MlflowException as error:
        if error.error_code not in _UNKNOWN:
            raise
        raise TrackingError(
            f"{uri} knows no run {quoted(run_id)}: give another --run-id, or none for a new run."
        ) from None
    if found.lifecycle_stage == "deleted":  # files would still be stored
        raise TrackingError(f"{uri} has deleted the run {run_id}: restore it, or give another.")
    return found


def _new(client: Any, name: str) -> Any:
    experiment = os.environ.get(_EXPERIMENT) or PLACE
    known = client.get_experiment_by_name(experiment)
    number = known.experiment_id if known else client.create_experiment(experiment)
    return client.create_run(number, run_name=name).info


@contextmanager
def _ended(client: Any, run_id: str) -> Iterator[None]:
    """End a run, as failed where not all could be logged."""
    try:
        yield
    except BaseException:
        with suppress(Exception):  # where the server is gone, that is what is told
            client.set_terminated(run_id, "FAILED")
        raise
    client.set_terminated(run_id)


def _log(client: Any, run_id: str, what: Attachment, folder: str) -> None:
    from mlflow.entities import Metric, RunTag

    client.log_artifacts(run_id, folder, PLACE)
    now = time.time_ns() // 1_000_000
    metrics = [Metric(key, value, now, 0) for key, value in what.metrics.items()]
    # Last, so that no run shows a decision and lacks the report.
    client.log_batch(run_id, metrics, tags=[RunTag(*tag) for tag in what.tags.items()])


@contextmanager
def _told(uri: str, ask: str = "") -> Iterator[None]:
    """Say in one line what MLflow, or what it stores files by, raises, and then ``ask``."""
    try:
        yield
    except TrackingError:
        raise
    except Exception as error:  # of MLflow, and of the packages of its stores
        raise TrackingError(_words(error, uri, ask)) from None


def _words(error: Exception, uri: str, ask: str) -> str:
    below = error.__cause__ or error.__context__ or error
    if isinstance(below, requests.RequestException):
        return f"{uri} {why(below)}: start its MLflow server, or give the address of one that runs."
    if getattr(error, "error_code", "") in _REFUSALS:
        return (
            f"{uri} refuses: set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or "
            "MLFLOW_TRACKING_TOKEN, to what it lets write there."
        )
    return f"{uri} did not take it: {first_line(error)[:_LONGEST]}.{ask}"
