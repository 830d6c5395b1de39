"""The last release beside a run: the whole comparison, and what its report says of it."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

from audit.compare.build import contents
from audit.compare.content import Comparison, comparison
from audit.compare.findings import PairFinding
from audit.compare.pairing import refuse_same
from audit.core.errors import AuditError
from audit.core.redact import Shown
from audit.core.track import Track, silent
from audit.report.against import Against, Beside, Change
from audit.report.source import load
from audit.storage.run import RunFolder

_log = logging.getLogger("audit")
_LAST, _THIS = "the last release", "this run"
_DAY = len("2026-03-04")


def beside(run: RunFolder, previous: RunFolder, track: Track = silent) -> Beside:
    """Compare a run with the last release, for its report.

    Raises
    ------
    RunFolderError
        As for `audit.compare.content.comparison`.
    """
    found = comparison([previous, run])
    return Beside(against(found), contents(found, track))


def beside_or_why(run: RunFolder, previous: RunFolder, track: Track = silent) -> Beside:
    """Compare a run with the last release, or have its report say why that cannot be.

    A run that took hours is reported in any case.
    """
    try:
        return beside(run, previous, track)
    except AuditError as error:
        _log.warning("The report sets no last release beside this run: %s", error)
        why = Shown([str(previous.root)]).text(str(error))
        return Beside(replace(_named(previous), why=why), {})


def refuse_early(previous: RunFolder, out: Path) -> None:
    """Look before hours of work whether there is anything to compare with.

    Raises
    ------
    RunFolderError
        The last release is the run to be made, has no predictions yet, or is torn.
    """
    refuse_same([previous.root, out])
    load(previous)


def against(found: Comparison) -> Against:
    """Return what a report says of a comparison of its run with the last release."""
    (versus,) = found.versus
    last = versus.pair.a.source
    return replace(
        _named(last.run),
        tested=len(last.predictions),
        explained=len(last.explained),
        warnings=tuple(versus.pair.warnings),
        figures={each.metric.key: _change(each) for each in versus.findings},
    )


def _named(run: RunFolder) -> Against:
    """Return by what a last release is known again; of times, the day alone."""
    told = run.manifest()
    return Against(
        place=Shown().location(str(run.root)),
        model=str((told.get("model") or {}).get("sha256") or ""),
        finished=str(told.get("finished") or "")[:_DAY],
    )


def _change(found: PairFinding) -> Change:
    return Change(
        title=found.metric.title,
        last=found.a,
        difference=found.difference,
        n=found.n,
        says=found.says,
        words=found.words(_LAST, _THIS),
        change=found.change,
    )
