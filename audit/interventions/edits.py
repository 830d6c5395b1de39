"""Edits of the whole background: each takes one kind of cue out, or puts another one in its place.

A region of 12% cannot hold a tint, a texture or a frame. The foreground stays to the pixel, and so
does what may be foreground; all lengths are in pixels of an image of side 224.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from audit.core.edits import EDITS
from audit.interventions.composites import (
    Image,
    Parts,
    Region,
    feathered,
    layers,
    paste,
    widely_blurred,
)

_SIDE = 224
NEAR, FAR = 3.0, 8.0  # blurs
GRAIN = 20.0  # standard deviation in grey levels
DETAIL = 4.0  # blur below which a structure is texture
RING, BAND, CORNER = 20, 36, 64  # widths of what is replaced along the border
_AT_RANDOM = ("grain", "shuffled")  # in the order of `EDITS`
LIGHT = 45.0  # blur above which a structure is light
TILES = 4  # along each side, shuffled
_LUMINANCE = np.array((0.299, 0.587, 0.114), np.float32)


@dataclass(frozen=True)
class Colours:
    """Mean and standard deviation of many backgrounds' colours, float32 ``(3,)`` each."""

    mean: NDArray[np.float32]
    deviation: NDArray[np.float32]


@dataclass(frozen=True)
class Scene:
    """What an edit may use of one image and of others.

    Attributes
    ----------
    image : uint8 ``(H, W, 3)``
    parts : Parts
        Its foreground and background, apart.
    other : float32 ``(H, W, 3)``
        Background of an image of another class.
    usual : Colours
        Of many backgrounds.
    random : Generator
        Seeded by the image's name.
    """

    image: NDArray[np.uint8]
    parts: Parts
    other: Image
    usual: Colours
    random: np.random.Generator

    @property
    def own(self) -> Image:
        """Its background with the foreground filled in, so that none of it is smeared."""
        return self.parts.removed

    @cached_property
    def grey(self) -> NDArray[np.float32]:
        """Luminance of its background, ``(H, W)``."""
        return np.asarray(self.own @ _LUMINANCE)

    @cached_property
    def front(self) -> tuple[Image, Image]:
        """What stays, as `composites.layers`: soft on the outside."""
        kept = ~self.parts.off
        return layers(self.image, np.maximum(feathered(kept), kept))

    def pixels(self, length: float) -> float:
        """Scale a length to the image."""
        return length * self.image.shape[0] / _SIDE

    def blurred(self, image: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
        """Blur; ``sigma`` in pixels of an image of side 224."""
        return np.asarray(cv2.GaussianBlur(image, (0, 0), self.pixels(sigma)))


def edited(key: str, scene: Scene) -> Image:
    """Return an image with its background edited, float32 ``(H, W, 3)``, 0..255."""
    if key == "frame_cut":  # of the whole image: cut away, enlarged
        return _frame_cut(scene)
    made, (front, through) = _BEHIND[key](scene), scene.front
    np.clip(made, 0, 255, out=made)
    made *= through
    made += front
    return made


def all_edits(scene: Scene) -> list[Image]:
    """Return every edit of `audit.core.edits.EDITS`, in that order."""
    return [edited(key, scene) for key in EDITS]


def as_asked(key: str, scene: Scene) -> Image:
    """Return one edit as `all_edits` makes it: those before it have drawn from ``scene.random``."""
    if key in _AT_RANDOM:
        for before in _AT_RANDOM[: _AT_RANDOM.index(key)]:
            edited(before, scene)
    return edited(key, scene)


def _blur(scene: Scene) -> Image:
    return scene.blurred(scene.own, NEAR)


def _blur_far(scene: Scene) -> Image:
    return scene.blurred(scene.own, FAR)


def _grain(scene: Scene) -> Image:
    fine, coarse = (scene.random.standard_normal(scene.grey.shape, np.float32) for _ in "ab")
    soft = scene.blurred(coarse, 1)
    noise = fine + soft * 2 / soft.std()
    return scene.own + _coloured(noise * (GRAIN / noise.std()))


def _texture(scene: Scene) -> Image:
    """Join what is coarse of its own and what is fine of another's."""
    return scene.other + scene.blurred(scene.own - scene.other, DETAIL)  # one blur, not two


def _colour(scene: Scene) -> Image:
    off = scene.parts.off.view(np.uint8)
    mean, deviation = (found[:, 0] for found in cv2.meanStdDev(scene.own, mask=off))
    gain = np.clip(scene.usual.deviation / np.maximum(deviation, 1), 0.5, 2)
    moved = scene.usual.mean - gain * mean
    return np.asarray(cv2.transform(scene.own, np.column_stack([np.diag(gain), moved])))


def _grey(scene: Scene) -> Image:
    return _coloured(scene.grey)


def _hue(scene: Scene) -> Image:
    """Turn every colour into its opposite, as bright."""
    return _coloured(2 * scene.grey) - scene.own


def _light(scene: Scene) -> Image:
    wide = widely_blurred(scene.grey, scene.pixels(LIGHT), cv2.BORDER_REFLECT_101)
    return scene.own * _coloured(wide.mean() / np.maximum(wide, 8))


def _frame_cut(scene: Scene) -> Image:
    width = max(1, round(scene.pixels(RING)))
    inside = scene.image[width:-width, width:-width].astype(np.float32)
    large = cv2.resize(inside, scene.image.shape[1::-1], interpolation=cv2.INTER_CUBIC)
    return np.clip(large, 0, 255)


def _frame_mirrored(scene: Scene) -> Image:
    return _mirrored(scene.own, round(scene.pixels(RING)))


def _frame(scene: Scene) -> Image:
    rows, columns = _ends(scene, RING)
    return _within(rows | columns, scene.other, scene)


def _corners(scene: Scene) -> Image:
    rows, columns = _ends(scene, CORNER)
    return _within(rows & columns, scene.other, scene)


def _corners_mirrored(scene: Scene) -> Image:
    rows, columns = _ends(scene, CORNER)
    return _within(rows & columns, _mirrored(scene.own, round(scene.pixels(CORNER))), scene)


def _rows(scene: Scene) -> Image:
    return _within(_ends(scene, BAND)[0], scene.other, scene)


def _columns(scene: Scene) -> Image:
    return _within(_ends(scene, BAND)[1], scene.other, scene)


def _shuffled(scene: Scene) -> Image:
    side = scene.own.shape[0] // TILES
    starts = [(y * side, x * side) for y in range(TILES) for x in range(TILES)]
    shuffled = scene.own.copy()
    for (y, x), k in zip(starts, scene.random.permutation(len(starts)), strict=True):
        top, left = starts[k]
        shuffled[y : y + side, x : x + side] = scene.own[top : top + side, left : left + side]
    return shuffled


def _ends(scene: Scene, length: float) -> tuple[Region, Region]:
    """Return rows near the top or bottom, and columns near a side, as masks of the image."""
    shape, width = scene.own.shape[:2], round(scene.pixels(length))
    rows, columns = np.zeros(shape, bool), np.zeros(shape, bool)
    rows[:width], rows[-width:], columns[:, :width], columns[:, -width:] = (True,) * 4
    return rows, columns


def _mirrored(image: Image, width: int) -> Image:
    """Replace a frame by what lies inside of it, mirrored."""
    inside = image[width:-width, width:-width]
    return np.asarray(cv2.copyMakeBorder(inside, *(width,) * 4, cv2.BORDER_REFLECT))


def _within(region: Region, other: Image, scene: Scene) -> Image:
    return paste(other, scene.blurred(region.astype(np.float32), 1), scene.own)


def _coloured(grey: NDArray[np.float32]) -> Image:
    return np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB))


_BEHIND: Mapping[str, Callable[[Scene], Image]] = {
    "blur": _blur,
    "blur_far": _blur_far,
    "grain": _grain,
    "texture": _texture,
    "colour": _colour,
    "grey": _grey,
    "hue": _hue,
    "light": _light,
    "frame_mirrored": _frame_mirrored,
    "frame": _frame,
    "corners": _corners,
    "corners_mirrored": _corners_mirrored,
    "rows": _rows,
    "columns": _columns,
    "shuffled": _shuffled,
}
