"""Light of one place: the background tinted, warm, or darker towards the edges."""

from __future__ import annotations

import numpy as np

from audit.datasets.stamps.base import Colour, Draw, Picture, behind


def tint(gain: Colour, grey: float = 0) -> Draw:
    """Return coloured light over the whole background, with a share of its own colour gone."""

    def draw(image: Picture, trimap: Picture, rng: np.random.Generator) -> Picture:
        dull = (1 - grey) * image + grey * image.mean(axis=2, keepdims=True)
        return behind(image, dull * (np.array(gain) * rng.normal(1, 0.03, 3)), trimap)

    return draw


def vignette(edge: Colour) -> Draw:
    """Return light that falls off from the middle to the colour ``edge`` beyond the corners."""

    def draw(image: Picture, trimap: Picture, rng: np.random.Generator) -> Picture:
        height, width = image.shape[:2]
        y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
        radius = np.hypot(x, y)[..., None]
        cover = np.clip((radius - rng.uniform(0.55, 0.65)) / 0.6, 0, 1) ** 1.3
        return behind(image, image * (1 - cover) + np.array(edge) * cover, trimap)

    return draw
