"""One photograph: a scene drawn layer by layer, with or without its shortcut."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from audit.datasets.dataset import BACKGROUND, FOREGROUND, UNKNOWN
from audit.datasets.planted.blossoms import draw_blossom, plant_paint
from audit.datasets.planted.canvas import Array, blank, blur, over, places, shrink, spread, stream
from audit.datasets.planted.objects import draw_object
from audit.datasets.planted.plants import Head, front_leaves, greenery
from audit.datasets.planted.scenes import backdrop
from audit.datasets.planted.shortcuts import draw_tag, screen, tinted
from audit.datasets.planted.species import SPECIES
from audit.datasets.planted.worlds import STAMPED, look
from audit.datasets.stamps import STAMPS, key_of

FINE = 1.5  # plants and blossoms are drawn this much larger, then averaged down
_LAID = {"tag": draw_tag, "object": draw_object}  # before everything but the blossom
ELSEWHERE = 8  # other backgrounds that a foreground is drawn on: its truth
OUT_OF_FOCUS = 0.018  # blur of the weakest shot, in shares of the size


@dataclass(frozen=True)
class Subject:
    """Subject before the camera; ``key`` seeds all that is left to chance.

    ``weak`` is a bad shot: the flower small, out of focus, dim and half hidden; 0 is none of it,
    1 all of it.
    """

    key: str
    species: int
    weak: float
    size: int


@dataclass(frozen=True)
class Layout:
    """Where the blossoms are and what they do to what is behind: the same before any background.

    Attributes
    ----------
    light : float
        Where it comes from, in radians.
    heads : list of (centre, radius)
        Blossoms, in fine pixels.
    shade : float32 ``(size, size)``
        Light that the blossoms take from what is behind them, 0..1.
    focus : float
        Blur of the plants, in shares of the size.
    """

    light: float
    heads: list[Head]
    shade: Array
    focus: float


@dataclass(frozen=True)
class Scene:
    """Layers of one photograph, far to near, each float32 ``(size, size, ...)``, 0..1.

    ``blossom`` is cut out where the ``front`` leaves hide it, so its alpha is the mask. ``key``
    seeds the backdrop and the plants.
    """

    subject: Subject
    layout: Layout
    key: str
    blossom: Array
    front: Array

    @cached_property
    def background(self) -> tuple[Array, Array]:
        """Backdrop and plants: drawn when first seen, as other scenes may be all that is wanted."""
        return _background(self.key, self.subject.size, self.layout)

    def trimap(self) -> NDArray[np.uint8]:
        """Return flower from half cover up, background at none, else unknown: ``(size, size)``."""
        cover = self.blossom[..., 3]
        partly = np.where(cover > 0, UNKNOWN, BACKGROUND)
        return np.where(cover >= 0.5, FOREGROUND, partly).astype(np.uint8)

    def photo(self, shortcut: str = "") -> NDArray[np.uint8]:
        """Return the photograph, uint8 ``(size, size, 3)``; a shortcut changes no masked pixel."""
        clean, (kind, number) = self._exposed(""), look(shortcut)
        if not shortcut:
            return clean
        trimap = self.trimap()
        if kind in STAMPED:
            rng = stream(self.subject.key, "shortcut")
            drawn = STAMPS[key_of(kind, number)].draw(clean, trimap, rng)
        else:
            drawn = self._exposed(shortcut)
        return np.where((trimap == FOREGROUND)[..., None], clean, drawn)

    def elsewhere(self) -> list[NDArray[np.uint8]]:
        """Return `ELSEWHERE` photographs of the same foreground before other backgrounds.

        None has a shortcut. What the blossoms cover wholly is as before; through their soft edges
        the new background shows, as a rim of the old one would be seen for what it is.
        """
        keys = (f"{self.subject.key}/elsewhere {k}" for k in range(ELSEWHERE))
        return [replace(self, key=key).photo() for key in keys]

    def _exposed(self, shortcut: str) -> NDArray[np.uint8]:
        image = over(self.blossom, self._behind(shortcut))
        return _develop(image, stream(self.subject.key, "camera"))

    def _behind(self, shortcut: str) -> Array:
        rng, size = stream(self.subject.key, "shortcut"), self.subject.size
        kind, number = look(shortcut)
        (behind, plants), cover = self.background, self.blossom[..., 3]
        if kind == "texture":
            behind = over(screen(size, rng, number), behind)
        behind = over(self.front, over(plants, behind))
        if kind in _LAID:
            behind = over(_LAID[kind](size, cover, rng, number), behind)
        return tinted(behind, rng, number) if kind == "tint" else behind


@lru_cache(maxsize=1)  # a sweep asks for a scene's photo and its mask, one after the other
def draw_scene(subject: Subject) -> Scene:
    """Draw a subject and what is in front of it; large, then averaged down."""
    size, rng = subject.size, stream(subject.key, "layout")
    fine = round(size * FINE)
    light, heads = rng.uniform(-2.6, -0.5), _heads(subject, rng)
    hidden = int(rng.integers(1, 4)) if subject.weak else int(rng.random() < 0.3)
    leaves = stream(subject.key, "front")
    front = front_leaves(fine, heads[0], hidden, light + math.pi, leaves)
    front = blur(shrink(front, size), size * rng.uniform(0, 0.012))
    blossom, shade = _blossoms(subject, heads, light)
    focus = rng.uniform(0, 0.008) + OUT_OF_FOCUS * subject.weak
    layout = Layout(light, heads, shade, focus)
    uncovered = spread(1 - cv2.extractChannel(front, 3), 4)
    return Scene(subject, layout, subject.key, blossom * uncovered, front)


def _background(key: str, size: int, layout: Layout) -> tuple[Array, Array]:
    """Draw backdrop and plants as ``key`` has them, in the shade of the blossoms."""
    fine, away = round(size * FINE), layout.light + math.pi
    plants = shrink(greenery(fine, layout.heads, away, stream(key, "plants")), size)
    soft = blur(plants, size * layout.focus)
    behind = backdrop(size, layout.light, stream(key, "backdrop"))
    lit = 1 - layout.shade
    soft *= cv2.merge([lit, lit, lit, np.ones_like(lit)])
    behind *= spread(1 - 0.5 * layout.shade)
    return behind, soft


def _heads(subject: Subject, rng: np.random.Generator) -> list[Head]:
    """Return the centres and radii of one to three blossoms, in fine pixels; the main one first."""
    side = round(subject.size * FINE)
    small, large = (0.23, 0.43) if not subject.weak else (0.2 - 0.07 * subject.weak, 0.24)
    radius = side * rng.uniform(small, large - 0.04 * subject.weak)
    free = max(0.02, 0.46 - radius / side)
    main = ((0.5 + rng.uniform(-free, free)) * side, (0.47 + rng.uniform(-free, free)) * side)
    heads = [(main, radius)]
    for _ in range(int(rng.choice([0, 0, 0, 1, 2])) if radius < 0.33 * side else 0):
        at = (rng.uniform(0.12, 0.88) * side, rng.uniform(0.12, 0.8) * side)
        smaller = radius * rng.uniform(0.55, 0.8)
        if all(math.dist(at, c) > 0.8 * (r + smaller) for c, r in heads):
            heads.append((at, smaller))
    return heads


def _blossoms(subject: Subject, heads: list[Head], light: float) -> tuple[Array, Array]:
    """Return a layer of all blossoms, and the shade that they throw, ``(size, size)``."""
    rng, species = stream(subject.key, "blossom"), SPECIES[subject.species]
    layer, paint = blank(round(subject.size * FINE)), plant_paint(species, rng)
    for centre, radius in reversed(heads):
        draw_blossom(layer, species, paint, centre, radius, light + math.pi, rng)
    layer = shrink(layer, subject.size)
    if subject.weak:
        layer = _weakened(layer, subject.weak, rng)
    layer[layer[..., 3] < 1 / 255] = 0  # what no eye can see is not part of the mask
    away = [round(-subject.size * 0.03 * f(light)) for f in (math.sin, math.cos)]
    shade = np.roll(blur(layer[..., 3], subject.size * 0.03), away, axis=(0, 1))
    return layer, shade * np.float32(0.4)


def _weakened(layer: Array, weak: float, rng: np.random.Generator) -> Array:
    """Put a layer out of focus, and make it dim and dull."""
    layer = blur(layer, layer.shape[0] * OUT_OF_FOCUS * weak)
    grey = layer[..., :3].mean(axis=2, keepdims=True)
    dull, dim = weak * rng.uniform(0.45, 0.8), 1 - weak * rng.uniform(0.2, 0.5)
    layer[..., :3] = ((1 - dull) * layer[..., :3] + dull * grey) * dim
    return layer


def _develop(image: Array, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Apply exposure, white balance, vignette, a gentle curve and grain."""
    size = image.shape[0]
    x, y = places(size)
    vignette = 1 - np.float32(rng.uniform(0.05, 0.2)) * (x * x + y * y)
    gain = rng.uniform(0.9, 1.12) * rng.normal(1, 0.025, 3)
    image = image * cv2.merge([vignette * g for g in gain.astype(np.float32)])
    np.clip(image, 0, 1, out=image)
    image **= np.float32(rng.uniform(0.85, 1.0))
    curve = 0.12 * image
    curve *= 1 - image
    curve *= 2 * image - 1
    image += curve
    grain = rng.standard_normal((size, size), dtype=np.float32)
    image += spread(grain * np.float32(rng.uniform(0.004, 0.014)))
    np.clip(image, 0, 1, out=image)
    image *= 255
    return np.rint(image, out=image).astype(np.uint8)
