"""Sharpness and exposure of a photograph."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

SIDE = 224  # pixels: images are squashed to a square of this side, so that all compare
_DARK, _BRIGHT = 5, 250  # grey levels up to and from which a pixel is black or white


@dataclass(frozen=True)
class Quality:
    """Measures of one image.

    Attributes
    ----------
    sharpness : float
        Variance of the Laplacian (Pech-Pacheco et al. 2000, "Diatom autofocusing in brightfield
        microscopy"), 0 or more; lower is more blurred. An enlarged image counts as blurred: that
        is what a model sees of it.
    luminance : float
        Mean grey level, 0..255.
    dark, bright : float
        Shares of the pixels that are black or white, 0..1.
    """

    sharpness: float
    luminance: float
    dark: float
    bright: float


def quality(image: NDArray[np.uint8]) -> Quality:
    """Measure an RGB image ``(h, w, 3)``, squashed to ``(SIDE, SIDE)`` as a model sees it."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    how = cv2.INTER_AREA if min(grey.shape) > SIDE else cv2.INTER_LINEAR
    grey = cv2.resize(grey, (SIDE, SIDE), interpolation=how)
    levels = np.bincount(grey.ravel(), minlength=256) / grey.size
    _, spread = cv2.meanStdDev(cv2.Laplacian(grey, cv2.CV_16S))
    return Quality(
        float(spread[0, 0] ** 2),
        float(levels @ np.arange(256)),
        float(levels[: _DARK + 1].sum()),
        float(levels[_BRIGHT:].sum()),
    )
