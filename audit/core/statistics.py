"""Intervals: pure functions on counts and arrays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

# SciPy and scikit-learn take a second to import: functions import them, so that no command pays
# for what it does not use.

# Above so many values a bootstrap of a mean gives way to what it tends to, the normal interval: it
# differs from that by its own noise alone, and takes half a minute for a million.
LARGE = 100_000
_CHUNK = 2_000_000  # resampled values held at once, so that memory does not grow with the draws


@lru_cache(maxsize=65_536)  # SciPy tests before it bounds; classes of like size ask the same
def wilson(successes: float, n: float, level: float = 0.95) -> tuple[float, float]:
    """Return the Wilson score interval of a rate (Wilson 1927).

    Parameters
    ----------
    successes : int or float
        At most ``n``.
    n : int or float
        Trials, or their effective number; with none the interval is ``(nan, nan)``.
    level : float
        Confidence level, between 0 and 1.

    Returns
    -------
    (low, high)
        Within 0..1, around ``successes / n``.
    """
    if not 0 <= successes <= n:
        raise ValueError(f"{successes} successes of {n} trials")
    if n == 0:
        return float("nan"), float("nan")
    if isinstance(n, float):
        from statsmodels.stats.proportion import proportion_confint

        low, high = proportion_confint(successes, n, 1 - level, method="wilson")
        # Rounding must not step over the ends of the scale, nor stop short of them.
        return float(low) if successes else 0.0, float(high) if successes < n else 1.0
    from scipy.stats import binomtest

    bounds = binomtest(int(successes), n).proportion_ci(level, method="wilson")
    return float(bounds.low), float(bounds.high)


def clopper_pearson(
    successes: ArrayLike, n: ArrayLike, level: float = 0.95
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return exact intervals of rates (Clopper and Pearson 1934).

    Each holds its rate at ``level`` or more, whatever the rate, and misses it alike on either side:
    needed where many are to hold together, for which Wilson's, right in the mean, are too short.

    Parameters
    ----------
    successes, n : int ``(k,)``
        At most ``n`` each, ``n`` at least 1.
    level : float
        Confidence level of each, between 0 and 1.

    Returns
    -------
    low, high : float64 ``(k,)``
        Within 0..1, around ``successes / n``.
    """
    from scipy.stats import beta

    hits, sizes = np.asarray(successes, np.float64), np.asarray(n, np.float64)
    tail = (1 - level) / 2
    with np.errstate(invalid="ignore"):  # of 0, and of all, one bound is no quantile
        low = np.where(hits == 0, 0.0, beta.ppf(tail, hits, sizes - hits + 1))
        high = np.where(hits == sizes, 1.0, beta.ppf(1 - tail, hits + 1, sizes - hits))
    return low, high


def mean_recall(right: ArrayLike, labels: ArrayLike) -> float:
    """Return the mean over classes of the share that is right, so that common ones count no more.

    Parameters
    ----------
    right : bool ``(n,)``
        Or the difference of two such, -1..1.
    labels : int ``(n,)``
        Classes, from 0.

    Returns
    -------
    float
        0..1, or a difference of two; NaN without images.
    """
    classes = np.asarray(labels)
    if not classes.size:
        return float("nan")
    times = np.bincount(classes)
    hits = np.bincount(classes, weights=np.asarray(right, float))
    return float((hits[times > 0] / times[times > 0]).mean())


