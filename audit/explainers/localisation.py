"""Localisation: the part of a heatmap on the foreground (Arras et al. 2022, arXiv 2003.07258)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Heatmap = NDArray[Any]
Mask = NDArray[np.bool_]
NAN = float("nan")


@dataclass(frozen=True)
class Localisation:
    """The scores of one heatmap; all NaN, with the ``reason``, where they are undefined.

    Attributes
    ----------
    mass : float
        Relevance mass accuracy, 0..1, higher is better; `chance` is what a uniform heatmap has.
    rank_accuracy : float
        Relevance rank accuracy, 0..1, higher is better.
    pointing : float
        Whether the maximum lies on the foreground, 0..1 (fractions at ties), higher is better.
    skill : float
        ``(mass - chance) / (1 - chance)``: 1 all mass on the foreground, 0 chance, negative
        below it.
    reason : str
        Why the scores are undefined; "" where they are not.
    """

    mass: float = NAN
    rank_accuracy: float = NAN
    pointing: float = NAN
    skill: float = NAN
    reason: str = ""


def localise(heatmap: Heatmap, mask: Mask, valid: Mask) -> Localisation:
    """Score a heatmap against a mask, on the pixels whose truth is known.

    Parameters
    ----------
    heatmap : float ``(H, W)``
        Signed, in any unit, not normalised.
    mask, valid : bool ``(H, W)``
        True on the foreground; true where the truth is known.
    """
    values, on = heatmap[valid], mask[valid]
    found = _weighed(values, on)
    if found.reason:
        return found
    ranked, hit = rank_accuracy(values, on), pointing_hit(values, on)
    return replace(found, rank_accuracy=ranked, pointing=hit)


def weigh(heatmap: Heatmap, mask: Mask, valid: Mask) -> Localisation:
    """Score a heatmap by mass and skill alone, in a third of the time; as for `localise`."""
    return _weighed(heatmap[valid], mask[valid])


def _weighed(values: Heatmap, on: Mask) -> Localisation:
    reason = _undefined_because(values, on)
    if reason:
        return Localisation(reason=reason)
    mass, chance = mass_on_foreground(values, on), float(on.mean())
    return Localisation(mass=mass, skill=(mass - chance) / (1 - chance))


def undefined_because(heatmap: Heatmap, mask: Mask, valid: Mask) -> str:
    """Say why no score is defined: no usable mask, or no positive relevance; "" where one is."""
    return _undefined_because(heatmap[valid], mask[valid])


def _undefined_because(values: Heatmap, on: Mask) -> str:
    if not on.size:
        return "no mask"
    if not on.any():
        return "empty mask"
    if on.all():
        return "full mask"
    if not np.isfinite(values).all():
        return "heatmap is not finite"
    if not (values > 0).any():
        return "no positive relevance"
    return ""


def area(mask: Mask, valid: Mask) -> float:
    """Return ``|M| / |valid|``, a uniform heatmap's mass, 0..1; NaN without a mask."""
    return float(mask[valid].mean()) if valid.any() else NAN


def mass_on_foreground(values: Heatmap, on: Mask) -> float:
    """Return the share of positive relevance on the foreground, of 1-D values and mask."""
    positive = np.maximum(values, 0, dtype=np.float64)
    return float(positive[on].sum() / positive.sum())


def rank_accuracy(values: Heatmap, on: Mask) -> float:
    """Return the share of the top ``k = |M|`` values on the foreground; ties share their credit."""
    k = int(np.count_nonzero(on))
    kth = np.partition(values, len(values) - k)[len(values) - k]
    above, tied = values > kth, values == kth
    places = k - np.count_nonzero(above)
    share = np.count_nonzero(on & tied) / np.count_nonzero(tied)
    return float((np.count_nonzero(on & above) + places * share) / k)


def pointing_hit(values: Heatmap, on: Mask) -> float:
    """Return the share of the maxima on the foreground (Zhang et al. 2018, pointing game)."""
    return float(on[values == values.max()].mean())


@lru_cache(maxsize=4)
def centre_gaussian(shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Return a heatmap of no image: a Gaussian in the middle, a quarter of the side wide.

    Foregrounds are often in the middle, so an explainer must beat it.
    """
    rows, columns = (np.linspace(-2, 2, side, dtype=np.float32) for side in shape)
    return np.asarray(np.exp(-(rows[:, None] ** 2 + columns**2) / 2))
