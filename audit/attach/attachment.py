"""What is attached: figures as metrics, the decision as tags, and the files of the report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from audit import __version__
from audit.core.errors import RunFolderError
from audit.report.gatefile import gate
from audit.report.made import Made
from audit.report.source import Source, load
from audit.storage import readers
from audit.storage.owned import foreign, listed
from audit.storage.paths import files_below
from audit.storage.run import RunFolder

PREFIX = "flower_audit"
_BOUNDS = ("low", "high", "n")
_MOST = 1 << 30  # bytes of a file of a report
_CARD = "data/model_card.md"


@dataclass(frozen=True)
class Attachment:
    """A rendered run, as it can be attached.

    Attributes
    ----------
    metrics : dict
        Every defined figure by ``flower_audit/KEY``; ``_low``, ``_high`` (95%) and ``_n`` beside.
    tags : dict
        Decision, outcome of the gate, hash of the model, version.
    files : dict
        Where each file lies in the run, by its name as attached.
    """

    run: RunFolder
    metrics: dict[str, float]
    tags: dict[str, str]
    files: dict[str, Path]

    def write(self, folder: Path) -> None:
        """Copy the files into ``folder``: plain ones alone, for no link of a run is followed."""
        for name, file in self.files.items():
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(readers.content(file, self.run.root, _MOST))


def attachment(run: RunFolder) -> Attachment:
    """Gather what a run has to show.

    Raises
    ------
    RunFolderError
        It has no report, the report says something else than the run does now, or there are files
        of others in it.
    """
    told = run.summary()
    if not told or not run.report_html.is_file():
        raise RunFolderError(f"{run.root} has no report yet: flower-audit report {run.root}.")
    _refuse_outdated(load(run), told)
    try:
        return Attachment(run, _metrics(told["figures"]), _tags(told), _files(run))
    except (KeyError, TypeError, ValueError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise RunFolderError(
            f"{run.summary_json} is torn ({reason}): flower-audit report {run.root}."
        ) from None


def _refuse_outdated(source: Source, told: Mapping[str, Any]) -> None:
    """Raise where the report is of other records than there are, or lacks the gate's outcome."""
    run, made, checked = source.run, Made.of(source.run), gate(source)
    outcome = None if checked is None else "passed" if checked.passed else "failed"
    said = (told.get("decision") or {}).get("gate")
    same = made is not None and made.run == Made.now(source).run
    if not same or said != ("outdated" if checked and checked.outdated else outcome):
        raise RunFolderError(
            f"{run.report_html} says something else than the run does now: flower-audit report "
            f"{run.root}."
        )


def _metrics(figures: Mapping[str, Any]) -> dict[str, float]:
    """Return what is defined; a figure that is not has no metric, since 0 would be a lie."""
    found: dict[str, float] = {}
    for key, figure in figures.items():
        if figure["value"] is None:
            continue
        found[f"{PREFIX}/{key}"] = float(figure["value"])
        bounds = {f"{PREFIX}/{key}_{name}": figure[name] for name in _BOUNDS}
        found |= {name: float(value) for name, value in bounds.items() if value is not None}
    return found


def _tags(told: Mapping[str, Any]) -> dict[str, str]:
    tags = {
        "decision": told["decision"]["state"],
        "gate": told["decision"]["gate"] or "not run",
        "model_sha256": told["model"] or "unknown",
        "version": __version__,
    }
    return {f"{PREFIX}.{key}": str(value) for key, value in tags.items()}


def _files(run: RunFolder) -> dict[str, Path]:
    if file := foreign(run.report_dir):
        raise RunFolderError(f"{file} was not written by flower-audit: move it elsewhere first.")
    single = (run.report_html, run.summary_json, run.summary_md, run.gate_file)
    return {
        **{file.name: file for file in single if file.is_file()},
        "model_card.md": run.report_dir / _CARD,
        **dict(_site(run)),
    }


def _site(run: RunFolder) -> Iterator[tuple[str, Path]]:
    # Both, for a list of a stranger may name files elsewhere.
    for name in sorted(listed(run.report_dir) & set(files_below(run.report_dir))):
        yield f"{run.report_dir.name}/{name}", run.report_dir / name