def bootstrap_mean(
    values: ArrayLike, seed: int, draws: int = 2000, level: float = 0.95
) -> tuple[float, float]:
    """Return the percentile bootstrap interval of a mean (Efron 1979), above `LARGE` its limit.

    Parameters
    ----------
    values : array of float, 1-D
        All defined: the caller takes NaN out and counts them. With fewer than two the interval
        is ``(nan, nan)``.
    seed : int
        The same seed gives the same interval on every machine.
    draws : int
        Resamples, each of as many values as given.
    level : float
        Confidence level, between 0 and 1.

    Returns
    -------
    (low, high)
        Within the range of ``values``.

    Raises
    ------
    ValueError
        Where a value is NaN: nothing is left out silently.
    """
    from scipy.stats import bootstrap

    given = np.asarray(values, dtype=np.float64)
    if np.isnan(given).any():
        raise ValueError("values hold NaN: take them out, and count them")
    if given.size < 2:  # one value says nothing of how much others would differ
        return float("nan"), float("nan")
    if given.size > LARGE:
        low, high = normal(float(given.mean()), float(given.std()) / given.size**0.5, level)
    else:
        low, high = bootstrap(
            [given],
            np.mean,
            n_resamples=draws,
            batch=max(1, _CHUNK // given.size),
            confidence_level=level,
            method="percentile",
            rng=np.random.default_rng(seed),
        ).confidence_interval
    # Rounding in a mean must not step outside the values.
    low, high = np.clip([low, high], given.min(), given.max())
    return float(low), float(high)


def normal(value: float, error: float, level: float = 0.95) -> tuple[float, float]:
    """Return the normal interval of a figure with a standard error."""
    reach = NormalDist().inv_cdf((1 + level) / 2) * error
    return value - reach, value + reach


def bootstrap_median(
    values: ArrayLike, seed: int, draws: int = 2000, level: float = 0.95
) -> tuple[float, float]:
    """Percentile bootstrap interval of a median; ``(nan, nan)`` with fewer than two values."""
    given = np.asarray(values, dtype=np.float64)
    if given.size < 2:
        return float("nan"), float("nan")
    drawn = [np.median(given[rows], axis=1) for rows in resamples(given.size, seed, draws)]
    return central(np.concatenate(drawn), level)


def rank_correlation(first: ArrayLike, second: ArrayLike) -> float:
    """Return Spearman's rank correlation (1904); ties share their mean rank.

    Parameters
    ----------
    first, second : float ``(n,)``, or two arrays of another shape alike
        All defined.

    Returns
    -------
    float
        -1..1, 0 is no relation; NaN where either is constant, or there is no pair.
    """
    from scipy.stats import spearmanr

    one, two = np.ravel(first), np.ravel(second)
    if one.size < 2 or one.min() == one.max() or two.min() == two.max():
        return float("nan")
    return float(spearmanr(one, two).statistic)


def bootstrap_rank_correlation(
    first: ArrayLike,
    second: ArrayLike,
    seed: int,
    draws: int = 1000,
    level: float = 0.95,
) -> tuple[float, float]:
    """Percentile bootstrap interval of `rank_correlation`, pairs drawn together.

    Resamples in which either side is constant say nothing and are left out.
    """
    one, two = np.asarray(first, np.float64), np.asarray(second, np.float64)
    if one.size < 3 or np.isnan(rank_correlation(one, two)):
        return float("nan"), float("nan")
    drawn = [
        _rank_correlations(one, two, _times_drawn(rows))
        for rows in resamples(one.size, seed, draws)
    ]
    told = np.concatenate(drawn)
    return central(told[~np.isnan(told)], level)


def _rank_correlations(
    first: NDArray[np.float64], second: NDArray[np.float64], times: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Correlate the ranks of resamples in which pair i is ``times[:, i]`` times, ``(draws, n)``.

    Sorting once and counting takes half the time of ranking every resample.
    """
    middle = (first.size + 1) / 2
    one, two = (_ranks(values, times) - middle for values in (first, second))
    spread = np.sqrt((times * one**2).sum(axis=1) * (times * two**2).sum(axis=1))
    with np.errstate(invalid="ignore"):
        return np.asarray((times * one * two).sum(axis=1) / spread)


def _ranks(values: NDArray[np.float64], times: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the mean rank of each value in resamples, ``(draws, n)``."""
    _, starts, group = np.unique(np.sort(values), return_index=True, return_inverse=True)
    order = np.argsort(values, kind="stable")
    held = np.add.reduceat(times[:, order], starts, axis=1)  # of each value that differs
    ranks = np.empty(times.shape)
    ranks[:, order] = (held.cumsum(axis=1) - (held - 1) / 2)[:, group]
    return ranks


def _times_drawn(rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Count how often each resample, a row of indices, has each index."""
    draws, size = rows.shape
    places = rows + size * np.arange(draws)[:, None]
    return np.bincount(places.ravel(), minlength=draws * size).reshape(draws, size)


def resamples(size: int, seed: int, draws: int) -> Iterator[NDArray[np.int64]]:
    """Yield rows of indices, drawn with replacement, as many at once as memory should hold.

    Parameters
    ----------
    size : int
        Things to draw from, and length of a row.
    draws : int
        Rows in all.
    """
    random, each = np.random.default_rng(seed), max(1, _CHUNK // size)
    for start in range(0, draws, each):
        yield random.integers(0, size, (min(each, draws - start), size))


def central(drawn: ArrayLike, level: float = 0.95) -> tuple[float, float]:
    """Bounds between which the central ``level`` of drawn figures lies, all of them defined."""
    tail = (1 - level) / 2
    low, high = np.quantile(np.asarray(drawn, np.float64), [tail, 1 - tail])
    return float(low), float(high)


def auroc(case: ArrayLike, score: ArrayLike) -> float:
    """Return the area under the ROC curve: how often a case scores above another; ties count half.

    Parameters
    ----------
    case : bool ``(n,)``
    score : float ``(n,)``
        All defined.

    Returns
    -------
    float
        0..1, 0.5 is guessing; NaN where there are no cases, or nothing else.
    """
    from sklearn.metrics import roc_auc_score

    is_case = np.asarray(case, bool)
    if is_case.all() or not is_case.any():
        return float("nan")
    return float(roc_auc_score(is_case, np.asarray(score, np.float64)))


def bootstrap_auroc(
    # Half of the draws of a mean: each of these sorts and searches.
    case: ArrayLike,
    score: ArrayLike,
    seed: int,
    draws: int = 1000,
    level: float = 0.95,
) -> tuple[float, float]:
    """Percentile bootstrap interval of `auroc`, cases and others drawn apart.

    SciPy's bootstrap gives the same, and takes six times as long for a hundred images.
    """
    is_case, values = np.asarray(case, bool), np.asarray(score, np.float64)
    cases, others = values[is_case], values[~is_case]
    if cases.size < 2 or others.size < 2:
        return float("nan"), float("nan")
    order = np.argsort(others)
    ends = np.stack([np.searchsorted(others[order], cases, side) for side in ("left", "right")])
    random, drawn = np.random.default_rng(seed), np.empty(draws)
    for k in range(draws):
        # Both draws of a round share the generator: their order fixes the figures.
        chosen, among = (random.integers(0, n, n) for n in (cases.size, others.size))
        times = np.bincount(among, minlength=others.size)[order]
        drawn[k] = _pairs_won(times, ends[:, chosen])
    return central(drawn / (2 * cases.size * others.size), level)


def _pairs_won(times: NDArray[np.int64], ends: NDArray[np.int64]) -> int:
    """Count pairs in which a case scores above another, twice, and those that tie, once.

    Parameters
    ----------
    times : ``(others,)``
        How often each other one was drawn, the lowest first: nothing is sorted again.
    ends : ``(2, cases)``
        How many of the others are below each case that was drawn, and how many are not above.
    """
    below = np.concatenate([[0], np.cumsum(times)])
    return int(below[ends].sum())


def stands_out(hits: Sequence[int], sizes: Sequence[int], level: float = 0.05) -> list[bool]:
    """Mark groups whose rate is above that of all others together, false discoveries controlled.

    Fisher's exact test for each group against the rest, then Benjamini and Hochberg 1995: among
    the groups marked, at most a share of ``level`` is expected to be marked by chance.

    Parameters
    ----------
    hits, sizes : sequence of int
        Of each group; a group of size 0 is never marked.
    level : float
        False discovery rate.
    """
    from scipy.stats import false_discovery_control, fisher_exact

    total, everyone = sum(hits), sum(sizes)
    tried = [i for i, size in enumerate(sizes) if 0 < size < everyone]
    marked = [False] * len(sizes)
    if not tried:
        return marked
    chances = []
    for i in tried:
        rest = [total - hits[i], everyone - sizes[i] - total + hits[i]]
        table = [[hits[i], sizes[i] - hits[i]], rest]
        chances.append(float(fisher_exact(table, alternative="greater").pvalue))
    for i, chance in zip(tried, false_discovery_control(chances), strict=True):
        marked[i] = bool(chance <= level)
    return marked
