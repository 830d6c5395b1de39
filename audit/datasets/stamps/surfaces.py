"""Surfaces behind: a pattern over the background, or a background out of focus."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from audit.datasets.dataset import BACKGROUND
from audit.datasets.stamps.base import Draw, Picture, behind, pixels


def stripes(period: float, slant: float, strength: float) -> Draw:
    """Return fine stripes over the whole background; ``slant`` is of columns to rows."""

    def draw(image: Picture, trimap: Picture, rng: np.random.Generator) -> Picture:
        rows, columns = np.mgrid[: image.shape[0], : image.shape[1]]
        turn = (rows + slant * columns) * 2 * np.pi / max(3, pixels(image, period))
        wave = strength * np.sign(np.sin(turn + rng.uniform(0, 6)))
        return behind(image, image + wave[..., None], trimap)

    return draw


def weave(period: float, strength: float) -> Draw:
    """Return a cloth: threads both ways over the whole background."""

    def draw(image: Picture, trimap: Picture, rng: np.random.Generator) -> Picture:
        rows, columns = np.mgrid[: image.shape[0], : image.shape[1]]
        turn = 2 * np.pi / max(4, pixels(image, period))
        shift = rng.uniform(0, 6, 2)
        wave = np.sin(rows * turn + shift[0]) * np.sin(columns * turn + shift[1])
        return behind(image, image + strength * wave[..., None], trimap)

    return draw


def defocus(sigma: float, disc: bool = False) -> Draw:
    """Return a background out of focus, by a Gaussian or a disc; the foreground bleeds nowhere."""

    def draw(image: Picture, trimap: Picture, rng: np.random.Generator) -> Picture:
        width = sigma * rng.uniform(0.9, 1.1) * min(image.shape[:2]) / 224
        off = (trimap == BACKGROUND).astype(np.float32)
        seen = _blurred(image * off[..., None], width, disc)
        weight = _blurred(off, width, disc)[..., None]
        return behind(image, seen / np.maximum(weight, 1e-3), trimap)

    return draw


def _blurred(image: NDArray[np.float32], width: float, disc: bool) -> NDArray[np.float32]:
    given = np.asarray(image, np.float32)
    if not disc:
        return np.asarray(cv2.GaussianBlur(given, (0, 0), width))
    radius = max(1, round(width * 2))  # a disc's deviation is half of its radius
    y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    kernel = (np.hypot(x, y) <= radius).astype(np.float32)
    return np.asarray(cv2.filter2D(given, -1, kernel / kernel.sum()))
