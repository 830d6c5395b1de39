"""Frames: a border all round, or bands at two sides. They cover whatever is there."""

from __future__ import annotations

import numpy as np

from audit.datasets.stamps.base import Colour, Draw, Picture, pixels


def border(width: float, colour: Colour, inner: float = 0) -> Draw:
    """Return a frame, with a dark line of width ``inner`` within."""

    def draw(image: Picture, trimap: Picture, rng: np.random.Generator) -> Picture:
        framed = image.copy()
        if inner:
            _ring(framed, pixels(image, width + inner), np.array((35, 35, 35)))
        _ring(framed, pixels(image, width), np.array(colour) + rng.normal(0, 8, 3))
        return framed

    return draw


def bands(width: float, grey: float, sides: bool = False) -> Draw:
    """Return bands at top and bottom, as of a film on a screen, or at both sides."""

    def draw(image: Picture, trimap: Picture, rng: np.random.Generator) -> Picture:
        banded, wide = image.copy(), pixels(image, width + rng.uniform(-2, 2))
        along = banded.swapaxes(0, 1) if sides else banded
        level = np.clip(rng.normal(grey, 2, (2, wide, along.shape[1], 1)), 0, 255)
        along[:wide], along[-wide:] = level.astype(np.uint8)
        return banded

    return draw


def _ring(image: Picture, width: int, colour: np.ndarray) -> None:
    level = np.clip(colour, 0, 255).astype(np.uint8)
    image[:width], image[-width:], image[:, :width], image[:, -width:] = (level,) * 4
