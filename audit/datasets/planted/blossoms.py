"""A blossom: rings of petals round a centre, tilted a little and lit from one side."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from audit.datasets.planted.canvas import Array, Pen, Point, around, stamp, vary, vector
from audit.datasets.planted.petals import MARGIN, Paint, Petal, petal
from audit.datasets.planted.species import Centre, Species

GOLDEN_ANGLE = 2.399963


def tilt(rng: np.random.Generator, most: float = 0.85) -> Array:
    """Return a projection ``(2, 3)`` onto the picture of what leans by up to ``most`` radians.

    Its columns are the thing's own two axes and the one that rises from its middle.
    """
    towards, lean = rng.uniform(0, 2 * math.pi), rng.uniform(0, most)
    axis = np.array([math.cos(towards), math.sin(towards)])
    flat = np.eye(2) - (1 - math.cos(lean)) * np.outer(axis, axis)
    rise = axis[:, None] * math.sin(lean)
    return np.concatenate([flat, rise], axis=1).astype(np.float32)


def axes(lean: Array, angle: float) -> tuple[Array, Array]:
    """Return unit vectors along and across a petal at ``angle``, as the picture shows them."""
    c, s = math.cos(angle), math.sin(angle)
    return lean[:, :2] @ vector(c, s), lean[:, :2] @ vector(-s, c)


def plant_paint(species: Species, rng: np.random.Generator) -> Paint:
    """Return one of the palettes of the species, varied as from plant to plant."""
    paint = species.paints[rng.integers(len(species.paints))]
    lighter, shift = rng.normal(1, 0.06), rng.normal(0, 0.025, 3)
    along = [np.clip(np.asarray(c) * lighter + shift, 0.01, 1).tolist() for c in paint.along]
    return replace(paint, along=tuple((r, g, b) for r, g, b in along))


def draw_blossom(
    layer: Array,
    species: Species,
    paint: Paint,
    centre: Point,
    radius: float,
    light: float,
    rng: np.random.Generator,
) -> None:
    """Draw one blossom of ``radius`` pixels; ``light`` is the way it shines, an angle."""
    lean = tilt(rng)
    most = int(rng.integers(species.petals[0], species.petals[1] + 1))
    for ring, scale in enumerate(species.rings):
        count = max(5, round(most * math.sqrt(scale)))
        length = radius * (scale - species.start)
        kinds = [petal(species.shape, paint, length, rng) for _ in range(max(1, 3 - ring))]
        turn = rng.uniform(0, 2 * math.pi)
        for k in rng.permutation(count).tolist():
            angle = turn + 2 * math.pi * k / count + rng.normal(0, 0.7 / count)
            base, along = _reach(species, scale * rng.normal(1, 0.035), angle, lean, radius)
            kind = kinds[int(rng.integers(len(kinds)))]
            across = axes(lean, angle)[1]
            place(layer, kind, vector(*centre) + base, along / length, across, light)
    top = vector(*centre) + lean[:, 2] * np.float32(species.dome * radius)
    draw_centre(layer, species.centre, top, radius, lean, rng)


def _reach(
    species: Species, scale: float, angle: float, lean: Array, radius: float
) -> tuple[Array, Array]:
    """Return where a petal starts, from the blossom's middle, and the way from there to its tip."""
    c, s = math.cos(angle), math.sin(angle)
    base = lean @ vector(c * species.start, s * species.start, species.dome)
    tip = lean @ vector(c * scale, s * scale, species.dome * (1 - scale))
    return base * np.float32(radius), (tip - base) * np.float32(radius)


def place(
    layer: Array, kind: Petal, base: Array, along: Array, across: Array, light: float
) -> None:
    """Stamp a petal that starts at ``base`` and whose axes lie ``along`` and ``across``."""
    linear = np.stack([across, along], axis=1)
    origin = np.array([(kind.cover.shape[1] - 1) / 2, MARGIN], dtype=np.float32)
    matrix = np.concatenate([linear, (base - linear @ origin)[:, None]], axis=1)
    towards = vector(math.cos(light), math.sin(light))
    lights = (float(across @ towards), float(along @ towards))
    stamp(layer, kind.lit(lights), matrix.astype(np.float32), kind.shadow)


