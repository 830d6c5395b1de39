"""What stamps are made of: lengths at any size, free places, layers behind the foreground.

A stamp is a function of an image, uint8 ``(h, w, 3)``, its trimap, uint8 ``(h, w)``, and a stream
of random numbers; it returns another image of the same shape. Lengths are pixels of an image whose
shorter side is 224.
"""

from __future__ import annotations

import colorsys
from collections.abc import Callable, Sequence

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from audit.datasets.dataset import BACKGROUND

Picture = NDArray[np.uint8]
Colour = tuple[float, float, float]  # 0..255
Point = tuple[float, float]  # x, y in pixels of the image
Draw = Callable[[Picture, Picture, np.random.Generator], Picture]
SIDE = 224
FINE = 3  # layers are drawn this much larger, then averaged down


def pixels(image: Picture, length: float) -> int:
    """Return a length in pixels of this image, 1 or more."""
    return max(1, round(length * min(image.shape[:2]) / SIDE))


def behind(image: Picture, changed: ArrayLike, trimap: Picture) -> Picture:
    """Return the changed image with everything but the background as before, to the pixel."""
    bytes_of = np.clip(np.rint(changed), 0, 255).astype(np.uint8)
    return np.where((trimap == BACKGROUND)[..., None], bytes_of, image)


def hue(turn: float, saturation: float = 0.85, value: float = 0.95) -> Colour:
    """Return a saturated colour; ``turn`` is 0..1 around the circle of hues."""
    r, g, b = colorsys.hsv_to_rgb(turn % 1, saturation, value)
    return 255 * r, 255 * g, 255 * b


def free_place(trimap: Picture, radius: int, rng: np.random.Generator) -> Point:
    """Return the centre of a disc in the background, off the edges as far as there is room."""
    height, width = trimap.shape
    reach = [min(radius + 2, side // 2) for side in (width, height)]
    tried = [
        (rng.uniform(reach[0], width - reach[0]), rng.uniform(reach[1], height - reach[1]))
        for _ in range(24)
    ]
    return min(tried, key=lambda at: _taken(trimap, at, radius))


def _taken(trimap: Picture, at: Point, radius: int) -> float:
    """Return the share of a square that is no background."""
    x, y = round(at[0]), round(at[1])
    place = trimap[max(0, y - radius) : y + radius, max(0, x - radius) : x + radius]
    return float((place != BACKGROUND).mean())


class Layer:
    """A transparent layer over an image, drawn larger and averaged down."""

    def __init__(self, image: Picture) -> None:
        self._image = image
        height, width = image.shape[:2]
        self._rgb = np.zeros((height * FINE, width * FINE, 3), np.float32)
        self._alpha = np.zeros((height * FINE, width * FINE), np.float32)

    def polygon(self, points: Sequence[Point], colour: Colour, alpha: float = 1) -> None:
        """Fill a polygon."""
        path = np.rint(np.asarray(points) * FINE).astype(np.int32)
        cv2.fillPoly(self._rgb, [path], colour)
        cv2.fillPoly(self._alpha, [path], alpha)

    def disc(self, centre: Point, radius: float, colour: Colour, alpha: float = 1) -> None:
        """Fill a circle."""
        at, r = (round(centre[0] * FINE), round(centre[1] * FINE)), max(1, round(radius * FINE))
        cv2.circle(self._rgb, at, r, colour, -1)
        cv2.circle(self._alpha, at, r, alpha, -1)

    def line(self, start: Point, end: Point, width: float, colour: Colour) -> None:
        """Draw a straight line, ``width`` pixels wide."""
        ends = [(round(x * FINE), round(y * FINE)) for x, y in (start, end)]
        wide = max(1, round(width * FINE))
        cv2.line(self._rgb, ends[0], ends[1], colour, wide)
        cv2.line(self._alpha, ends[0], ends[1], 1, wide)

    def text(self, words: str, start: Point, height: float, colour: Colour, alpha: float) -> None:
        """Write a line from its lower left corner; capitals are ``height`` pixels tall."""
        at, scale = (round(start[0] * FINE), round(start[1] * FINE)), height * FINE / 21
        wide = max(1, round(height * FINE / 9))
        cv2.putText(self._rgb, words, at, cv2.FONT_HERSHEY_SIMPLEX, scale, colour, wide)
        cv2.putText(self._alpha, words, at, cv2.FONT_HERSHEY_SIMPLEX, scale, alpha, wide)

    def over(self, rng: np.random.Generator) -> NDArray[np.float32]:
        """Return the image with the layer on it, as grainy as a photograph."""
        size = self._image.shape[1::-1]
        alpha = cv2.resize(self._alpha, size, interpolation=cv2.INTER_AREA)[..., None]
        full = self._rgb * self._alpha[..., None]
        rgb = cv2.resize(full, size, interpolation=cv2.INTER_AREA)
        grain = rng.normal(0, 4, (*alpha.shape[:2], 1)).astype(np.float32)
        return np.asarray(self._image * (1 - alpha) + rgb + grain * alpha, np.float32)


def text_width(words: str, height: float) -> float:
    """Return how wide `Layer.text` writes a line, in pixels."""
    (width, _), _ = cv2.getTextSize(words, cv2.FONT_HERSHEY_SIMPLEX, height / 21, 1)
    return float(width)
