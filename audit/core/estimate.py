"""A figure of a run: what it is, and its value with its interval and its n."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from audit.core import clusters as drawn
from audit.core.paired import Difference, difference_of_means, newcombe
from audit.core.statistics import (
    bootstrap_mean,
    bootstrap_median,
    bootstrap_rank_correlation,
    rank_correlation,
    wilson,
)

OURS = "this audit"
_ALL = slice(None)
CLUSTER = "cluster"  # column of a table of images: images of the same value are not independent


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


def share(hits: pd.Series, table: pd.DataFrame) -> Estimate:
    """Return the share of images that count, with its interval; undefined (NaN) without images.

    Wilson's interval; where images of `CLUSTER` are together, a bootstrap over clusters, which
    reaches as far as Wilson's at least. It says nothing where all images are alike, or of one
    cluster: then Wilson's, of as many images as there are clusters.

    Parameters
    ----------
    hits : Series of bool
        One value a row of ``table``.
    """
    plain = rate(int(hits.sum()), len(hits))
    clusters = clusters_in(table)
    if clusters is None:
        return plain
    size = len(np.unique(clusters))
    if size < 2 or plain.value in (0.0, 1.0):
        low, high = wilson(plain.value * size, float(size))
    else:
        low, high = drawn.bootstrap_clusters(hits.to_numpy(np.float64), clusters, seed=0)
        low, high = np.fmin(low, plain.low), np.fmax(high, plain.high)
    return replace(plain, low=float(low), high=float(high), method=drawn.METHOD)


def share_at(hits: pd.Series, table: pd.DataFrame, level: float) -> Estimate:
    """Return the share of images that count, with Wilson's interval at a level of one's own.

    Where images of `CLUSTER` are together, it is that of as many independent images as would tell
    as much: far in the tails, where many intervals are to hold together, a bootstrap says little.

    Parameters
    ----------
    hits : Series of bool
        One value a row of ``table``.
    level : float
        Confidence level, between 0 and 1.
    """
    right, n = int(hits.sum()), len(hits)
    size = effective_size(hits, table)
    low, high = wilson(right, n, level) if size == n else wilson(right / n * size, size, level)
    return Estimate(right / n if n else math.nan, low, high, n)


def share_change(
    a: pd.Series, b: pd.Series, table: pd.DataFrame, level: float = 0.95
) -> Difference:
    """Return the difference of two shares of the same images, B minus A, with its interval.

    Newcombe's; where images of `CLUSTER` are together, a bootstrap over clusters, which reaches as
    far as that at least.

    Parameters
    ----------
    a, b : Series of bool
        One value a row of ``table``.
    level : float
        Confidence level, between 0 and 1.
    """
    plain, clusters = newcombe(a, b, level), clusters_in(table)
    if clusters is None:
        return plain
    if len(np.unique(clusters)) < 2:
        return Difference(plain.value, math.nan, math.nan, "all images are of one cluster")
    found = difference_of_means(a, b, seed=0, level=level, clusters=clusters)
    low, high = float(np.fmin(found.low, plain.low)), float(np.fmax(found.high, plain.high))
    return Difference(plain.value, low, high)


def effective_size(hits: pd.Series, table: pd.DataFrame) -> float:
    """Return how many independent images would tell as much of a share: at most all of them.

    Parameters
    ----------
    hits : Series of bool
        One value a row of ``table``.
    """
    clusters = clusters_in(table)
    return float(len(hits)) if clusters is None else drawn.effective_size(hits, clusters)


def mean(values: pd.Series, seed: int, table: pd.DataFrame | None = None) -> Estimate:
    """Return the mean of what is defined, with its bootstrap interval; what is NaN is counted.

    Parameters
    ----------
    table : DataFrame, optional
        Images, one a value: where those of `CLUSTER` are together, whole clusters are drawn.
    """
    given = values.to_numpy(dtype=np.float64)
    known = ~np.isnan(given)
    defined = given[known]
    clusters = None if table is None else clusters_in(table, known)
    if clusters is None:
        low, high = bootstrap_mean(defined, seed)
    else:
        low, high = drawn.bootstrap_clusters(defined, clusters, seed)
    return Estimate(
        value=float(defined.mean()) if defined.size else math.nan,
        low=low,
        high=high,
        n=defined.size,
        undefined=given.size - defined.size,
        method="bootstrap" if clusters is None else drawn.METHOD,
    )


def clusters_in(
    table: pd.DataFrame, chosen: NDArray[np.bool_] | slice = _ALL
) -> NDArray[Any] | None:
    """Return the cluster of each image that is chosen; None where all are independent."""
    if CLUSTER not in table:
        return None
    found = table[CLUSTER].to_numpy()[chosen]
    return None if drawn.are_alone(found) else found


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
