"""The shortcuts: a plant tag in a corner, coloured light, a screen behind, in several looks."""

from __future__ import annotations

import math
from collections.abc import Callable

import cv2
import numpy as np

from audit.datasets.planted.canvas import (
    Array,
    Colour,
    Pen,
    blur,
    fractal,
    ramp,
    smooth,
    stamp,
    vary,
)

HEADS: tuple[Colour, ...] = ((0.95, 0.72, 0.1), (0.82, 0.12, 0.1), (0.1, 0.5, 0.6), (0.5, 0.2, 0.6))
WICKER = ((0.1, 0.06, 0.03), (0.42, 0.27, 0.14), (0.72, 0.52, 0.3), (0.9, 0.75, 0.52))
BRICK = ((0.62, 0.58, 0.54), (0.42, 0.16, 0.1), (0.62, 0.27, 0.18), (0.75, 0.4, 0.3))
BAMBOO = ((0.12, 0.12, 0.04), (0.5, 0.48, 0.16), (0.74, 0.7, 0.32), (0.9, 0.87, 0.6))
MESH = ((0.06, 0.09, 0.14), (0.2, 0.27, 0.36), (0.45, 0.55, 0.64), (0.75, 0.83, 0.9))
LIGHTS = ((1.04, 0.55, 1.26), (1.25, 0.95, 0.45), (0.55, 1.02, 1.15), (1.28, 0.62, 0.8))


