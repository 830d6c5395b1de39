"""Backdrops out of focus: foliage, grass, soil, sky, wall, water, shade. None knows the species."""

from __future__ import annotations

import math
from collections.abc import Callable

import cv2
import numpy as np

from audit.datasets.planted.blossoms import axes, place, tilt
from audit.datasets.planted.canvas import (
    Array,
    Colour,
    Pen,
    blank,
    blur,
    fractal,
    over,
    places,
    ramp,
    smooth,
    spread,
    vary,
    vector,
)
from audit.datasets.planted.petals import Paint, Petal, Shape, petal

GREENS: tuple[tuple[Colour, ...], ...] = (
    ((0.03, 0.07, 0.03), (0.12, 0.26, 0.09), (0.33, 0.48, 0.17), (0.6, 0.68, 0.32)),
    ((0.02, 0.06, 0.05), (0.08, 0.22, 0.14), (0.24, 0.4, 0.26), (0.5, 0.62, 0.44)),
    ((0.06, 0.08, 0.03), (0.24, 0.3, 0.1), (0.45, 0.5, 0.2), (0.72, 0.7, 0.36)),
)
LEAF = Shape(0.42, 0.6, 0.8, bend=0.12, cup=0.25, fold=0.6, veins=0.22)


def backdrop(size: int, light: float, rng: np.random.Generator) -> Array:
    """Draw a backdrop, float32 ``(size, size, 3)``, 0..1, brighter on the side of the light."""
    soft = SCENES[rng.integers(len(SCENES))](size // 2, rng)  # out of focus: half the size will do
    scene = cv2.resize(soft, (size, size), interpolation=cv2.INTER_CUBIC)
    x, y = places(size)
    side = x * np.float32(math.cos(light)) + y * np.float32(math.sin(light))
    glow = 1 + 0.16 * side + 0.25 * (fractal(rng, size, 2, 2) - 0.5)
    scene = scene * spread(glow * np.float32(rng.uniform(0.85, 1.15)))
    return np.clip(scene, 0, 1, out=scene)


def _foliage(size: int, rng: np.random.Generator) -> Array:
    greens = GREENS[rng.integers(len(GREENS))]
    scene = ramp(fractal(rng, size, 3, 4) * 1.1 - 0.1, greens)
    far = blur(over(_leaves(size, greens, 26, (0.1, 0.25), rng), scene), size * 0.03)
    near = _leaves(size, greens, 14, (0.2, 0.4), rng)
    scene = over(blur(near, size * rng.uniform(0.008, 0.03)), far)
    return _bokeh(scene, greens[-1], int(rng.integers(0, 16)), rng)


def _shade(size: int, rng: np.random.Generator) -> Array:
    greens = GREENS[rng.integers(len(GREENS))]
    scene = ramp(fractal(rng, size, 2, 4) * 0.55 - 0.12, greens)
    leaves = _leaves(size, greens, 10, (0.15, 0.4), rng)
    scene = over(blur(leaves, size * 0.035) * np.float32(0.5), scene)
    return _bokeh(scene, vary((0.6, 0.6, 0.4), rng, 0.2), int(rng.integers(6, 22)), rng)


def _grass(size: int, rng: np.random.Generator) -> Array:
    greens = GREENS[rng.integers(len(GREENS))]
    scene = ramp(fractal(rng, size, 3, 5, 0.5) * 0.9 - 0.1, greens)
    for blades, sigma in ((90, 0.03), (60, 0.018), (24, 0.011)):
        pen = Pen(size, size)
        for _ in range(blades):
            _blade(pen, size, vary(greens[1 + int(rng.random() < 0.5)], rng, 0.15), rng)
        scene = over(blur(pen.sprite(), size * sigma), scene * np.float32(0.92))
    return scene


def _blade(pen: Pen, size: int, colour: Colour, rng: np.random.Generator) -> None:
    x, lean = rng.uniform(-0.1, 1.1) * size, rng.normal(0, 0.25) * size
    foot, tall = rng.uniform(0.6, 1.3) * size, rng.uniform(0.4, 1.0) * size
    path = [(x + lean * k * k, foot - tall * k) for k in (0, 0.25, 0.5, 0.75, 1)]
    pen.line(path, colour, size * rng.uniform(0.012, 0.03))


def _soil(size: int, rng: np.random.Generator) -> Array:
    browns = ((0.1, 0.07, 0.05), (0.27, 0.19, 0.13), (0.45, 0.34, 0.25), (0.66, 0.55, 0.43))
    scene = ramp(fractal(rng, size, 4, 6) * 1.1 - 0.15, browns)
    pen = Pen(size, size)
    for _ in range(90):
        x, y, r = rng.uniform(0, size), rng.uniform(0, size), size * rng.uniform(0.004, 0.025)
        stone = vary(browns[rng.integers(1, 4)], rng, 0.15)
        pen.dot((x + r * 0.3, y + r * 0.4), r * 1.1, browns[0])
        pen.dot((x, y), r, stone)
    scene = over(blur(pen.sprite(), size * 0.005), scene)
    litter = _leaves(size, GREENS[2], int(rng.integers(0, 12)), (0.06, 0.2), rng)
    return blur(over(litter, scene), size * rng.uniform(0.004, 0.015))


def _sky(size: int, rng: np.random.Generator) -> Array:
    down = np.linspace(0, 1, size, dtype=np.float32)[:, None] + np.zeros(size, np.float32)
    blues = (vary((0.3, 0.5, 0.78), rng), vary((0.56, 0.72, 0.88), rng), (0.84, 0.88, 0.9))
    clouds = smooth(fractal(rng, size, 2, 5, 1.6), 0.5, 0.85) * np.float32(rng.uniform(0.2, 0.9))
    scene = ramp(down, blues) * spread(1 - clouds) + spread(clouds * np.float32(0.93))
    greens = GREENS[rng.integers(len(GREENS))]
    edge = np.float32(rng.uniform(0.6, 1.2)) - 0.3 * fractal(rng, size, 4, 3)
    hill = spread(smooth(down - edge, -0.03, 0.06))
    wood = ramp(fractal(rng, size, 5, 4) * 0.9 - 0.1, greens)
    return blur(scene * (1 - hill) + hill * wood, size * 0.018)


def _wall(size: int, rng: np.random.Generator) -> Array:
    paints: tuple[Colour, ...] = ((0.8, 0.74, 0.64), (0.62, 0.64, 0.64), (0.72, 0.6, 0.5))
    paint = np.asarray(vary(paints[rng.integers(len(paints))], rng), dtype=np.float32)
    plaster = 0.82 + 0.3 * fractal(rng, size, 3, 6) + 0.1 * (fractal(rng, size, 40, 2) - 0.5)
    scene = paint * plaster[..., None]
    shade = blur(_leaves(size, GREENS[0], 9, (0.25, 0.5), rng), size * 0.03)[..., 3:]
    return scene * (1 - np.float32(rng.uniform(0.1, 0.5)) * shade)


def _water(size: int, rng: np.random.Generator) -> Array:
    deep: tuple[Colour, ...] = (vary((0.05, 0.13, 0.14), rng), vary((0.2, 0.36, 0.4), rng))
    ripples = fractal(rng, size, 4, 4, 2.0)
    scene = ramp(ripples * 0.9, (*deep, vary((0.42, 0.55, 0.56), rng), (0.78, 0.85, 0.84)))
    down = np.linspace(1.15, 0.8, size, dtype=np.float32)[:, None, None]
    return blur(scene * down, size * rng.uniform(0.008, 0.02))


def _leaves(
    size: int,
    greens: tuple[Colour, ...],
    count: int,
    lengths: tuple[float, float],
    rng: np.random.Generator,
) -> Array:
    """Return a layer of leaves strewn at random; lengths in shares of the size."""
    layer = blank(size)
    kinds = [leaf(greens, size * rng.uniform(*lengths), rng) for _ in range(4 if count else 0)]
    for _ in range(count):
        at = (rng.uniform(-0.1, 1.1) * size, rng.uniform(-0.1, 1.1) * size)
        along, across = axes(tilt(rng, 1.1), rng.uniform(0, 2 * math.pi))
        place(layer, kinds[rng.integers(4)], vector(*at), along, across, light=1.2)
    return layer


def leaf(greens: tuple[Colour, ...], length: float, rng: np.random.Generator) -> Petal:
    """Return a leaf ``length`` pixels long in one of the greens."""
    k = int(rng.integers(1, len(greens) - 1))
    along = (vary(greens[k], rng), vary(greens[k], rng), vary(greens[k + 1], rng))
    return petal(LEAF, Paint(along, stripe=vary(greens[-1], rng)), length, rng)


def _bokeh(scene: Array, colour: Colour, count: int, rng: np.random.Generator) -> Array:
    """Draw bright discs: lights far out of focus."""
    size = scene.shape[0]
    lights = np.zeros_like(scene)
    radius = rng.uniform(0.025, 0.07)
    for _ in range(count):
        x, y = (int(16 * v) for v in rng.uniform(0, size, 2))
        r = int(16 * size * radius * rng.uniform(0.7, 1.25))
        left, top = max(0, (x - r) // 16 - 1), max(0, (y - r) // 16 - 1)
        part = lights[top : (y + r) // 16 + 3, left : (x + r) // 16 + 3]
        disc = np.zeros(part.shape[:2], np.float32)
        at = (x - 16 * left, y - 16 * top)
        cv2.circle(disc, at, r, float(rng.uniform(0.08, 0.4)), -1, shift=4)
        part += disc[..., None] * vector(*vary(colour, rng, 0.12))
    return 1 - (1 - np.clip(scene, 0, 1)) * (1 - np.clip(blur(lights, size * 0.006), 0, 0.8))


SCENES: tuple[Callable[[int, np.random.Generator], Array], ...] = (
    _foliage,
    _foliage,
    _shade,
    _grass,
    _soil,
    _sky,
    _wall,
    _water,
)