def draw_centre(
    layer: Array, centre: Centre, at: Array, radius: float, lean: Array, rng: np.random.Generator
) -> None:
    """Draw the middle of a blossom."""
    if centre.kind == "none":
        return
    size = centre.radius * radius
    side = 2 * math.ceil(size * 1.15) + 5
    pen = Pen(side, side)
    {"disc": _disc, "stamens": _stamens, "ring": _ring, "eye": _eye}[centre.kind](
        pen, centre, side / 2, size, rng
    )
    offset = at - lean[:, :2] @ vector(side / 2, side / 2)
    stamp(layer, pen.sprite(), np.concatenate([lean[:, :2], offset[:, None]], axis=1))


def _disc(pen: Pen, centre: Centre, mid: float, size: float, rng: np.random.Generator) -> None:
    """Draw florets in the sunflower's spiral, each with its shade and its light."""
    inner, rim = (np.asarray(c) for c in centre.colours)
    pen.dot((mid, mid), size, _rgb(rim * 0.5))
    count = int(np.clip(size * 4.5, 30, 150))
    grain = 1.0 * size / math.sqrt(count)
    for k in range(count):
        far = math.sqrt((k + 0.5) / count)
        at = around((mid, mid), far * size * 0.95, k * GOLDEN_ANGLE)
        dome = 1.1 - 0.3 * far - 0.25 * (k % 3 == 0) + rng.normal(0, 0.07)
        pen.dot(at, grain, _rgb((inner + (rim - inner) * far) * dome * 0.75))
        pen.dot((at[0] - grain * 0.25, at[1] - grain * 0.3), grain * 0.55, _rgb(inner * dome * 1.1))


def _stamens(pen: Pen, centre: Centre, mid: float, size: float, rng: np.random.Generator) -> None:
    """Draw six long filaments with anthers, and the pistil."""
    stalk, anther = centre.colours
    turn = rng.uniform(0, 2 * math.pi)
    pen.dot((mid, mid), size * 0.14, _rgb(np.asarray(stalk) * 0.75))
    for k in range(7):
        angle = turn + k * math.pi / 3.5 + rng.normal(0, 0.12)
        end = around((mid, mid), size * rng.uniform(0.7, 0.95), angle)
        bow = around((mid, mid), size * 0.5, angle + 0.18)
        pen.line([(mid, mid), bow, end], vary(stalk, rng), max(2.0, size * 0.055))
        across = angle + math.pi / 2 + rng.normal(0, 0.4)
        ends = [around(end, size * 0.13, across), around(end, -size * 0.13, across)]
        pen.line(ends, vary(anther, rng), max(3.0, size * 0.1))


def _ring(pen: Pen, centre: Centre, mid: float, size: float, rng: np.random.Generator) -> None:
    """Draw many dark stamens round a ribbed green capsule."""
    capsule, dark = centre.colours
    for k in range(70):
        angle, far = k * GOLDEN_ANGLE, size * rng.uniform(0.55, 1.0)
        end = around((mid, mid), far, angle)
        pen.line([(mid, mid), end], vary(dark, rng, 0.1), max(1.0, size * 0.03))
        pen.dot(end, size * 0.06, vary(dark, rng, 0.5))
    pen.dot((mid, mid), size * 0.42, _rgb(np.asarray(capsule) * 0.55))
    pen.dot((mid - size * 0.04, mid - size * 0.05), size * 0.34, capsule)
    for k in range(9):
        rib = around((mid, mid), size * 0.33, k * math.pi / 4.5)
        pen.line([(mid, mid), rib], _rgb(np.asarray(capsule) * 0.6), max(1.0, size * 0.05))


def _eye(pen: Pen, centre: Centre, mid: float, size: float, rng: np.random.Generator) -> None:
    """Draw a pale star round the mouth of the tube."""
    pale, dark = centre.colours
    turn = rng.uniform(0, 2 * math.pi)
    for k in range(5):
        angle = turn + k * math.pi * 0.4
        tip = around((mid, mid), size, angle)
        sides = [around((mid, mid), size * 0.55, angle + side) for side in (-0.6, 0.6)]
        pen.polygon([tip, sides[0], (mid, mid), sides[1]], vary(pale, rng, 0.03))
    pen.dot((mid, mid), size * 0.5, _rgb(np.asarray(pale) * 0.9))
    pen.dot((mid, mid), size * 0.27, dark)


def _rgb(colour: NDArray[np.float64]) -> tuple[float, float, float]:
    r, g, b = np.clip(colour, 0, 1).tolist()
    return r, g, b
