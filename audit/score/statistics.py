"""Intervals: pure functions on counts and arrays."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike

_CHUNK = 2_000_000  # resampled values held at once, so that memory does not grow with the draws


def wilson(successes: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """Wilson score interval of a rate (Wilson 1927).

    Parameters
    ----------
    successes : int
        At most ``n``.
    n : int
        Trials; with none the interval is ``(nan, nan)``.
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
    z = NormalDist().inv_cdf(0.5 + level / 2)
    rate, z2 = successes / n, z * z
    centre = (rate + z2 / (2 * n)) / (1 + z2 / n)
    half = z / (1 + z2 / n) * (rate * (1 - rate) / n + z2 / (4 * n * n)) ** 0.5
    low = 0.0 if successes == 0 else max(0.0, centre - half)
    high = 1.0 if successes == n else min(1.0, centre + half)
    return low, high


def bootstrap_mean(
    values: ArrayLike, seed: int, draws: int = 2000, level: float = 0.95
) -> tuple[float, float]:
    """Percentile bootstrap interval of a mean (Efron 1979).

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
    given = np.asarray(values, dtype=np.float64)
    if np.isnan(given).any():
        raise ValueError("values hold NaN: take them out, and count them")
    if given.size < 2:  # one value says nothing of how much others would differ
        return float("nan"), float("nan")
    random = np.random.default_rng(seed)
    rows = max(1, _CHUNK // given.size)
    means = [
        given[random.integers(given.size, size=(min(rows, draws - start), given.size))].mean(axis=1)
        for start in range(0, draws, rows)
    ]
    tail = (1 - level) / 2
    bounds = np.quantile(np.concatenate(means), [tail, 1 - tail])
    # Rounding in a mean must not step outside the values.
    low, high = np.clip(bounds, given.min(), given.max())
    return float(low), float(high)
