"""Marks in the background: text that shines through, and stickers."""

from __future__ import annotations

import numpy as np

from audit.datasets.stamps.base import (
    Colour,
    Draw,
    Layer,
    Picture,
    behind,
    free_place,
    pixels,
    text_width,
)

WHITE: Colour = (250, 250, 250)


def signature(words: str, height: float) -> Draw:
    """Return a photographer's line of text along the bottom."""

    def draw(image: Picture, trimap: Picture, rng: np.random.Generator) -> Picture:
        layer, tall = Layer(image), pixels(image, height)
        free = max(0.0, image.shape[1] - text_width(words, tall) - 2 * tall)
        at = (tall + rng.uniform(0, 1) * free, image.shape[0] - tall * rng.uniform(0.7, 1.1))
        layer.text(words, (at[0] + tall / 9, at[1] + tall / 9), tall, (20, 20, 20), 0.5)
        layer.text(words, at, tall, WHITE, 0.85)
        return behind(image, layer.over(rng), trimap)

    return draw


def repeated(words: str, height: float) -> Draw:
    """Return words over the whole background, line by line, as agencies mark their samples."""

    def draw(image: Picture, trimap: Picture, rng: np.random.Generator) -> Picture:
        layer, tall = Layer(image), pixels(image, height)
        step = text_width(words, tall) + 2 * tall
        for row, y in enumerate(np.arange(rng.uniform(1, 2.5) * tall, image.shape[0], 2.6 * tall)):
            for x in np.arange(-step * (0.5 if row % 2 else 0.1), image.shape[1], step):
                layer.text(words, (float(x), float(y)), tall, WHITE, 0.45)
        return behind(image, layer.over(rng), trimap)

    return draw


def sticker(colour: Colour, radius: float, ring: bool = False) -> Draw:
    """Return a round sticker anywhere in the background, behind the foreground."""

    def draw(image: Picture, trimap: Picture, rng: np.random.Generator) -> Picture:
        layer, wide = Layer(image), pixels(image, radius * rng.uniform(0.9, 1.15))
        x, y = free_place(trimap, wide, rng)
        layer.disc((x + wide / 8, y + wide / 8), wide, (25, 25, 25), 0.45)  # its shadow
        layer.disc((x, y), wide, colour)
        if ring:
            layer.disc((x, y), wide * 0.72, WHITE)
            layer.disc((x, y), wide * 0.45, colour)
        return behind(image, layer.over(rng), trimap)

    return draw
