"""A figure of a run: what it is, and its value with its interval and its n."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from audit.core.statistics import (
    bootstrap_mean,
    bootstrap_median,
    bootstrap_rank_correlation,
    rank_correlation,
    wilson,
)

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


NOTHING = Estimate(math.nan, math.nan, math.nan, 0)


@dataclass(frozen=True)
class Metric:
    """Definition of a figure: a row of the headline table and of the methods page."""

    key: str
    title: str
    description: str
    formula: str
    direction: str
    paper: str
    style: str = "percent"  # or "signed", "points", "decimal"


@dataclass(frozen=True)
class Figure:
    """A metric and its estimate in this run."""

    metric: Metric
    estimate: Estimate


def rate(successes: int, n: int) -> Estimate:
    """Return a share with its Wilson interval; undefined (NaN) where ``n`` is 0."""
    low, high = wilson(successes, n)
    return Estimate(successes / n if n else math.nan, low, high, n)


def mean(values: pd.Series, seed: int) -> Estimate:
    """Return the mean of what is defined, with its bootstrap interval; what is NaN is counted."""
    given = values.to_numpy(dtype=np.float64)
    defined = given[~np.isnan(given)]
    low, high = bootstrap_mean(defined, seed)
    value = float(defined.mean()) if defined.size else math.nan
    return Estimate(
        value=value,
        low=low,
        high=high,
        n=defined.size,
        undefined=given.size - defined.size,
        method="bootstrap",
    )


def median(values: pd.Series, seed: int) -> Estimate:
    """Return the median of what is defined, with its bootstrap interval; what is NaN is counted."""
    given = values.dropna().to_numpy(dtype=np.float64)
    middle = float(np.median(given)) if given.size else math.nan
    undefined = len(values) - given.size
    return Estimate(middle, *bootstrap_median(given, seed), given.size, undefined, "bootstrap")


def correlation(first: pd.Series, second: pd.Series, seed: int) -> Estimate:
    """Return Spearman's rank correlation, with its bootstrap interval; pairs with NaN are counted.

    Parameters
    ----------
    first, second : Series of float
        Pairs, in the same order.
    """
    given = np.stack([first.to_numpy(np.float64), second.to_numpy(np.float64)])
    one, two = given[:, ~np.isnan(given).any(axis=0)]
    low, high = bootstrap_rank_correlation(one, two, seed)
    undefined = given.shape[1] - one.size
    return Estimate(rank_correlation(one, two), low, high, one.size, undefined, "bootstrap")


def as_json(estimate: Estimate) -> dict[str, Any]:
    """Return an estimate for a program: what is undefined is None."""
    return defined(asdict(estimate))


def defined(values: dict[str, Any]) -> dict[str, Any]:
    """Return the same values with None for NaN."""
    return {
        key: None if isinstance(value, float) and math.isnan(value) else value
        for key, value in values.items()
    }
