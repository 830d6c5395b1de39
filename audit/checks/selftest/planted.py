"""Record of verdict and signals on planted shortcuts, in a run of known truth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from audit.core.estimate import Estimate, as_json
from audit.report import charts
from audit.report.source import Source
from audit.verdict.signals import Signal, signals
from audit.verdict.truth import Truth, truths, was_learned, worth


@dataclass(frozen=True)
class Counts:
    """Right predictions by what they rest on, as `audit.verdict.truth.Truth` says."""

    cases: int
    partly: int
    between: int
    clean: int

    @property
    def others(self) -> int:
        """All but the cases."""
        return self.partly + self.between + self.clean


@dataclass(frozen=True)
class Planted:
    """Truth and signals of a planted run.

    Attributes
    ----------
    worth : Estimate
        Log-odds that an answer owes to its own class's shortcut in the median.
    """

    counts: Counts
    worth: Estimate
    signals: list[Signal]
    roc: charts.Chart | None

    @property
    def learned(self) -> bool:
        """Whether the model learned what was planted, as far as is known."""
        return was_learned(self.worth)

    @property
    def verdict(self) -> Signal:
        """Signal of the verdict ``wrong-reasons``."""
        return next(s for s in self.signals if s.rule == "wrong reasons")


def planted(source: Source) -> Planted | None:
    """Return the benchmark, or None where nothing was planted."""
    if not (source.records["shortcut"] != "").any():
        return None
    right = source.correct
    truth = truths(right)
    found = signals(right, truth, source.thresholds, source.titles)
    return Planted(count(truth), worth(right), found, charts.roc(found))


def count(truth: pd.DataFrame) -> Counts:
    """Count what right predictions rest on, as `truths` says."""
    kinds = (Truth.CASE, Truth.PARTLY, Truth.BETWEEN, Truth.CLEAN)
    return Counts(*(int((truth["truth"] == kind).sum()) for kind in kinds))


def summary_part(found: Planted) -> dict[str, Any]:
    """Give its part of summary.json."""
    counts = found.counts
    return {
        "cases": counts.cases,
        "others": counts.others,
        "partly": counts.partly,
        "clean": counts.clean,
        "worth": as_json(found.worth),
        "learned": found.learned,
        "signals": [signal_json(s) for s in found.signals],
    }


def signal_json(signal: Signal) -> dict[str, Any]:
    """Return a signal's record but its curve; undefined is None."""
    estimates = ("found", "precision", "false_alarms", "partly", "auroc", "correlation")
    return {
        "title": signal.title,
        "rule": signal.rule,
        **{name: as_json(getattr(signal, name)) for name in estimates},
        "undefined": signal.undefined,
    }
