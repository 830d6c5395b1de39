"""One petal (or leaf): its outline, colour and relief, drawn base up as a small sprite."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from audit.datasets.planted.canvas import Array, Colour, ramp, smooth, spread

MARGIN = 5  # pixels round every sprite: room for its shadow


@dataclass(frozen=True)
class Shape:
    """Outline and relief of a petal.

    Attributes
    ----------
    width : float
        Full width over length.
    base, tip : float
        Exponents of the width's rise and fall: small is blunt, large is pointed.
    notch, ruffle, bend : float
        Depth of the cut in the tip, waves of the rim, sideways curve; in petal lengths.
    lobes : float
        Waves along the rim.
    twist : float
        One side fuller than the other, as in a pinwheel.
    cup, fold, veins : float
        Relief: rounding across, crease along the middle, ribs.
    """

    width: float
    base: float
    tip: float
    notch: float = 0.0
    ruffle: float = 0.0
    lobes: float = 3.0
    bend: float = 0.05
    twist: float = 0.0
    cup: float = 0.5
    fold: float = 0.25
    veins: float = 0.15


@dataclass(frozen=True)
class Paint:
    """Colours of a petal: from base to tip, a stripe along the middle, dark spots, a rim."""

    along: tuple[Colour, ...]
    stripe: Colour | None = None
    spots: Colour | None = None
    rim: Colour | None = None


@dataclass(frozen=True)
class Petal:
    """A petal before it is lit: RGB and a channel of 1, cover and two slopes, each ``(h, w)``."""

    colour: Array
    cover: Array
    slopes: tuple[Array, Array]
    shadow: Array

    def lit(self, light: tuple[float, float]) -> Array:
        """Return premultiplied RGBA under a light from ``(across, along)`` the petal."""
        shade = 1 + self.slopes[0] * np.float32(light[0]) + self.slopes[1] * np.float32(light[1])
        shade = np.clip(shade, 0.45, 1.35) * self.cover
        return self.colour * cv2.merge([shade, shade, shade, self.cover])


def petal(shape: Shape, paint: Paint, length: float, rng: np.random.Generator) -> Petal:
    """Draw one petal of ``length`` pixels; row `MARGIN` is its base, the middle column its axis."""
    t, s = _axes(shape, length)
    s = s - np.float32(rng.normal(0, shape.bend) * 2 / shape.width) * t * t
    inside, across = _outline(shape, t, s, rng)
    gy, gx = np.gradient(inside)
    cover = np.clip(0.5 + inside / (np.hypot(gx, gy) + 1e-4), 0, 1)
    ribs = _ribs(shape, t, across)
    height = _relief(shape, t, across, ribs, rng)
    up, right = np.gradient(height * np.float32(0.35 * length * min(shape.width, 0.8)))
    colour = _colours(paint, t, across, ribs * np.float32(shape.veins), rng)
    shadow = cv2.GaussianBlur(cover, (0, 0), 2.5) * np.float32(0.42)
    opaque = np.asarray(cv2.cvtColor(colour, cv2.COLOR_RGB2RGBA))
    return Petal(opaque, cover, (right, up), np.asarray(shadow))


def _axes(shape: Shape, length: float) -> tuple[Array, Array]:
    half = max(3.0, length * shape.width / 2)
    rows = np.arange(-MARGIN, round(length * 1.06) + MARGIN, dtype=np.float32) / length
    side = round(half * 1.12) + MARGIN
    columns = np.arange(-side, side + 1, dtype=np.float32) / half
    return rows[:, None], columns[None, :]


def _outline(shape: Shape, t: Array, s: Array, rng: np.random.Generator) -> tuple[Array, Array]:
    """Return how far inside the rim (> 0 is in), and the place across, -1..1 from rim to rim."""
    phase = rng.uniform(0, 2 * np.pi, 3).tolist()
    waves = np.sin(s * shape.lobes * 2.2 + phase[0]) + 0.4 * np.sin(
        s * shape.lobes * 3.7 + phase[1]
    )
    reach = 1 - shape.notch * np.exp(-((s / 0.28) ** 2)) + shape.ruffle * waves
    u = np.clip(t / reach, 0, 1)
    beyond = np.abs(t / reach - u)  # past the tip or before the base
    top = shape.base / (shape.base + shape.tip)
    peak = top**shape.base * (1 - top) ** shape.tip
    wide = u**shape.base * (1 - u) ** shape.tip / np.float32(peak)
    wide = wide * (1 + shape.ruffle * np.sin(t * shape.lobes * 6 + phase[2]))
    wide = wide * (1 + shape.twist * np.tanh(3 * s))
    return wide - np.abs(s) - beyond, np.clip(s / (wide + 0.05), -1.2, 1.2)


def _ribs(shape: Shape, t: Array, across: Array) -> Array:
    """Draw thin lines that fan out from base to tip, 0..1."""
    count = 5 if shape.width < 0.4 else 9
    return np.abs(np.cos(across * np.float32(count * np.pi / 2 * 0.9))) ** 6 * (1 - 0.6 * t)


def _relief(shape: Shape, t: Array, across: Array, ribs: Array, rng: np.random.Generator) -> Array:
    waves = np.sin(across * shape.lobes * 1.6 + rng.uniform(0, 6)) * t
    lie = 0.7 * (t - 0.62) ** 2  # the tip curls away from the light, the base rises to it
    height = shape.cup * across**2 + shape.fold * np.abs(across) - 0.05 * shape.veins * ribs
    return np.asarray(height * 0.5 - lie + 2.2 * shape.ruffle * waves, dtype=np.float32)


def _colours(paint: Paint, t: Array, across: Array, ribs: Array, rng: np.random.Generator) -> Array:
    grain = rng.standard_normal((7, 13), dtype=np.float32)
    fibres = cv2.resize(grain, across.shape[::-1], interpolation=cv2.INTER_LINEAR)
    colour = ramp(t + 0.05 * across**2 + 0.025 * fibres, paint.along)
    if paint.stripe is not None:
        line = smooth(-np.abs(across), -0.34, -0.05) * smooth(-t, -0.98, -0.5)
        _tint(colour, line, paint.stripe)
    if paint.rim is not None:
        rim = smooth(np.maximum(np.abs(across), t * 1.02), 0.72, 1.0) * np.float32(0.8)
        _tint(colour, rim, paint.rim)
    if paint.spots is not None:
        _spot(colour, paint.spots, rng)
    depth = 0.55 + 0.45 * smooth(t, 0.0, 0.3)
    return colour * spread(depth * (1 - ribs) * (1 + 0.035 * fibres))


def _tint(colour: Array, share: Array, other: Colour) -> None:
    """Mix a share ``(h, w)`` of another colour in, in place."""
    rows = colour.reshape(len(colour), -1)
    rest = np.tile(np.asarray(other, dtype=np.float32), colour.shape[1]) - rows
    rows += spread(share).reshape(rows.shape) * rest


def _spot(colour: Array, spots: Colour, rng: np.random.Generator) -> None:
    h, w = colour.shape[:2]
    for t, s in zip(rng.uniform(0.15, 0.62, 26), rng.normal(0, 0.2, 26), strict=True):
        at = (int((w / 2 + s * w * 0.5) * 16), int((MARGIN + t * (h - 2 * MARGIN)) * 16))
        cv2.circle(colour, at, int(16 * h * rng.uniform(0.007, 0.014)), spots, -1, shift=4)
