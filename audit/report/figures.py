"""From records to headline numbers, each with its interval and its n."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from audit.report.source import Source
from audit.score.statistics import bootstrap_mean, wilson

ARRAS = "Arras et al. 2022, arXiv 2003.07258"
ZHANG = "Zhang et al. 2018, IJCV 126"
OURS = "this audit"


@dataclass(frozen=True)
class Estimate:
    """A rate or mean with its 95% interval.

    Attributes
    ----------
    n : int
        Values that it rests on.
    undefined : int
        Values that were NaN: left out, and counted here.
    """

    value: float
    low: float
    high: float
    n: int
    undefined: int = 0
    method: str = "wilson"


@dataclass(frozen=True)
class Metric:
    """What a figure is: a row of the headline table and of the methods page."""

    key: str
    title: str
    description: str
    formula: str
    direction: str
    paper: str
    style: str  # "percent" or "signed"


@dataclass(frozen=True)
class Figure:
    """A metric and its estimate in this run."""

    metric: Metric
    estimate: Estimate


_LOCALISATION = (
    ("mass", "mass on the subject", "percent"),
    ("skill", "skill", "signed"),
    ("rank_accuracy", "rank accuracy", "percent"),
    ("pointing", "pointing hits", "percent"),
)
_DEFINITIONS = {
    "mass": (
        "How much of the positive relevance lies on the subject.",
        "sum of max(R, 0) on M / sum of max(R, 0) on all valid pixels",
        "higher is better; compare it with chance",
        ARRAS,
    ),
    "skill": (
        "Mass corrected for the subject's size: 0 at chance, 1 when all mass is on the subject.",
        "(mass - chance) / (1 - chance)",
        "higher is better; below 0 is worse than a uniform heatmap",
        OURS,
    ),
    "rank_accuracy": (
        "Share of the |M| hottest pixels that lie on the subject; ties share their credit.",
        "|hottest |M| pixels that are in M| / |M|",
        "higher is better; compare it with chance",
        ARRAS,
    ),
    "pointing": (
        "How often the hottest pixel lies on the subject; ties count by fraction.",
        "1 where argmax R is in M, else 0",
        "higher is better; compare it with chance",
        ZHANG,
    ),
}

ACCURACY = Metric(
    "accuracy",
    "Accuracy",
    "Test images whose predicted class is the true one; all test images, explained or not.",
    "correct predictions / predictions",
    "higher is better",
    "",
    "percent",
)
SUSPECTS = Metric(
    "suspect_share",
    "Suspect among correct",
    "Correct predictions for which no explainer is on the subject.",
    "correct images with verdict suspect / correct images with a verdict but undecided",
    "lower is better",
    OURS,
    "percent",
)
WRONG_REASONS = Metric(
    "wrong_reasons_share",
    "Wrong reasons among correct",
    "Correct predictions shown by intervention to be caused by the background; undefined where "
    "none was tested.",
    "correct images with verdict wrong-reasons / correct images explained",
    "lower is better",
    OURS,
    "percent",
)
CHANCE = Metric(
    "chance",
    "Chance",
    "The subject's area: the mass that a uniform heatmap would have.",
    "|M| / |valid|",
    "neither: the yardstick of mass, rank accuracy and pointing",
    "",
    "percent",
)


def metrics(titles: Mapping[str, str]) -> list[Metric]:
    """Every headline figure's definition, in the order of the headline table."""
    explained = [
        Metric(f"{key}_{column}", f"{title}: {words}", *_DEFINITIONS[column], style)
        for key, title in titles.items()
        for column, words, style in _LOCALISATION
    ]
    return [ACCURACY, SUSPECTS, WRONG_REASONS, CHANCE, *explained]


def rate(successes: int, n: int) -> Estimate:
    """A share with its Wilson interval; undefined (NaN) where ``n`` is 0."""
    low, high = wilson(successes, n)
    return Estimate(successes / n if n else math.nan, low, high, n)


def mean(values: pd.Series, seed: int) -> Estimate:
    """Mean of what is defined, with its bootstrap interval; what is NaN is counted."""
    given = values.to_numpy(dtype=np.float64)
    defined = given[~np.isnan(given)]
    low, high = bootstrap_mean(defined, seed)
    value = float(defined.mean()) if defined.size else math.nan
    return Estimate(value, low, high, defined.size, given.size - defined.size, "bootstrap")


def headline(source: Source) -> list[Figure]:
    """Every headline figure of a run, in the order of `metrics`."""
    return [Figure(metric, _estimator(metric)(source)) for metric in metrics(source.titles)]


def _estimator(metric: Metric) -> Callable[[Source], Estimate]:
    if metric is ACCURACY:
        return lambda s: rate(_hits(s.predictions), len(s.predictions))
    if metric is SUSPECTS:
        return _suspects
    if metric is WRONG_REASONS:
        return _wrong_reasons
    return lambda s: mean(s.explained[metric.key], s.seed)


def _suspects(source: Source) -> Estimate:
    """Of the right predictions that could be judged; the undecided ones are counted beside."""
    undecided = _count(source.correct, "undecided")
    share = rate(_count(source.correct, "suspect"), len(source.correct) - undecided)
    return replace(share, undefined=undecided)


def _wrong_reasons(source: Source) -> Estimate:
    """Undefined where none was given: nothing was tested by intervention, and that is no 0%."""
    given = _count(source.correct, "wrong-reasons")
    if given:
        return rate(given, len(source.correct))
    return Estimate(math.nan, math.nan, math.nan, 0, len(source.correct))


def _hits(predictions: pd.DataFrame) -> int:
    return int((predictions["label"] == predictions["prediction"]).sum())


def _count(records: pd.DataFrame, verdict: str) -> int:
    return int((records["verdict"] == verdict).sum())
