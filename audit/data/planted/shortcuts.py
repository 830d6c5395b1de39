"""The shortcuts: a plant tag in a corner, a cast of violet light, a woven screen behind."""

from __future__ import annotations

import math

import cv2
import numpy as np

from audit.data.planted.canvas import Array, Colour, Pen, blur, fractal, ramp, smooth, stamp, vary

YELLOW_HEAD = (0.95, 0.72, 0.1)
WICKER = ((0.1, 0.06, 0.03), (0.42, 0.27, 0.14), (0.72, 0.52, 0.3), (0.9, 0.75, 0.52))
VIOLET_LIGHT = (1.04, 0.55, 1.26)


def draw_tag(size: int, blossom: Array, rng: np.random.Generator) -> Array:
    """Layer ``(size, size, 4)`` with a paper plant tag in the corner that the blossom leaves free.

    Parameters
    ----------
    blossom : float32 ``(size, size)``
        Cover of the blossom, 0..1.
    """
    card = _card(4 * size // 5, rng)
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
    """Tag on a layer of twice the size, shadow first, averaged down."""
    layer = np.zeros((2 * size, 2 * size, 4), dtype=np.float32)
    stamp(layer, card, matrix * 2)
    shadow = np.zeros_like(layer)
    shadow[..., 3] = np.roll(blur(layer[..., 3], size * 0.02), size // 50, axis=(0, 1)) * 0.6
    layer += shadow * (1 - layer[..., 3:])
    return np.asarray(cv2.resize(layer, (size, size), interpolation=cv2.INTER_AREA))


def _card(width: int, rng: np.random.Generator) -> Array:
    """The tag itself: card, coloured head with its hole, lines of writing, bars."""
    height = round(width * 1.15)
    pen = Pen(width, height)
    left, right, top, bottom = width * 0.04, width * 0.96, width * 0.04, height * 0.96
    head = height * 0.28
    paper, ink = vary((0.96, 0.94, 0.87), rng, 0.02), vary((0.16, 0.15, 0.2), rng)
    pen.polygon([(left, top), (right, top), (right, bottom), (left, bottom)], paper)
    pen.polygon([(left, top), (right, top), (right, head), (left, head)], YELLOW_HEAD)
    pen.dot((width / 2, head * 0.58), width * 0.06, (0.2, 0.2, 0.16))
    for row in range(3):
        _write(pen, width, height * (0.4 + 0.12 * row), ink, rng)
    for bar in range(16):
        x = width * (0.16 + 0.043 * bar)
        pen.line([(x, height * 0.76), (x, height * 0.9)], ink, width * rng.uniform(0.008, 0.03))
    return pen.sprite()


def _write(pen: Pen, width: int, y: float, ink: Colour, rng: np.random.Generator) -> None:
    """One line of words too small to read."""
    x, end = width * 0.14, width * rng.uniform(0.6, 0.85)
    while x < end:
        word = width * rng.uniform(0.08, 0.24)
        pen.line([(x, y), (min(x + word, width * 0.88), y)], ink, width * 0.052)
        x += word + width * 0.08


def _free_corner(blossom: Array) -> tuple[bool, bool]:
    """Corner with the least of the blossom, as ``(right, bottom)``."""
    side = round(blossom.shape[0] * 0.3)

    def covered(corner: tuple[bool, bool]) -> float:
        rows = blossom[-side:] if corner[1] else blossom[:side]
        return float((rows[:, -side:] if corner[0] else rows[:, :side]).sum())

    return min(
        ((right, bottom) for bottom in (False, True) for right in (False, True)), key=covered
    )


def tinted(background: Array, rng: np.random.Generator) -> Array:
    """Return the background under violet light, as of a lamp in a greenhouse."""
    cast = np.asarray(VIOLET_LIGHT, dtype=np.float32) ** np.float32(rng.uniform(0.8, 1.2))
    grey = background.mean(axis=2, keepdims=True)
    return np.clip((0.6 * background + 0.4 * grey) * cast + cast * np.float32(0.03), 0, 1)


def woven(size: int, rng: np.random.Generator) -> Array:
    """Layer ``(size, size, 4)``: a wicker screen that fills most of the backdrop."""
    light = 0.65 + 0.6 * fractal(rng, size, 2, 3)
    colour = ramp(0.1 + 0.75 * _weave(size, rng), WICKER) * light[..., None]
    y, x = np.mgrid[-0.5 : 0.5 : size * 1j, -0.5 : 0.5 : size * 1j].astype(np.float32)
    edge, shift = rng.uniform(0, 2 * math.pi), rng.uniform(0, 0.25)
    cover = smooth(x * math.cos(edge) + y * math.sin(edge) + shift, -0.26, -0.2)[..., None]
    layer = np.concatenate([colour * cover, cover], axis=2).astype(np.float32)
    return blur(layer, size * 0.004)


def _weave(size: int, rng: np.random.Generator) -> Array:
    """Relief of a basket weave, about 0..1: strands that go over and under in turn."""
    turn, pitch = rng.normal(0, 0.08), size * rng.uniform(0.06, 0.075)
    y, x = np.mgrid[:size, :size].astype(np.float32)
    u = (x * math.cos(turn) + y * math.sin(turn)) / pitch
    v = (y * math.cos(turn) - x * math.sin(turn)) / pitch
    row = np.floor(v)
    round_strand = np.sqrt(1 - (2 * (v - row) - 1) ** 2)
    over_under = 0.5 + 0.5 * np.cos(math.pi * (u + row))
    fibre = fractal(rng, size, 30, 2, 0.35) - 0.5
    return np.asarray(round_strand * (0.25 + 0.75 * over_under) + 0.25 * fibre, dtype=np.float32)
