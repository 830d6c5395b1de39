"""Two models on the same images: pure functions on paired arrays, B minus A throughout."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from audit.core.clusters import summed
from audit.core.statistics import LARGE, central, mean_recall, normal, wilson

NAN = float("nan")
# Standing of B against A; alike: not shown to differ.
Says = Literal["better", "worse", "alike", "unknown"]


@dataclass(frozen=True)
class Difference:
    """B minus A with its interval.

    Attributes
    ----------
    value : float
        NaN where undefined.
    low, high : float
        NaN where there is no interval.
    reason : str
        Why value or interval are undefined; "" where both are defined.
    """

    value: float
    low: float
    high: float
    reason: str = ""


@dataclass(frozen=True)
class McNemar:
    """Images on which two models differ, and how likely so uneven a split is by chance.

    Attributes
    ----------
    gained, lost : int
        True in B alone, true in A alone.
    exact, mid_p : float
        Two-sided p-values, 0..1; NaN where nothing is paired.
    """

    gained: int
    lost: int
    exact: float
    mid_p: float


def mcnemar(a: ArrayLike, b: ArrayLike) -> McNemar:
    """Run McNemar's test of paired proportions (McNemar 1947), exact and with the mid-p-value.

    The exact test is binomial on the discordant pairs and errs on the side of caution; the
    mid-p-value counts half of the observed split (Fagerland, Lydersen and Laake 2013).

    Parameters
    ----------
    a, b : bool ``(n,)``
        Whether each image counts for A, for B.

    Returns
    -------
    McNemar
        p-values are 1 where no image differs, NaN where ``n`` is 0.
    """
    from scipy.stats import binom
    from statsmodels.stats.contingency_tables import mcnemar as of_table

    first, second = _paired(a, b, bool)
    gained, lost = int((second & ~first).sum()), int((first & ~second).sum())
    if not first.size:
        return McNemar(0, 0, NAN, NAN)
    exact = float(of_table([[0, lost], [gained, 0]], exact=True).pvalue)
    if gained == lost:  # both tails hold the observed split: 1, not less half of it
        return McNemar(gained, lost, exact, 1.0)
    observed = float(binom.pmf(gained, gained + lost, 0.5))
    return McNemar(gained, lost, exact, exact - observed)


def newcombe(a: ArrayLike, b: ArrayLike, level: float = 0.95) -> Difference:
    """Return the difference of paired proportions, hybrid score (Newcombe 1998, method 10).

    Parameters
    ----------
    a, b : bool ``(n,)``
        Whether each image counts for A, for B.
    level : float
        Confidence level, between 0 and 1.

    Returns
    -------
    Difference
        Within -1..1; undefined where ``n`` is 0.
    """
    first, second = _paired(a, b, bool)
    n = first.size
    if not n:
        return Difference(NAN, NAN, NAN, "no image is shared")
    before, after = int(first.sum()), int(second.sum())
    p, q = before / n, after / n
    (p_low, p_high), (q_low, q_high) = wilson(before, n, level), wilson(after, n, level)
    phi = _phi(first, second)
    below = _hypotenuse(q - q_low, p_high - p, phi)
    above = _hypotenuse(q_high - q, p - p_low, phi)
    value = (after - before) / n
    return Difference(value, max(-1.0, value - below), min(1.0, value + above))


def _phi(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> float:
    """Correlate two answers, a positive correlation corrected for continuity as method 10 does."""
    n = a.size
    both, neither = int((a & b).sum()), int((~a & ~b).sum())
    surplus: float = both * neither - int((a & ~b).sum()) * int((b & ~a).sum())
    if surplus > 0:
        surplus = max(surplus - n / 2, 0.0)
    margins = int(a.sum()) * int((~a).sum()) * int(b.sum()) * int((~b).sum())
    return surplus / math.sqrt(margins) if margins else 0.0


def _hypotenuse(x: float, y: float, phi: float) -> float:
    return math.sqrt(max(0.0, x * x - 2 * phi * x * y + y * y))


def difference_of_means(
    a: ArrayLike,
    b: ArrayLike,
    seed: int,
    draws: int = 2000,
    level: float = 0.95,
    clusters: ArrayLike | None = None,
) -> Difference:
    """Return the difference of two means over the same images, paired bootstrap (Efron 1979).

    Of more images or clusters than `LARGE`, the normal interval that it tends to.

    Images are drawn with both of their values. Each mean is over the images where its own value is
    defined, so that rates among each model's own right predictions can be compared: their
    denominators differ, and are drawn along.

    Parameters
    ----------
    a, b : float ``(n,)``
        Values of A and of B for the same images; NaN where an image does not count.
    seed : int
        The same seed gives the same interval on every machine.
    draws : int
        Resamples of ``n`` images.
    level : float
        Confidence level, between 0 and 1.
    clusters : ``(n,)``, optional
        Which cluster each image is in: whole clusters are drawn, as images of one are not
        independent (Field and Welsh 2007).

    Returns
    -------
    Difference
        Undefined where A or B has no value; without interval where every resample gives the same:
        such images say nothing of how much others would differ.
    """
    first, second = _paired(a, b, np.float64)
    counts = ~np.isnan(first) | ~np.isnan(second)
    first, second = first[counts], second[counts]
    own = None if clusters is None else np.asarray(clusters)[counts]
    for name, values in (("A", first), ("B", second)):
        if np.isnan(values).all():
            return Difference(NAN, NAN, NAN, f"no image has a value in {name}")
    value = float(np.nanmean(second) - np.nanmean(first))
    table = _tallies(first, second, own)
    if len(table) > LARGE:
        low, high = normal(value, _standard_error(table), level)
        spread = high - low
    else:
        drawn = _resampled(table, np.random.default_rng(seed), draws)
        (low, high), spread = central(drawn, level), np.ptp(drawn)
    if spread == 0:
        return Difference(value, NAN, NAN, "every resample gives the same difference")
    return Difference(value, low, high)


def _tallies(
    a: NDArray[np.float64], b: NDArray[np.float64], clusters: NDArray[Any] | None
) -> NDArray[np.float64]:
    """Sum and number of the values of A and of B in each image, or cluster: ``(n, 4)``."""
    columns = [np.nan_to_num(a), ~np.isnan(a), np.nan_to_num(b), ~np.isnan(b)]
    table = np.stack(columns, axis=1).astype(np.float64)
    return table if clusters is None else summed(table, clusters)


def _standard_error(table: NDArray[np.float64]) -> float:
    """Return that of a difference of two ratios, by what each row adds to it."""
    sums = table.sum(axis=0)
    added = [(table[:, k] - table[:, k + 1] * sums[k] / sums[k + 1]) / sums[k + 1] for k in (0, 2)]
    return float(np.linalg.norm(added[1] - added[0]))


def _resampled(
    table: NDArray[np.float64], random: np.random.Generator, draws: int
) -> NDArray[np.float64]:
    """Differences of means of ``draws`` resamples, those without a value of A or B left out.

    SciPy's bootstrap gives the same where all have one, else no interval, and takes 2.4 times as
    long.
    """
    n = len(table)
    sums = np.stack(
        [np.bincount(random.integers(n, size=n), minlength=n) @ table for _ in range(draws)]
    )
    sums = sums[(sums[:, 1] > 0) & (sums[:, 3] > 0)]
    found: NDArray[np.float64] = sums[:, 2] / sums[:, 3] - sums[:, 0] / sums[:, 1]
    return found


def holm(p_values: Sequence[float]) -> list[float]:
    """Correct p-values for being many (Holm 1979): a false alarm anywhere is kept to the level.

    Parameters
    ----------
    p_values : sequence of float
        0..1; NaN where nothing was tested, which stays NaN and is not counted as a test.

    Returns
    -------
    list of float
        In the order given, each at least as large as it was, at most 1.
    """
    # Not statsmodels' multipletests: each call looks the whole process through for garbage,
    # which takes half a second beside TensorFlow.
    corrected = np.array(p_values, np.float64)
    order = np.argsort(corrected)[: np.count_nonzero(~np.isnan(corrected))]
    times = corrected[order] * np.arange(len(order), 0, -1)
    corrected[order] = np.maximum.accumulate(times).clip(max=1)
    return corrected.tolist()


def gain(a: ArrayLike, b: ArrayLike, labels: ArrayLike) -> float:
    """Return what B has more than A of all images and of the mean class, whichever is less.

    So what B wins by naming the commonest class alone counts as no gain.

    Parameters
    ----------
    a, b : bool ``(n,)``
        Whether each image is named rightly by A, by B; one image or more.
    labels : int ``(n,)``
        Classes, from 0.

    Returns
    -------
    float
        -1..1, higher is better for B.
    """
    first, second = _paired(a, b, bool)
    won = second.astype(int) - first
    return min(float(won.mean()), mean_recall(won, labels))


def _paired(a: ArrayLike, b: ArrayLike, kind: type) -> tuple[NDArray[Any], NDArray[Any]]:
    first: NDArray[Any] = np.asarray(a, kind)
    second: NDArray[Any] = np.asarray(b, kind)
    if first.shape != second.shape:
        raise ValueError(f"{first.size} values of A, {second.size} of B: they are not paired")
    return first, second
