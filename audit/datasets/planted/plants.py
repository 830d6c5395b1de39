"""Parts of the plant other than the blossom: stem, leaves, buds. They count as background."""

from __future__ import annotations

import math

import numpy as np

from audit.datasets.planted.blossoms import axes, place, tilt
from audit.datasets.planted.canvas import (
    Array,
    Colour,
    Pen,
    Point,
    around,
    blank,
    vary,
    vector,
)
from audit.datasets.planted.petals import Paint, Petal, Shape, petal
from audit.datasets.planted.scenes import GREENS, leaf

Head = tuple[Point, float]  # centre and radius of a blossom, in pixels
BUD = Shape(0.5, 0.5, 0.6, bend=0.03, cup=0.9, fold=0.1, veins=0.2)


def greenery(size: int, heads: list[Head], light: float, rng: np.random.Generator) -> Array:
    """Return a layer of stems, leaves and buds below the blossoms at ``heads`` (centre, radius)."""
    greens = GREENS[rng.integers(len(GREENS))]
    layer, pen = blank(size), Pen(size, size)
    for centre, radius in heads:
        foot = (centre[0] + rng.normal(0, 0.12) * size, size * 1.05)
        path = _curve(centre, foot, rng.normal(0, 0.1) * size)
        kind = leaf(greens, max(30.0, radius), rng)
        for at in path[3:-1:3]:
            _leaf_pair(layer, kind, at, light, rng)
        _stem(pen, path, radius * 0.09 + 3, vary(greens[1], rng))
    tips = [_stalk(pen, heads[0], size, greens, rng) for _ in range(int(rng.integers(0, 3)))]
    pen.lay_on(layer)
    for tip in tips:
        _bud(layer, tip, max(16.0, heads[0][1] * 0.32), greens, light, rng)
    return layer


def front_leaves(
    size: int, head: Head, count: int, light: float, rng: np.random.Generator
) -> Array:
    """Return a layer of leaves that reach in front of a blossom from its rim."""
    layer, greens = blank(size), GREENS[rng.integers(len(GREENS))]
    centre, radius = head
    for _ in range(count):
        angle = rng.uniform(0, 2 * math.pi)
        foot = around(centre, radius * rng.uniform(1.2, 1.5), angle)
        kind = leaf(greens, radius * rng.uniform(0.7, 1.1), rng)
        along, across = axes(tilt(rng), angle + math.pi + rng.normal(0, 0.5))
        place(layer, kind, vector(*foot), along, across, light)
    return layer


def _curve(start: Point, end: Point, bow: float) -> list[Point]:
    steps = np.linspace(0, 1, 14)
    x = start[0] + (end[0] - start[0]) * steps + bow * np.sin(steps * math.pi)
    y = start[1] + (end[1] - start[1]) * steps
    return list(zip(x.tolist(), y.tolist(), strict=True))


def _stem(pen: Pen, path: list[Point], width: float, colour: Colour) -> None:
    """Draw a round stalk: dark, then the colour, then a light line."""
    r, g, b = colour
    pen.line(path, (r * 0.55, g * 0.55, b * 0.55), width)
    pen.line([(x - width * 0.1, y) for x, y in path], colour, width * 0.65)
    pen.line([(x - width * 0.2, y) for x, y in path], (r * 1.5, g * 1.5, b * 1.5), width * 0.2)


def _leaf_pair(
    layer: Array, kind: Petal, at: Point, light: float, rng: np.random.Generator
) -> None:
    scale = np.float32(rng.uniform(0.6, 1.15))
    for side in (-1, 1):
        if rng.random() < 0.75:
            angle = math.pi / 2 + side * (math.pi / 2 + rng.uniform(-0.2, 0.8))
            along, across = axes(tilt(rng) * scale, angle)
            place(layer, kind, vector(*at), along, across, light)


def _stalk(
    pen: Pen, head: Head, size: int, greens: tuple[Colour, ...], rng: np.random.Generator
) -> Point:
    """Draw a thin stalk beside a blossom; return its tip."""
    centre, radius = head
    tip = around(centre, radius * rng.uniform(1.2, 1.7), rng.uniform(-math.pi, 0))
    foot = (centre[0] + rng.normal(0, 0.1) * size, size * 1.05)
    _stem(pen, _curve(tip, foot, rng.normal(0, 0.08) * size), 4, vary(greens[1], rng))
    return tip


def _bud(
    layer: Array,
    tip: Point,
    length: float,
    greens: tuple[Colour, ...],
    light: float,
    rng: np.random.Generator,
) -> None:
    """Draw a closed green bud; it shows no petal, so it gives no species away."""
    paint = Paint((vary(greens[1], rng), vary(greens[2], rng), vary(greens[3], rng)))
    kind = petal(BUD, paint, length, rng)
    for turn in (-0.35, 0.35, 0.0):
        along, across = axes(np.eye(2, 3, dtype=np.float32), -math.pi / 2 + turn)
        place(layer, kind, vector(*tip), along, across, light)
