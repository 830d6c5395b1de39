"""Resizing that keeps geometry, shared by scores and pictures."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray


def upsample(heatmap: NDArray[Any], size: tuple[int, int]) -> NDArray[np.float32]:
    """Resize a ``(h, w)`` heatmap to ``size`` (height, width), bilinear with half-pixel centres.

    Returns
    -------
    float32 ``(H, W)``
        Values stay within the range of ``heatmap``; borders repeat the outermost value.
    """
    height, width = size
    source = np.ascontiguousarray(heatmap, dtype=np.float32)
    return np.asarray(cv2.resize(source, (width, height), interpolation=cv2.INTER_LINEAR))


def resize_trimap(trimap: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """Resize a uint8 trimap to ``size`` (height, width) by nearest neighbour, centres aligned."""
    height, width = size
    return np.asarray(cv2.resize(trimap, (width, height), interpolation=cv2.INTER_NEAREST_EXACT))


def place_of(region: NDArray[np.bool_]) -> str:
    """Say where a region's middle lies: ``upper left``, ``lower middle``, ``centre``, ..."""
    y, x = np.argwhere(region).mean(axis=0) / region.shape
    row = ("upper", "", "lower")[_third(y)]
    column = ("left", "middle" if row else "", "right")[_third(x)]
    return " ".join(word for word in (row, column) if word) or "centre"


def _third(share: float) -> int:
    return min(2, int(3 * share))
