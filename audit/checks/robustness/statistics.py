"""Costs of corruptions: errors against a baseline's, and how far explanations stay the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from audit.core import statistics
from audit.core.statistics import central
from audit.explainers.localisation import NAN, mass_on_foreground, undefined_because

Mask = NDArray[np.bool_]
_GRID = 64  # rows and columns that ranks are taken on at most: heatmaps are smooth, ranks dear


@dataclass(frozen=True)
class Stability:
    """Likeness of the heatmaps of a clean and a corrupted image.

    Attributes
    ----------
    rank : float
        Spearman's rank correlation, -1..1; 1 is the same order of pixels.
    rank_reason : str
        Why it is undefined (NaN); "" where it is not.
    mass_change : float
        Mass on foreground of the corrupted image less that of the clean one, -1..1; 0 is no change,
        negative is off the foreground.
    mass_reason : str
        Why it is undefined (NaN); "" where it is not.
    """

    rank: float = NAN
    rank_reason: str = ""
    mass_change: float = NAN
    mass_reason: str = ""


def stability(
    clean: NDArray[Any], corrupted: NDArray[Any], seen: Mask, mask: Mask, known: Mask
) -> Stability:
    """Compare two heatmaps in the geometry of the clean image.

    Parameters
    ----------
    clean, corrupted : float ``(H, W)``
        The corrupted one mapped back.
    seen : bool ``(H, W)``
        Pixels that both images show: nothing else is compared.
    mask, known : bool ``(H, W)``
        True on the foreground; true where that is known.
    """
    step = -(-max(clean.shape) // _GRID)
    grid = (slice(step // 2, None, step),) * 2
    on = seen[grid]
    rank, rank_reason = rank_correlation(clean[grid][on], corrupted[grid][on])
    valid = known & seen
    reasons = [undefined_because(heatmap, mask, valid) for heatmap in (clean, corrupted)]
    if any(reasons):
        return Stability(rank, rank_reason, mass_reason=reasons[0] or reasons[1])
    before, after = (
        mass_on_foreground(heatmap[valid].astype(np.float64), mask[valid])
        for heatmap in (clean, corrupted)
    )
    return Stability(rank, rank_reason, after - before)


def rank_correlation(one: NDArray[Any], other: NDArray[Any]) -> tuple[float, str]:
    """Return Spearman's rank correlation of two arrays of one shape, ties ranked in their middle.

    Returns
    -------
    value : float
        -1..1; NaN where undefined.
    reason : str
        Why it is undefined; "" where it is not.
    """
    if one.size < 2:
        return NAN, "nothing is left to compare"
    if one.min() == one.max() or other.min() == other.max():
        return NAN, "a heatmap is flat"
    return statistics.rank_correlation(one, other), ""


@dataclass(frozen=True)
class Outcomes:
    """Wrong answers of a model, under no and under every corruption.

    Attributes
    ----------
    names : tuple of str
        Images, each once.
    corruptions : tuple of str
    clean : bool ``(n,)``
        Whether the answer on the clean image is wrong.
    wrong : bool ``(n, corruptions, severities)``
    """

    names: tuple[str, ...]
    corruptions: tuple[str, ...]
    clean: NDArray[np.bool_]
    wrong: NDArray[np.bool_]

    def of(self, names: Sequence[str]) -> Outcomes:
        """Return the same for some of the images, in the order given."""
        indices = {name: i for i, name in enumerate(self.names)}
        rows = [indices[name] for name in names]
        return Outcomes(tuple(names), self.corruptions, self.clean[rows], self.wrong[rows])


def outcomes(
    name: Sequence[str], corruption: Sequence[str], severity: ArrayLike, correct: ArrayLike
) -> Outcomes:
    """Return `Outcomes` from columns of a run's ``robustness.parquet``, in any order of rows.

    Parameters
    ----------
    name, corruption : sequence of str
        One row an image, corruption and severity; and one an image with severity 0, the clean one.
    severity : int ``(rows,)``
    correct : bool ``(rows,)``

    Raises
    ------
    KeyError
        A row is missing.
    """
    level, right = np.asarray(severity), np.asarray(correct, bool)
    rows = zip(name, corruption, level.tolist(), right.tolist(), strict=True)
    wrong = {(n, c if s else "", s): not r for n, c, s, r in rows}
    names = tuple(dict.fromkeys(n for n, _, _ in wrong))
    kinds = tuple(dict.fromkeys(c for _, c, _ in wrong if c))
    levels = sorted({s for _, _, s in wrong if s})
    cube = [wrong[n, c, s] for n in names for c in kinds for s in levels]
    return Outcomes(
        names,
        kinds,
        np.array([wrong[n, "", 0] for n in names], bool),
        np.array(cube, bool).reshape(len(names), len(kinds), len(levels)),
    )


@dataclass(frozen=True)
class CorruptionError:
    """The mean corruption error of a model.

    Attributes
    ----------
    value : float
        Against a baseline: mCE in percent, 100 is as many errors as the baseline, lower is better.
        Without one: mean error rate over corruptions and severities, 0..1. NaN where undefined.
    low, high : float
        95% bootstrap interval over images, the same ones drawn for both models; draws in which the
        baseline makes no errors are left out.
    by_corruption : dict
        The same for each corruption, NaN where undefined.
    reasons : dict
        Why, for those that are undefined: they are left out of ``value``, which is the mean of the
        others.
    """

    value: float
    low: float
    high: float
    by_corruption: Mapping[str, float]
    reasons: Mapping[str, str]


def mean_corruption_error(
    table: Outcomes, baseline: Outcomes | None = None, *, relative: bool = False, seed: int = 0
) -> CorruptionError:
    """Return the mean corruption error (Hendrycks and Dietterich 2019, arXiv 1903.12261).

    For each corruption the errors at all severities, summed, over those of the baseline; the mean
    over corruptions in percent. Without a baseline: the mean error rate.

    Parameters
    ----------
    table, baseline : Outcomes
        Of the same images and corruptions, in the same order (`Outcomes.of` sorts images).
    relative : bool
        Relative mCE: each model's error on clean images is taken off first, so that only what
        corruptions add counts.
    seed : int
        Of the bootstrap, 2000 draws.

    Raises
    ------
    ValueError
        The two are not of the same images and corruptions.
    """
    if baseline and (table.names, table.corruptions) != (baseline.names, baseline.corruptions):
        raise ValueError("two models are compared on the same images and corruptions alone")
    ours = _sums(table, relative)
    theirs = _sums(baseline, relative) / 100 if baseline else np.full(ours.shape, _levels(table))
    each = _ratios(ours.sum(axis=0), theirs.sum(axis=0))
    known = ~np.isnan(each)
    why = "costs the baseline nothing" if relative else "lets the baseline make no errors"
    reasons = {
        key: why for key, defined in zip(table.corruptions, known, strict=True) if not defined
    }
    if not known.any():
        value, low, high = NAN, NAN, NAN
    else:
        value = float(each[known].mean())
        low, high = _bounds(ours[:, known], theirs[:, known], seed)
    by_corruption = dict(zip(table.corruptions, each.tolist(), strict=True))
    return CorruptionError(value, low, high, by_corruption, reasons)


def _levels(table: Outcomes) -> float:
    return float(table.wrong.shape[2])


def _sums(table: Outcomes, relative: bool) -> NDArray[np.float64]:
    """Return the errors of each image ``(n, corruptions)``, summed over severities."""
    taken_off = table.clean[:, None, None] * float(relative)
    return np.asarray((table.wrong - taken_off).sum(axis=2))


def _ratios(ours: NDArray[np.float64], theirs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the ratios; NaN where the baseline has nothing (or less) to divide by."""
    return np.divide(ours, theirs, out=np.full(ours.shape, np.nan), where=theirs > 0)


def _bounds(
    ours: NDArray[np.float64], theirs: NDArray[np.float64], seed: int, draws: int = 2000
) -> tuple[float, float]:
    """Percentile bootstrap over images of the mean ratio; undefined for fewer than two.

    All draws are one product of matrices: SciPy's bootstrap takes twice as long, and gives no
    interval where the baseline makes no errors in some draw.
    """
    n = len(ours)
    if n < 2:
        return NAN, NAN
    times = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), draws).astype(float)
    ratios = _ratios(times @ ours, times @ theirs)
    whole = ratios[~np.isnan(ratios).any(axis=1)]  # no ratio where the baseline makes no error
    if not len(whole):
        return NAN, NAN
    return central(whole.mean(axis=1))
