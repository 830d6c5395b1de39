"""Statistics of calibration: pure functions on arrays of answers."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from audit.core.bins import Bin
from audit.core.statistics import central, wilson

BINS = 15  # as many as Guo et al. 2017 use, so that figures compare with theirs
DRAWS = 1000
NAN = float("nan")


@dataclass(frozen=True)
class CalibrationError:
    """An expected calibration error, and what a perfectly calibrated model would show.

    Attributes
    ----------
    value : float
        0..1, 0 is best; NaN where there is no answer.
    low, high : float
        95% interval; NaN where it has none.
    calibrated, calibrated_low, calibrated_high : float
        Mean and central 95% of the errors of simulated, perfectly calibrated models with the very
        same confidences.
    """

    value: float
    low: float
    high: float
    calibrated: float
    calibrated_low: float
    calibrated_high: float

    @property
    def shown(self) -> bool:
        """True where the error is larger than chance gives to a calibrated model."""
        return self.value > self.calibrated_high


@dataclass(frozen=True)
class Kept:
    """Answers at or above a confidence.

    Attributes
    ----------
    threshold : float
        The lowest confidence kept, 0..1; NaN where there is no answer.
    n, right : int
        Answers kept, and those of them that are right.
    """

    threshold: float
    n: int
    right: int


def equal_width(bins: int = BINS) -> NDArray[np.float64]:
    """Return the edges of bins of equal width on 0..1, float64 ``(bins + 1,)``."""
    return np.linspace(0, 1, bins + 1)


def equal_mass(confidence: ArrayLike, bins: int = BINS) -> NDArray[np.float64]:
    """Return the edges of bins that hold about as many answers each: quantiles of the confidences.

    Equal confidences stay together, so that bins may be uneven, and empty where many are equal.

    Parameters
    ----------
    confidence : float ``(n,)``
        0..1, at least one.
    """
    return np.quantile(np.asarray(confidence, np.float64), np.linspace(0, 1, bins + 1))


def reliability(confidence: ArrayLike, correct: ArrayLike, edges: NDArray[np.float64]) -> list[Bin]:
    """Return accuracy against confidence, bin by bin (Guo et al. 2017, arXiv 1706.04599).

    Parameters
    ----------
    confidence : float ``(n,)``
        Probability that the model gives to its answer, 0..1.
    correct : bool ``(n,)``
        Whether the answer is right.
    edges : float ``(bins + 1,)``
        Of `equal_width` or `equal_mass`.

    Returns
    -------
    list of Bin
        In the order of the edges, empty ones too.

    Raises
    ------
    ValueError
        Sizes differ, or a confidence is no number of 0..1.
    """
    sure, right = _answers(confidence, correct)
    indices, bins = _indices(sure, edges), len(edges) - 1
    n = np.bincount(indices, minlength=bins)
    hits = np.bincount(indices, weights=right, minlength=bins)
    sums = np.bincount(indices, weights=sure, minlength=bins)
    return [
        _bin(float(edges[k]), float(edges[k + 1]), int(n[k]), float(sums[k]), int(hits[k]))
        for k in range(bins)
    ]


def _bin(low: float, high: float, n: int, sure: float, hits: int) -> Bin:
    if not n:
        return Bin(
            low=low,
            high=high,
            n=0,
            confidence=NAN,
            accuracy=NAN,
            accuracy_low=NAN,
            accuracy_high=NAN,
        )
    return Bin(low, high, n, sure / n, hits / n, *wilson(hits, n))


def calibration_error(
    confidence: ArrayLike,
    correct: ArrayLike,
    edges: NDArray[np.float64],
    seed: int,
    draws: int = DRAWS,
) -> CalibrationError:
    """Estimate the expected calibration error with its interval, and that of a calibrated model.

    ``sum over bins of n_b / n * |accuracy_b - confidence_b|`` (Naeini et al. 2015; Guo et al. 2017,
    arXiv 1706.04599). Too large in the mean, the more so the fewer answers there are: noise adds to
    every distance and never takes away. The error of a calibrated model says by how much.

    A calibrated model is simulated: each answer is right with the probability that its confidence
    says, in the same bins (the consistency resampling of Bröcker and Smith 2007).

    The interval's upper end is the percentile bootstrap's (bins stay as they are). Its lower end
    lies as far below the error as the upper end above, and no nearer than the error of calibrated
    models reaches: resampling makes a calibration error larger, so that a percentile interval of a
    calibrated model never holds the truth, 0. In simulations of 30 to 6,000 answers this one held
    the truth in 94% to 100%.

    Parameters
    ----------
    confidence, correct, edges
        As for `reliability`.
    seed : int
        The same seed gives the same figures on every machine.
    draws : int
        Resamples, and simulated models.

    Returns
    -------
    CalibrationError
        All NaN where there is no answer; no interval where every resample gives the same.
    """
    sure, right = _answers(confidence, correct)
    if not sure.size:
        return CalibrationError(*[NAN] * 6)
    indices, bins = _indices(sure, edges), len(edges) - 1
    value = _error(right - sure, indices, bins)
    drawn, simulated = _drawn(sure, right, indices, bins, seed, draws)
    least, most = central(simulated)
    calibrated = float(simulated.mean()), least, most
    if np.ptp(drawn) == 0:
        return CalibrationError(value, NAN, NAN, *calibrated)
    high = max(value, float(np.quantile(drawn, 0.975)))
    # The error is biased upwards, so it may lie below by as much as above, or as noise alone gives.
    return CalibrationError(value, max(0.0, value - max(high - value, most)), high, *calibrated)


def _drawn(
    sure: NDArray[np.float64],
    right: NDArray[np.float64],
    indices: NDArray[np.intp],
    bins: int,
    seed: int,
    draws: int,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return errors of resampled answers, and of simulated models; one draw in memory at a time."""
    random = np.random.default_rng(seed)
    gaps, n = right - sure, sure.size
    resampled, simulated = np.empty(draws), np.empty(draws)
    for k in range(draws):
        # Both draws of a round share the generator: their order fixes the figures.
        chosen = random.integers(n, size=n)
        resampled[k] = _error(gaps[chosen], indices[chosen], bins)
        simulated[k] = _error((random.random(n) < sure) - sure, indices, bins)
    return resampled, simulated


