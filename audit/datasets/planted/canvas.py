"""Layers that are painted on: premultiplied float32 RGBA, ``(h, w, 4)``, 0..1."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
Colour = tuple[float, float, float]
Point = tuple[float, float]
_RAMP = np.linspace(0, 1, 512)


def stream(*key: object) -> np.random.Generator:
    """Return each key's own random stream, so that no layer shifts the numbers of another."""
    digest = hashlib.sha256("/".join(map(str, key)).encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:8], "big"))


def blank(size: int) -> Array:
    """Return a transparent layer of ``size`` by ``size`` pixels."""
    return np.zeros((size, size, 4), dtype=np.float32)


@lru_cache(maxsize=4)
def places(size: int) -> tuple[Array, Array]:
    """Return ``x`` and ``y`` of each pixel, -1..1, each ``(size, size)``; not to be written to."""
    y, x = np.mgrid[-1 : 1 : size * 1j, -1 : 1 : size * 1j].astype(np.float32)
    return x, y


def spread(plane: Array, channels: int = 3) -> Array:
    """Return a plane once for each channel: broadcast over channels, NumPy takes twice as long."""
    return np.asarray(cv2.merge([plane] * channels))


def blur(image: Array, sigma: float) -> Array:
    """Blur with a Gaussian; ``sigma`` in pixels, 0 for none."""
    if sigma < 0.3:
        return image
    return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma, borderType=cv2.BORDER_REFLECT))


def shrink(image: Array, size: int) -> Array:
    """Average down to ``size`` by ``size`` pixels: the antialiasing of everything drawn larger."""
    return np.asarray(cv2.resize(image, (size, size), interpolation=cv2.INTER_AREA))


def over(layer: Array, behind: Array) -> Array:
    """Lay a layer over an opaque RGB image or over another layer."""
    channels = behind.shape[2]
    kept = behind * spread(1 - cv2.extractChannel(layer, 3), channels)
    kept += layer if channels == 4 else cv2.cvtColor(layer, cv2.COLOR_RGBA2RGB)
    return kept


