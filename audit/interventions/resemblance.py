"""Does what decides look like the foreground? Then the mask may have left a part of it out."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from audit.interventions.composites import Region

BINS = 16  # of each Lab channel
RARE = 0.02 / BINS  # of a histogram's mass: colours rarer than this on both sides say nothing
_SAME = 1e-12  # relative squared distance of two means that differ by rounding alone


def colour_resemblance(
    image: NDArray[np.uint8], foreground: Region, background: Region, region: Region
) -> float:
    """Say whether a region's colours are the foreground's rather than the background's.

    The mean over the region's pixels of ``f / (f + b)``, where ``f`` and ``b`` are how frequent a
    pixel's colour is in smoothed Lab histograms of foreground and background.

    Parameters
    ----------
    image : uint8 ``(H, W, 3)``
        RGB.
    foreground, background, region : bool ``(H, W)``
        The background is without the region.

    Returns
    -------
    float
        0..1, higher is more like the foreground; 0.5 for colours that both have or neither. NaN
        where a part is empty.
    """
    if not (foreground.any() and background.any() and region.any()):
        return float("nan")
    colours = (cv2.cvtColor(image, cv2.COLOR_RGB2LAB) // (256 // BINS)).astype(np.int64)
    index = (colours[..., 0] * BINS + colours[..., 1]) * BINS + colours[..., 2]
    here = index[region]
    of_foreground = _histogram(index[foreground])[here] + RARE / BINS
    of_background = _histogram(index[background])[here] + RARE / BINS
    return float(np.mean(of_foreground / (of_foreground + of_background)))


def _histogram(index: NDArray[np.int64]) -> NDArray[np.float64]:
    counts = np.bincount(index, minlength=BINS**3).reshape((BINS,) * 3) / len(index)
    for axis in range(3):  # [1 2 1] / 4 along each: a colour lies between bins, and shades differ
        padded = np.pad(counts, [(int(a == axis),) * 2 for a in range(3)], mode="edge")
        before, here, after = (np.take(padded, np.arange(BINS) + i, axis=axis) for i in range(3))
        counts = (before + 2 * here + after) / 4
    return np.asarray(counts.ravel())


def feature_resemblance(
    features: NDArray[np.float32], foreground: Region, background: Region, region: Region
) -> float:
    """Say where a region's features lie between those of background and foreground.

    Cells of the map are weighed by how much of each part they cover. The mean feature of the region
    is projected on the line from the background's to the foreground's.

    Parameters
    ----------
    features : float32 ``(h, w, c)``
    foreground, background, region : bool ``(H, W)``

    Returns
    -------
    float
        0 at the background's mean or beyond, 1 at the foreground's or beyond. NaN where a part is
        empty or both means are the same.
    """
    parts = (foreground, background, region)
    of_foreground, of_background, here = (_mean(features, part) for part in parts)
    line = of_foreground - of_background
    length = float(line @ line)
    if not length > _SAME * float(of_foreground @ of_foreground):  # NaN, too
        return float("nan")
    return float(np.clip((here - of_background) @ line / length, 0, 1))


def _mean(features: NDArray[np.float32], part: Region) -> NDArray[np.float64]:
    size = features.shape[1], features.shape[0]
    weight = cv2.resize(part.astype(np.float64), size, interpolation=cv2.INTER_AREA)
    if not weight.any():
        return np.full(features.shape[2], np.nan)
    return np.asarray(np.einsum("hw,hwc->c", weight / weight.sum(), features.astype(np.float64)))


def resemblance(
    image: NDArray[np.uint8],
    features: NDArray[np.float32] | None,
    foreground: Region,
    background: Region,
    region: Region,
) -> float:
    """Say how much a region of the background looks like the foreground of the same image.

    The mean of `colour_resemblance` and `feature_resemblance`, of what is defined: colours see what
    is too small for a cell of the map, features see what a stamp shares by chance.

    Returns
    -------
    float
        0..1, higher is more like the foreground. NaN where a part is empty.
    """
    alike = [colour_resemblance(image, foreground, background, region)]
    if features is not None:
        alike.append(feature_resemblance(features, foreground, background, region))
    defined = [value for value in alike if not np.isnan(value)]
    return float(np.mean(defined)) if defined else float("nan")
