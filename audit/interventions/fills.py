"""Fills of a hole in a background that look like a photograph: what a hole holds is a cue, too.

Filled smoothly, a ring looks like the frame that it replaced. So a region decides only where
several kinds of fill agree: smoothly (`composites.fill`), and those here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from audit.interventions.composites import Image, Region, fill, paste

_EDGE = 1.0 / 224  # standard deviation of a fill's edge, in shares of the side


def mirrored(image: Image, hole: Region, known: Region, other: Image) -> Image:
    """Fill with the background around, mirrored at its edge; smoothly where that shows none.

    Each pixel takes the colour of the one as far beyond the nearest pixel of background.

    Parameters
    ----------
    image : float32 ``(H, W, 3)``
    hole, known : bool ``(H, W)``
        What is filled, and where surely no foreground is.
    other : float32 ``(H, W, 3)``
        Background of another image.

    Returns
    -------
    float32 ``(H, W, 3)``
        ``image`` off the hole.
    """
    usable = known & ~hole
    filled = fill(image, ~usable)
    if usable.any():
        rows, columns = hole.nonzero()
        near_rows, near_columns = _nearest(usable, hole)
        y = np.clip(2 * near_rows - rows, 0, hole.shape[0] - 1)
        x = np.clip(2 * near_columns - columns, 0, hole.shape[1] - 1)
        shown = usable[y, x]
        filled[rows[shown], columns[shown]] = image[y[shown], x[shown]]
    return _within(hole, filled, image)


def transplanted(image: Image, hole: Region, known: Region, other: Image) -> Image:
    """Fill with the same place of another background; as for `mirrored` otherwise."""
    return _within(hole, other, image)


OTHER_FILLS: Mapping[str, Callable[[Image, Region, Region, Image], Image]] = {
    "mirrored": mirrored,
    "transplanted": transplanted,
}


def _nearest(known: Region, hole: Region) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows and columns of the known pixels that are nearest to each pixel of a hole."""
    _, labels = cv2.distanceTransformWithLabels(
        (~known).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    places = np.zeros(int(labels.max()) + 1, np.intp)
    places[labels[known]] = np.flatnonzero(known)
    return np.divmod(places[labels[hole]], known.shape[1])


def _within(hole: Region, new: Image, image: Image) -> Image:
    """Show ``new`` in the hole, with a soft edge inside of it: nothing else changes."""
    weight = hole.astype(np.float32)
    soft = cv2.GaussianBlur(weight, (0, 0), _EDGE * hole.shape[1])
    return paste(new, np.minimum(soft, weight), image)
