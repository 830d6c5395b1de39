"""Things that stand behind the foreground, in part hidden by it: a pot, a cane, a bottle."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from audit.datasets.dataset import BACKGROUND
from audit.datasets.stamps.base import Colour, Draw, Layer, Picture, Point, behind

Thing = Callable[[Layer, float, float, float, np.random.Generator], None]


def thing(sketch: Thing) -> Draw:
    """Return one thing behind the foreground, beside its middle where more background is."""

    def draw(image: Picture, trimap: Picture, rng: np.random.Generator) -> Picture:
        layer, (height, width) = Layer(image), image.shape[:2]
        side = min(height, width)
        x = _beside(trimap, rng)
        sketch(layer, x, height * rng.uniform(0.93, 1.03), side * rng.uniform(0.9, 1.1), rng)
        return behind(image, layer.over(rng), trimap)

    return draw


def _beside(trimap: Picture, rng: np.random.Generator) -> float:
    """Return a place from the left, of three tried the one with most background above it."""
    width = trimap.shape[1]
    reach, free = max(1, width // 8), (trimap == BACKGROUND).mean(axis=0)
    tried = rng.uniform(0.15, 0.85, 3) * width
    return float(max(tried, key=lambda x: free[max(0, int(x) - reach) : int(x) + reach].mean()))


def pot(layer: Layer, x: float, foot: float, side: float, rng: np.random.Generator) -> None:
    """Draw a flowerpot of clay: wider at its rim, lit from the left."""
    wide, tall = side * 0.19, side * 0.36
    for k in range(12):
        a, b = (2 * (k + j) / 12 - 1 for j in (0, 1))
        top, rim = foot - tall, side * 0.07
        layer.polygon(_slab(x, foot, top, wide, a, b, 0.7), _lit((196, 98, 62), a))
        layer.polygon(_slab(x, top, top - rim, wide * 1.12, a, b), _lit((176, 84, 52), a))


def cane(layer: Layer, x: float, foot: float, side: float, rng: np.random.Generator) -> None:
    """Draw a cane of bamboo from the ground to the top, with knots and a blue tie."""
    lean, wide = rng.normal(0, 0.05) * side, side * 0.045
    for shift, shade in ((0.0, -0.9), (-0.15, 0.1), (-0.3, 0.7)):
        start, end = (x + shift * wide, foot), (x + lean + shift * wide, -side * 0.05)
        layer.line(start, end, wide * (1 - abs(shift) * 2), _lit((205, 178, 96), -shade))
    for k in range(7):
        at = (x + lean * k / 7, foot - foot * k / 7 - rng.uniform(0, 0.03) * side)
        layer.disc(at, wide * 0.56, (142, 116, 58))
    tie = (x + lean * 0.45, foot * 0.55)
    layer.line((tie[0] - wide, tie[1]), (tie[0] + wide, tie[1] - wide / 2), wide, (30, 90, 190))


def bottle(layer: Layer, x: float, foot: float, side: float, rng: np.random.Generator) -> None:
    """Draw a bottle of green glass, through which the background shines, with a label."""
    wide, tall = side * 0.105, side * 0.42
    for k in range(10):
        a, b = (2 * (k + j) / 10 - 1 for j in (0, 1))
        glass, neck = _lit((44, 120, 66), a), 0.36
        middle, high = foot - tall * 0.62, foot - tall * 0.7
        layer.polygon(_slab(x, foot, middle, wide, a, b), glass, 0.85)
        layer.polygon(_slab(x, middle, high, wide * neck, a, b, 1 / neck), glass, 0.85)
        layer.polygon(_slab(x, high, foot - tall, wide * neck, a, b), glass, 0.85)
        label = _slab(x, foot - tall * 0.18, foot - tall * 0.45, wide, a, b)
        layer.polygon(label, _lit((232, 222, 190), a))


def crate(layer: Layer, x: float, foot: float, side: float, rng: np.random.Generator) -> None:
    """Draw a wooden crate of four boards."""
    wide, board = side * 0.24, side * 0.1
    for k in range(4):
        low = foot - k * board * 1.12
        wood = _lit((186, 148, 98), rng.uniform(-0.5, 0.5))
        layer.polygon(_slab(x, low, low - board, wide, -1, 1), wood)
    for at in (-0.85, 0.85):
        post = _slab(x + at * wide, foot, foot - 4.5 * board, wide * 0.12, -1, 1)
        layer.polygon(post, (120, 90, 56))


def _slab(
    x: float, low: float, high: float, wide: float, a: float, b: float, below: float = 1
) -> list[Point]:
    """Return the part ``a..b`` (-1..1) of a body's width, ``below`` times as wide at its foot."""
    return [
        (x + a * wide * below, low),
        (x + b * wide * below, low),
        (x + b * wide, high),
        (x + a * wide, high),
    ]


def _lit(colour: Colour, across: float) -> Colour:
    """Return a round body's colour at -1..1 across it; the light comes from the left."""
    gain = 0.55 + 0.6 * math.cos((across + 0.45) * 1.1)
    r, g, b = (min(255.0, c * gain) for c in colour)
    return r, g, b
