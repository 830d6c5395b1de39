"""Errors under the corruptions that both runs tried."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from audit.checks.robustness.statistics import CorruptionError, mean_corruption_error, outcomes
from audit.report.source import Source


@dataclass(frozen=True)
class Corrupted:
    """What the same corruptions of the same images did to both models.

    Attributes
    ----------
    a, b : Series
        Share of each image's corrupted versions that are misread, 0..1, by name.
    mce : CorruptionError
        Of B with A as the baseline, in percent: 100 is as many errors as A.
    """

    a: pd.Series
    b: pd.Series
    mce: CorruptionError


def corrupted(a: Source, b: Source) -> Corrupted | None:
    """Compare what both runs tried; None where a run tried none, or no image is shared."""
    ours, theirs = a.run.robustness(), b.run.robustness()
    if ours is None or theirs is None:
        return None
    keys = ["name", "corruption", "severity"]
    both = ours[[*keys, "correct"]].merge(theirs[[*keys, "correct"]], on=keys)
    tried = both[both["severity"] > 0]
    if tried.empty:
        return None
    names, kinds = both["name"].tolist(), both["corruption"].tolist()
    first, second = (
        outcomes(names, kinds, both["severity"], both[f"correct_{side}"]) for side in ("x", "y")
    )
    rights = tried.groupby("name")[["correct_x", "correct_y"]].mean()
    mce = mean_corruption_error(second, first, seed=a.seed)
    return Corrupted(1 - rights["correct_x"], 1 - rights["correct_y"], mce)
