"""The verdict's worth: where the truth is known in this run or on its data, else shipped."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from audit.checks.on_data.reading import read
from audit.checks.on_data.results import rule
from audit.checks.selftest.planted import Planted
from audit.core.estimate import Estimate
from audit.report.source import Source
from audit.settings.verdict import Thresholds

SHIPPED = Path(__file__).with_name("selftest.json")


@dataclass(frozen=True)
class Record:
    """Record of ``wrong-reasons`` where the truth is known: how often it is right.

    Attributes
    ----------
    here : bool
        Measured in this run; else in the self-test of this release.
    found, false_alarms : Estimate
        Share of the cases that are accused, and of the clean that are.
    thresholds_differ : bool
        Whether this run judges by other thresholds than the self-test did.
    """

    here: bool
    found: Estimate
    false_alarms: Estimate
    thresholds_differ: bool


@dataclass(frozen=True)
class Truth:
    """Knowledge of the verdict's worth; nothing planted is None.

    Attributes
    ----------
    standing : str
        Where the thresholds come from, as `standing` says.
    """

    planted: Planted | None
    record: Record
    standing: str


def standing(source: Source) -> str:
    """Say where the thresholds come from: ``fixed``, ``here``, ``default``, or ``own``.

    ``here`` is by the self-test on this data, as long as scores are still made as it made them;
    ``default`` as this version has it, ``own`` as somebody asked for.
    """
    thresholds, found = source.thresholds, read(source)
    if thresholds.thresholds == "fixed":
        return "fixed"
    if found and found.rule == rule() and thresholds.accusing_score == found.accusing_score:
        return "here"
    return "default" if thresholds.accusing_score == Thresholds().accusing_score else "own"


def record(source: Source, planted: Planted | None) -> Record:
    """Return the verdict's record: in this run where its truth is known, else in the self-test."""
    if planted and planted.counts.cases and planted.learned:
        flag = planted.verdict
        return Record(True, flag.found, flag.false_alarms, False)
    shipped = json.loads(SHIPPED.read_text(encoding="utf-8"))
    differ = dict(source.thresholds) != shipped["thresholds"]
    found, healthy = (Estimate(**shipped[key]) for key in ("found", "healthy"))
    return Record(False, found, healthy, differ)