def smooth(x: Array, low: float, high: float) -> Array:
    """Step smoothly from 0 at ``low`` to 1 at ``high``."""
    t = np.clip((x - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def ramp(x: Array, colours: Sequence[Colour]) -> Array:
    """Return the colour of every value of ``x`` (0..1) on an even ramp; float32 ``(..., 3)``."""
    stops = np.asarray(colours)
    table = [np.interp(_RAMP, np.linspace(0, 1, len(stops)), channel) for channel in stops.T]
    index = (np.clip(x, 0, 1) * 511).astype(np.intp)
    return np.stack(table, axis=1).astype(np.float32).take(index, axis=0)


def vector(*values: float) -> Array:
    """Return a point, direction or colour to compute with, float32."""
    return np.array(values, dtype=np.float32)


def vary(colour: Colour, rng: np.random.Generator, amount: float = 0.05) -> Colour:
    """Return a colour a little lighter or darker, and a little off in each channel."""
    lighter, off = rng.normal(1, amount), rng.normal(1, amount / 2, 3).tolist()
    r, g, b = (min(max(c * lighter * o, 0.01), 1) for c, o in zip(colour, off, strict=True))
    return r, g, b


def fractal(
    rng: np.random.Generator, size: int, first: float = 3, octaves: int = 5, stretch: float = 1
) -> Array:
    """Draw noise of several octaves, ``(size, size)``, about 0..1; ``stretch`` > 1 lays it down."""
    total = np.zeros((size, size), dtype=np.float32)
    for k in range(octaves):
        rows = max(2, round(first * 2**k * stretch))
        columns = max(2, round(first * 2**k / stretch))
        grid = rng.standard_normal((rows, columns), dtype=np.float32)
        total += cv2.resize(grid, (size, size), interpolation=cv2.INTER_CUBIC) * 0.6**k
    return np.asarray(0.5 + total * np.float32(0.19))


def stamp(layer: Array, sprite: Array, matrix: Array, shadow: Array | None = None) -> None:
    """Lay a sprite onto a layer through an affine map, with the shadow it throws on what is there.

    Parameters
    ----------
    layer : float32 ``(h, w, 4)``
        Changed in place.
    sprite : float32 ``(a, b, 4)``
        Premultiplied RGBA.
    matrix : float32 ``(2, 3)``
        From the sprite's pixels ``(x, y, 1)`` to those of the layer.
    shadow : float32 ``(a, b)``, optional
        How much of the light it takes away, 0..1.
    """
    h, w = sprite.shape[:2]
    corners = matrix @ np.array([[0, w, w, 0], [0, 0, h, h], [1, 1, 1, 1]], dtype=np.float32)
    xs, ys = corners.tolist()
    left, top = max(math.floor(min(xs)), 0), max(math.floor(min(ys)), 0)
    right = min(math.ceil(max(xs)) + 1, layer.shape[1])
    bottom = min(math.ceil(max(ys)) + 1, layer.shape[0])
    if right <= left or bottom <= top:
        return
    shift = matrix - np.array([[0, 0, left], [0, 0, top]], dtype=np.float32)
    place, box = layer[top:bottom, left:right], (right - left, bottom - top)
    warped = cv2.warpAffine(sprite, shift, box)
    keep = 1 - cv2.extractChannel(warped, 3)
    lit = keep if shadow is None else keep * (1 - cv2.warpAffine(shadow, shift, box))
    place *= cv2.merge([lit, lit, lit, keep])
    place += warped


class Pen:
    """Pen for antialiased strokes and dots on a patch of its own; `sprite` makes them a layer."""

    def __init__(self, width: int, height: int) -> None:
        self._rgb = np.zeros((height, width, 3), dtype=np.uint8)
        self._alpha = np.zeros((height, width), dtype=np.uint8)

    def line(self, points: Sequence[Point], colour: Colour, width: float) -> None:
        """Stroke through ``points`` (x, y in pixels), ``width`` pixels wide."""
        path = np.rint(np.asarray(points) * 16).astype(np.int32)[:, None]
        wide = max(1, round(width))
        cv2.polylines(self._rgb, [path], False, _bytes(colour), wide + 1, cv2.LINE_8, shift=4)
        cv2.polylines(self._alpha, [path], False, 255, wide, cv2.LINE_AA, shift=4)

    def dot(self, centre: Point, radius: float, colour: Colour) -> None:
        """Draw a filled circle."""
        at = (round(centre[0] * 16), round(centre[1] * 16))
        size = max(1, round(radius * 16))
        cv2.circle(self._rgb, at, size + 8, _bytes(colour), -1, cv2.LINE_8, shift=4)
        cv2.circle(self._alpha, at, size, 255, -1, cv2.LINE_AA, shift=4)

    def polygon(self, points: Sequence[Point], colour: Colour) -> None:
        """Draw a filled convex polygon."""
        path = np.rint(np.asarray(points) * 16).astype(np.int32)
        cv2.fillConvexPoly(self._rgb, path, _bytes(colour), cv2.LINE_8, shift=4)
        cv2.fillConvexPoly(self._alpha, path, 255, cv2.LINE_AA, shift=4)

    def sprite(self) -> Array:
        """Return all strokes as premultiplied RGBA."""
        return _premultiplied(self._rgb, self._alpha)

    def lay_on(self, layer: Array) -> None:
        """Lay all strokes onto a layer of the pen's size, in place: where there are any."""
        x, y, w, h = cv2.boundingRect(self._alpha)
        box = slice(y, y + h), slice(x, x + w)
        layer[box] = over(_premultiplied(self._rgb[box], self._alpha[box]), layer[box])


def _premultiplied(rgb: NDArray[np.uint8], alpha: NDArray[np.uint8]) -> Array:
    cover = cv2.merge([alpha] * 3)
    seen = cv2.multiply(rgb, cover, scale=1 / 255**2, dtype=cv2.CV_32F)
    layer = cv2.cvtColor(seen, cv2.COLOR_RGB2RGBA)
    return np.asarray(cv2.insertChannel(alpha.astype(np.float32) / 255, layer, 3))


def around(centre: Point, radius: float, angle: float) -> Point:
    """Return the point at ``radius`` and ``angle`` (radians) from ``centre``."""
    return centre[0] + radius * math.cos(angle), centre[1] + radius * math.sin(angle)


def _bytes(colour: Colour) -> tuple[int, int, int]:
    r, g, b = (round(min(max(c, 0.0), 1.0) * 255) for c in colour)
    return r, g, b