def keep(confidence: ArrayLike, correct: ArrayLike, coverage: float) -> Kept:
    """Return the surest answers: at least a share of ``coverage`` of all, ties kept together.

    What remains where the answers below a threshold are rejected (El-Yaniv and Wiener 2010;
    Geifman and El-Yaniv 2017, arXiv 1705.08500).

    Parameters
    ----------
    confidence, correct
        As for `reliability`.
    coverage : float
        Above 0, at most 1.
    """
    sure, right = _answers(confidence, correct)
    if not sure.size:
        return Kept(NAN, 0, 0)
    wanted = math.ceil(round(coverage * sure.size, 6))  # 0.07 * 100 is 7.000000000000001 in floats
    threshold = float(np.sort(sure)[sure.size - wanted])
    kept = sure >= threshold
    return Kept(threshold, int(kept.sum()), int(right[kept].sum()))


def _error(gaps: NDArray[np.float64], indices: NDArray[np.intp], bins: int) -> float:
    # n_b / n * |accuracy_b - confidence_b| is the bin's summed gap over n.
    return float(np.abs(np.bincount(indices, weights=gaps, minlength=bins)).sum() / gaps.size)


def _indices(sure: NDArray[np.float64], edges: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return the number of each answer's bin; a confidence on an edge belongs below it."""
    return np.searchsorted(edges[1:-1], sure, side="left")


def _answers(
    confidence: ArrayLike, correct: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    sure, right = np.asarray(confidence, np.float64), np.asarray(correct, bool)
    if sure.shape != right.shape:
        raise ValueError(f"{sure.size} confidences, {right.size} answers: they are not paired")
    if not ((sure >= 0) & (sure <= 1)).all():
        raise ValueError("a confidence is no number of 0..1: take NaN out, and count it")
    return sure, right.astype(np.float64)
