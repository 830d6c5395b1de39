"""One image as a sweep reads it: pixels and trimap at the model's size."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audit.core.geometry import resize_trimap
from audit.datasets.dataset import UNKNOWN, Item
from audit.masks.masks import Given


@dataclass(frozen=True)
class Sample:
    """One test image as the sweep reads it.

    Attributes
    ----------
    image : uint8 ``(H, W, 3)``
        The model's input, RGB.
    trimap : uint8 ``(H, W)``
        255 foreground, 0 background, 128 unknown; all unknown without a mask.
    """

    item: Item
    image: NDArray[np.uint8]
    trimap: NDArray[np.uint8]
    mask_source: str
    mask_doubt: str


def fit_trimap(trimap: Given, size: int) -> NDArray[np.uint8]:
    """Bring a trimap to the model's input size; all unknown where none can be used."""
    if not isinstance(trimap, np.ndarray):
        return np.full((size, size), UNKNOWN, np.uint8)
    return resize_trimap(trimap, (size, size))
