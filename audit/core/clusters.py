"""Intervals where images are not independent: whole clusters are drawn, not images."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from audit.core.statistics import LARGE, central, normal, resamples

METHOD = "cluster bootstrap"


def are_alone(clusters: ArrayLike) -> bool:
    """Tell whether every image is a cluster of its own."""
    given = np.asarray(clusters)
    return np.unique(given).size == given.size


def bootstrap_clusters(
    values: ArrayLike, clusters: ArrayLike, seed: int, draws: int = 2000, level: float = 0.95
) -> tuple[float, float]:
    """Return the percentile interval of a mean by resampling whole clusters (Field and Welsh 2007).

    Of more clusters than `LARGE`, the normal interval that it tends to.

    Parameters
    ----------
    values : float ``(n,)``
        All defined.
    clusters : ``(n,)``
        Which cluster each is in; clusters may be of any size.
    seed : int
        The same seed gives the same interval on every machine.
    draws : int
        Resamples, each of as many clusters as there are.

    Returns
    -------
    (low, high)
        NaN with fewer than two clusters: one says nothing of how much others would differ.
    """
    sums, counts = _tallies(values, clusters)
    if sums.size < 2:
        return float("nan"), float("nan")
    if sums.size > LARGE:
        n, value = counts.sum(), sums.sum() / counts.sum()
        return normal(float(value), float(np.linalg.norm(sums - counts * value) / n), level)
    means = [
        sums[rows].sum(axis=1) / counts[rows].sum(axis=1)
        for rows in resamples(sums.size, seed, draws)
    ]
    return central(np.concatenate(means), level)


def effective_size(values: ArrayLike, clusters: ArrayLike) -> float:
    """Return how many independent images would tell as much of a mean (Kish 1965).

    The images divided by the design effect: the variance of the mean over clusters, as that of a
    ratio, by the variance over images. Where all values are alike nothing tells that effect, and
    every cluster counts once (Korn and Graubard 1998).

    Parameters
    ----------
    values : float ``(n,)``
        All defined.
    clusters : ``(n,)``

    Returns
    -------
    float
        From 1 to ``n``, 0 without images: never more than there are, though negative correlation
        within clusters would allow it.
    """
    given = np.asarray(values, np.float64)
    n = given.size
    sums, counts = _tallies(given, clusters)
    if n == 0 or sums.size == n:
        return float(n)
    plain = float(given.var()) / n
    if plain == 0 or sums.size < 2:
        return float(sums.size)
    off = sums - counts * given.mean()
    spread = sums.size / (sums.size - 1) * float((off**2).sum()) / n**2
    return float(np.clip(n * plain / spread, 1.0, n)) if spread > 0 else float(n)


def _tallies(
    values: ArrayLike, clusters: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return sum and number of the values of each cluster."""
    given = np.asarray(values, np.float64)
    sums, counts = summed(np.stack([given, np.ones(given.size)], axis=1), clusters).T
    return sums, counts


def summed(table: NDArray[np.float64], clusters: ArrayLike) -> NDArray[np.float64]:
    """Add up the rows ``(n, columns)`` of each cluster: ``(clusters, columns)``."""
    _, own = np.unique(np.asarray(clusters), return_inverse=True)
    return np.stack([np.bincount(own, weights=column) for column in table.T], axis=1)
