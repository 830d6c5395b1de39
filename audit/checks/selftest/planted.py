"""Record of verdict and signals on planted shortcuts, in a run of known truth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from audit.core.estimate import as_json
from audit.report import charts
from audit.report.source import Source
from audit.verdict.signals import Signal, signals


@dataclass(frozen=True)
class Planted:
    """Truth and signals of a planted run."""

    cases: int
    others: int
    signals: list[Signal]
    roc: charts.Chart | None

    @property
    def verdict(self) -> Signal:
        """Signal of the verdict ``wrong-reasons``."""
        return next(s for s in self.signals if s.rule == "wrong reasons")


def planted(source: Source) -> Planted | None:
    """Return the benchmark, or None where nothing was planted."""
    if not (source.records["shortcut"] != "").any():
        return None
    right = source.correct
    truth = rests_on_shortcut(right)
    found = signals(right, truth, source.thresholds, source.titles)
    return Planted(int(truth.sum()), int((~truth).sum()), found, charts.roc(found))


def rests_on_shortcut(correct: pd.DataFrame) -> pd.Series:
    """Return the truth of right predictions: wrong once the shortcut that was taught is taken out.

    A shortcut that training never rewarded proves nothing, whatever its absence changes.
    """
    changed = correct["prediction_without_shortcut"] != correct["label"]
    return (correct["shortcut"] != "") & (correct["shortcut_class"] >= 0) & changed


def summary_part(found: Planted) -> dict[str, Any]:
    """Give its part of summary.json."""
    signals = [signal_json(s) for s in found.signals]
    return {"cases": found.cases, "others": found.others, "signals": signals}


def signal_json(signal: Signal) -> dict[str, Any]:
    """Return a signal's record but its curve; undefined is None."""
    estimates = ("found", "precision", "false_alarms", "auroc")
    return {
        "title": signal.title,
        "rule": signal.rule,
        **{name: as_json(getattr(signal, name)) for name in estimates},
        "undefined": signal.undefined,
    }