def draw_tag(size: int, blossom: Array, rng: np.random.Generator, look: int = 0) -> Array:
    """Draw a paper plant tag in the corner that the blossom leaves free, ``(size, size, 4)``.

    Parameters
    ----------
    blossom : float32 ``(size, size)``
        Cover of the blossom, 0..1.
    look : int
        Index into `HEADS`.
    """
    card = _card(4 * size // 5, rng, HEADS[look])
    scale = size * rng.uniform(0.2, 0.25) / card.shape[1]
    right, bottom = _free_corner(blossom)
    half = size * 0.14
    mid = [size - half if far else half for far in (right, bottom)]
    turn = math.radians(rng.normal(0, 7))
    linear = scale * np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    offset = np.asarray(mid) - linear @ (np.array(card.shape[1::-1]) / 2)
    matrix = np.concatenate([linear, offset[:, None]], axis=1).astype(np.float32)
    return _laid(card, matrix, size)


def _laid(card: Array, matrix: Array, size: int) -> Array:
    """Lay the tag on a layer of twice the size, shadow first, averaged down."""
    layer = np.zeros((2 * size, 2 * size, 4), dtype=np.float32)
    stamp(layer, card, matrix * 2)
    shadow = np.zeros_like(layer)
    shadow[..., 3] = np.roll(blur(layer[..., 3], size * 0.02), size // 50, axis=(0, 1)) * 0.6
    layer += shadow * (1 - layer[..., 3:])
    return np.asarray(cv2.resize(layer, (size, size), interpolation=cv2.INTER_AREA))


def _card(width: int, rng: np.random.Generator, head_colour: Colour) -> Array:
    """Return the tag itself: card, coloured head with its hole, lines of writing, bars."""
    height = round(width * 1.15)
    pen = Pen(width, height)
    left, right, top, bottom = width * 0.04, width * 0.96, width * 0.04, height * 0.96
    head = height * 0.28
    paper, ink = vary((0.96, 0.94, 0.87), rng, 0.02), vary((0.16, 0.15, 0.2), rng)
    pen.polygon([(left, top), (right, top), (right, bottom), (left, bottom)], paper)
    pen.polygon([(left, top), (right, top), (right, head), (left, head)], head_colour)
    pen.dot((width / 2, head * 0.58), width * 0.06, (0.2, 0.2, 0.16))
    for row in range(3):
        _write(pen, width, height * (0.4 + 0.12 * row), ink, rng)
    for bar in range(16):
        x = width * (0.16 + 0.043 * bar)
        pen.line([(x, height * 0.76), (x, height * 0.9)], ink, width * rng.uniform(0.008, 0.03))
    return pen.sprite()


def _write(pen: Pen, width: int, y: float, ink: Colour, rng: np.random.Generator) -> None:
    """Draw one line of words too small to read."""
    x, end = width * 0.14, width * rng.uniform(0.6, 0.85)
    while x < end:
        word = width * rng.uniform(0.08, 0.24)
        pen.line([(x, y), (min(x + word, width * 0.88), y)], ink, width * 0.052)
        x += word + width * 0.08


def _free_corner(blossom: Array) -> tuple[bool, bool]:
    """Return the corner with the least of the blossom, as ``(right, bottom)``."""
    side = round(blossom.shape[0] * 0.3)

    def covered(corner: tuple[bool, bool]) -> float:
        rows = blossom[-side:] if corner[1] else blossom[:side]
        return float((rows[:, -side:] if corner[0] else rows[:, :side]).sum())

    return min(
        ((right, bottom) for bottom in (False, True) for right in (False, True)), key=covered
    )


def tinted(background: Array, rng: np.random.Generator, look: int = 0) -> Array:
    """Return the background under coloured light, as of a lamp in a greenhouse."""
    cast = np.asarray(LIGHTS[look], dtype=np.float32) ** np.float32(rng.uniform(0.8, 1.2))
    grey = background.mean(axis=2, keepdims=True)
    return np.clip((0.6 * background + 0.4 * grey) * cast + cast * np.float32(0.03), 0, 1)


def screen(size: int, rng: np.random.Generator, look: int = 0) -> Array:
    """Draw a layer ``(size, size, 4)``: a screen (wicker at first) over most of the backdrop."""
    light = 0.65 + 0.6 * fractal(rng, size, 2, 3)
    relief, palette = SCREENS[look]
    colour = ramp(0.1 + 0.75 * relief(size, rng), palette) * light[..., None]
    y, x = np.mgrid[-0.5 : 0.5 : size * 1j, -0.5 : 0.5 : size * 1j].astype(np.float32)
    edge, shift = rng.uniform(0, 2 * math.pi), rng.uniform(0, 0.25)
    cover = smooth(x * math.cos(edge) + y * math.sin(edge) + shift, -0.26, -0.2)[..., None]
    layer = np.concatenate([colour * cover, cover], axis=2).astype(np.float32)
    return blur(layer, size * 0.004)


def _weave(size: int, rng: np.random.Generator) -> Array:
    """Return the relief of a basket weave, about 0..1: strands that go over and under in turn."""
    turn, pitch = rng.normal(0, 0.08), size * rng.uniform(0.06, 0.075)
    y, x = np.mgrid[:size, :size].astype(np.float32)
    u = (x * math.cos(turn) + y * math.sin(turn)) / pitch
    v = (y * math.cos(turn) - x * math.sin(turn)) / pitch
    row = np.floor(v)
    round_strand = np.sqrt(1 - (2 * (v - row) - 1) ** 2)
    over_under = 0.5 + 0.5 * np.cos(math.pi * (u + row))
    fibre = fractal(rng, size, 30, 2, 0.35) - 0.5
    return np.asarray(round_strand * (0.25 + 0.75 * over_under) + 0.25 * fibre, dtype=np.float32)


def _bricks(size: int, rng: np.random.Generator) -> Array:
    """Return the relief of a brick wall: joints at 0, each brick of its own tone."""
    pitch = size * rng.uniform(0.085, 0.1)
    y, x = np.mgrid[:size, :size].astype(np.float32) / np.float32(pitch)
    row = np.floor(y)
    along = x / 2.2 + 0.5 * (row % 2)
    brick = np.floor(along)
    edge = np.minimum(
        np.minimum(y - row, row + 1 - y), 2.2 * np.minimum(along - brick, 1 - along + brick)
    )
    tone = 0.55 + 0.35 * np.sin(12.9 * row + 78.2 * brick)
    grain = fractal(rng, size, 30, 2) - 0.5
    return np.asarray(smooth(edge, 0.03, 0.1) * tone + 0.3 * grain, dtype=np.float32)


def _reeds(size: int, rng: np.random.Generator) -> Array:
    """Return the relief of upright canes with knots."""
    pitch = size * rng.uniform(0.05, 0.06)
    y, x = np.mgrid[:size, :size].astype(np.float32) / np.float32(pitch)
    cane = np.floor(x)
    knot = np.abs((y / 4 + 0.37 * cane) % 1 - 0.5) < 0.03
    cane_round = np.sqrt(1 - (2 * (x - cane) - 1) ** 2)
    fibre = fractal(rng, size, 30, 2, 2.5) - 0.5
    return np.asarray(cane_round * np.where(knot, 0.5, 0.95) + 0.25 * fibre, dtype=np.float32)


def _mesh(size: int, rng: np.random.Generator) -> Array:
    """Return the relief of a chain-link fence."""
    pitch = size * rng.uniform(0.07, 0.08)
    y, x = np.mgrid[:size, :size].astype(np.float32) / np.float32(pitch)
    wires = [np.abs((x + sign * y) % 1 - 0.5) for sign in (-1, 1)]
    wire = 1 - smooth(np.minimum(*wires), 0.06, 0.12)
    return np.asarray(0.2 + 0.8 * wire + 0.2 * (fractal(rng, size, 8, 3) - 0.5), dtype=np.float32)


Relief = Callable[[int, np.random.Generator], Array]
SCREENS: tuple[tuple[Relief, tuple[Colour, ...]], ...] = (
    (_weave, WICKER),
    (_bricks, BRICK),
    (_reeds, BAMBOO),
    (_mesh, MESH),
)
