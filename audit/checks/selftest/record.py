"""The verdict's worth: in this run where the truth is known, else in the self-test."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from audit.checks.selftest.planted import Planted
from audit.core.estimate import Estimate
from audit.report.source import Source

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
    """Knowledge of the verdict's worth; nothing planted is None."""

    planted: Planted | None
    record: Record


def record(source: Source, planted: Planted | None) -> Record:
    """Return the verdict's record: in this run where its truth is known, else in the self-test."""
    if planted and planted.counts.cases and planted.learned:
        flag = planted.verdict
        return Record(True, flag.found, flag.false_alarms, False)
    shipped = json.loads(SHIPPED.read_text(encoding="utf-8"))
    differ = dict(source.thresholds) != shipped["thresholds"]
    found, healthy = (Estimate(**shipped[key]) for key in ("found", "healthy"))
    return Record(False, found, healthy, differ)
