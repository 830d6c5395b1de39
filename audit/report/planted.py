"""How well the flags find planted shortcuts, where the truth of every image is known."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from audit.report.figures import Estimate, rate
from audit.report.source import Source


@dataclass(frozen=True)
class Signal:
    """A flag's record on planted cases.

    Attributes
    ----------
    found, false_alarms : Estimate
        Share of planted, and of the other correct images, that the flag accuses.
    auroc : float
        Of the signal behind the flag; NaN where it has no scale or one side is empty.
    undefined : int
        Images on which the signal is undefined: in none of the three.
    """

    title: str
    rule: str
    found: Estimate
    false_alarms: Estimate
    auroc: float
    undefined: int


@dataclass(frozen=True)
class Planted:
    """Truth and signals of a planted run."""

    cases: int
    others: int
    signals: list[Signal]


def planted(source: Source) -> Planted | None:
    """The benchmark, or None where nothing was planted."""
    if not (source.records["shortcut"] != "").any():
        return None
    correct = source.correct
    truth = rests_on_shortcut(correct)
    rule = f"skill below {source.threshold:g}"
    signals = [
        _by_skill(f"{title} skill", rule, truth, correct[f"{key}_skill"], source.threshold)
        for key, title in source.titles.items()
    ]
    accused = correct["verdict"].isin(["suspect", "wrong-reasons"])
    decided = correct["verdict"] != "undecided"
    signals.append(_signal("Verdict", "suspect", truth, accused, decided, math.nan))
    return Planted(int(truth.sum()), int((~truth).sum()), signals)


def rests_on_shortcut(correct: pd.DataFrame) -> pd.Series:
    """The truth of right predictions: wrong once the shortcut is taken out of the scene."""
    changed = correct["prediction_without_shortcut"] != correct["label"]
    return (correct["shortcut"] != "") & changed


def _by_skill(
    title: str, rule: str, truth: pd.Series, skill: pd.Series, threshold: float
) -> Signal:
    defined = skill.notna()
    area = auroc(truth[defined].to_numpy(dtype=bool), -skill[defined].to_numpy(dtype=float))
    return _signal(title, rule, truth, skill < threshold, defined, area)


def _signal(
    title: str, rule: str, truth: pd.Series, flag: pd.Series, defined: pd.Series, area: float
) -> Signal:
    sides = [flag[defined & side] for side in (truth, ~truth)]
    found, false_alarms = (rate(int(side.sum()), len(side)) for side in sides)
    return Signal(title, rule, found, false_alarms, area, int((~defined).sum()))


def auroc(truth: np.ndarray, score: np.ndarray) -> float:
    """Area under the ROC curve; NaN where one of the two classes is empty."""
    if truth.all() or not truth.any():
        return math.nan
    # scikit-learn takes a second to import: only planted runs pay for it.
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(truth, score))
