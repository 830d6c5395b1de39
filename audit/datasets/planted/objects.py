"""Things that happen to stand beside a flower: a butterfly, a toadstool, a snail, a ball."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from audit.datasets.planted.canvas import Array, Colour, Pen, around, blur, stamp, vary

_DARK: Colour = (0.1, 0.08, 0.08)


def draw_object(size: int, blossom: Array, rng: np.random.Generator, look: int = 0) -> Array:
    """Draw one thing on a layer ``(size, size, 4)`` where the blossom leaves most room.

    Parameters
    ----------
    blossom : float32 ``(size, size)``
        Cover of the blossom, 0..1.
    look : int
        Index into `OBJECTS`.
    """
    side = 3 * size // 4
    pen = Pen(side, side)
    OBJECTS[look](pen, side, rng)
    scale = size * rng.uniform(0.24, 0.3) / side
    x, y = _free_place(blossom, rng)
    turn = rng.normal(0, 0.25)
    linear = scale * np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    offset = np.array([x, y]) - linear @ np.array([side / 2, side / 2])
    matrix = np.concatenate([linear, offset[:, None]], axis=1).astype(np.float32)
    layer = np.zeros((size, size, 4), dtype=np.float32)
    stamp(layer, blur(pen.sprite(), 0.4 / scale), matrix)
    return layer


def _free_place(blossom: Array, rng: np.random.Generator) -> tuple[float, float]:
    """Return the freest of twelve places, off the edges."""
    size = blossom.shape[0]
    reach = round(size * 0.13)
    places = rng.uniform(reach, size - reach, (12, 2))

    def covered(place: Array) -> float:
        x, y = place.astype(int)
        return float(blossom[y - reach : y + reach, x - reach : x + reach].sum())

    x, y = min(places, key=covered).tolist()
    return x, y


def _butterfly(pen: Pen, side: int, rng: np.random.Generator) -> None:
    wing, mid = vary((0.16, 0.42, 0.85), rng), (side / 2, side / 2)
    for angle, radius in ((-0.75, 0.24), (0.75, 0.19)):
        for flip in (0, 1):
            at = around(mid, side * 0.23, math.pi - angle if flip else angle)
            pen.dot(at, side * (radius + 0.02), _DARK)
            pen.dot(at, side * radius, wing)
            pen.dot(at, side * radius * 0.35, (0.95, 0.95, 0.9))
    pen.line([(mid[0], side * 0.25), (mid[0], side * 0.78)], _DARK, side * 0.06)


def _toadstool(pen: Pen, side: int, rng: np.random.Generator) -> None:
    cap, x = vary((0.85, 0.1, 0.08), rng), side / 2
    stem = [(x - side * 0.09, side * 0.45), (x + side * 0.09, side * 0.45)]
    pen.polygon([*stem, (x + side * 0.13, side * 0.95), (x - side * 0.13, side * 0.95)],
                vary((0.92, 0.9, 0.82), rng, 0.02))  # fmt: skip
    rim = [around((x, side * 0.5), side * 0.42, -math.pi * k / 16) for k in range(17)]
    pen.polygon(rim, cap)
    for k, far in ((3, 0.28), (8, 0.3), (13, 0.28), (6, 0.12), (11, 0.13)):
        at = around((x, side * 0.47), side * far, -math.pi * k / 16)
        pen.dot(at, side * 0.045, (0.97, 0.96, 0.92))


def _snail(pen: Pen, side: int, rng: np.random.Generator) -> None:
    body, shell = vary((0.62, 0.52, 0.36), rng), vary((0.72, 0.42, 0.16), rng)
    foot = [(side * 0.08, side * 0.8), (side * 0.6, side * 0.82), (side * 0.88, side * 0.55)]
    pen.line(foot, body, side * 0.14)
    for tip in (0.84, 0.96):
        pen.line([(side * 0.87, side * 0.55), (side * tip, side * 0.33)], body, side * 0.03)
        pen.dot((side * tip, side * 0.33), side * 0.025, _DARK)
    centre = (side * 0.42, side * 0.5)
    pen.dot(centre, side * 0.3, shell)
    turns = [around(centre, side * (0.27 - 0.05 * t), 2 + 1.2 * t) for t in np.arange(0, 5, 0.1)]
    pen.line(turns, (0.35, 0.18, 0.07), side * 0.035)


def _ball(pen: Pen, side: int, rng: np.random.Generator) -> None:
    centre, radius = (side / 2, side / 2), side * 0.42
    sectors = (vary((0.95, 0.95, 0.92), rng, 0.02), vary((0.1, 0.55, 0.35), rng))
    pen.dot(centre, radius, sectors[0])
    turn = rng.uniform(0, math.pi)
    for k in range(0, 6, 2):
        arc = [around(centre, radius, turn + math.pi / 3 * (k + t / 8)) for t in range(9)]
        pen.polygon([centre, *arc], sectors[1])
    pen.dot(centre, radius * 0.2, sectors[0])


OBJECTS: tuple[Callable[[Pen, int, np.random.Generator], None], ...] = (
    _butterfly,
    _toadstool,
    _snail,
    _ball,
)
