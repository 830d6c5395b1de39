"""Fit of masks to their images: statistics of edges and colours, on squares of 128 pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from audit.datasets.dataset import FOREGROUND, UNKNOWN

SIDE = 128  # pixels: small enough to fit every mask to every image, fine enough for outlines
NOISE = 0.05  # gain in mean edge rank that symmetry and chance reach
_FRAME = 3  # outermost pixels, where an outline is the image's own end
_BLUR = 2.0  # pixels, before colours are compared
_BORDER, _CENTRE = 5, 0.12  # pixels; radius as a share of the side

Array = NDArray[np.float32]
# How a mask would have to be moved to fit, in words; the first leaves it as it is.
MOVES = {
    "": lambda mask: mask,
    "turned by 90 degrees counter-clockwise": lambda mask: np.rot90(mask, 1),
    "turned by 180 degrees": lambda mask: np.rot90(mask, 2),
    "turned by 90 degrees clockwise": lambda mask: np.rot90(mask, 3),
    "mirrored left to right": lambda mask: mask[:, ::-1],
    "mirrored top to bottom": lambda mask: mask[::-1],
    "mirrored along the diagonal": lambda mask: mask.T,
    "mirrored along the other diagonal": lambda mask: np.rot90(mask, 2).T,
}


@dataclass(frozen=True)
class Pair:
    """An image with its mask, both stretched to squares.

    Attributes
    ----------
    image : float32 ``(128, 128, 3)``
        RGB, 0..255.
    mask : uint8 ``(128, 128)``
        255 foreground, 0 background, 128 unknown.
    """

    image: Array
    mask: NDArray[np.uint8]

    @classmethod
    def of(cls, image: NDArray[np.uint8], trimap: NDArray[np.uint8]) -> Pair:
        """Stretch an image ``(h, w, 3)`` and its mask, whose size may be another."""
        size = (SIDE, SIDE)
        small = cv2.resize(image, size, interpolation=cv2.INTER_AREA).astype(np.float32)
        return cls(small, cv2.resize(trimap, size, interpolation=cv2.INTER_NEAREST_EXACT))

    def has_outline(self) -> bool:
        """Tell whether the mask holds both sides: those of healthy organs may not."""
        return bool((self.mask == FOREGROUND).any() and (self.mask != FOREGROUND).any())


@dataclass(frozen=True)
class Fit:
    """Fit of masks to their images, compared with the masks of other images.

    Attributes
    ----------
    rank : float
        Mean share of the other masks that fit an image worse than its own, 0..1, higher is
        better: 0.5 where masks have nothing to do with their images. By edges along the outline or
        by the colours on both sides, whichever speaks more for them.
    error : float
        Half the width of its 95% interval, were masks and images unrelated.
    alike : float
        Mean intersection over union of two masks: near 1 they cannot be told apart.
    move : str
        The best of `MOVES` other than none.
    moved_rank : float
        ``rank``, by edges, after that move.
    better : int
        Images that fit better by it beyond noise.
    n : int
    """

    rank: float
    error: float
    alike: float
    move: str
    moved_rank: float
    better: int
    n: int


def measure(pairs: Sequence[Pair]) -> Fit:
    """Compare each mask's fit with that of the others' and with its own, turned and mirrored.

    Parameters
    ----------
    pairs : sequence of Pair
        Two at least, whose masks have outlines.
    """
    n = len(pairs)
    edges = np.stack([edge_ranks(pair.image).ravel() for pair in pairs])
    along = {move: edges @ _outlines(pairs, move).T for move in MOVES}
    own = np.diagonal(along[""])
    gains = {move: np.diagonal(fits) - own for move, fits in along.items() if move}
    move = max(gains, key=lambda name: float(gains[name].mean()))
    rank = max(_rank(along[""]), _rank(_contrasts(pairs, edges)))
    error = 1.96 * np.sqrt(1 / 12 / n)  # ranks of unrelated masks are uniform: variance 1/12
    better = int((gains[move] > NOISE).sum())
    return Fit(
        rank=rank,
        error=float(error),
        alike=_alike(pairs),
        move=move,
        moved_rank=_rank(along[move]),
        better=better,
        n=n,
    )


def edge_ranks(image: Array) -> Array:
    """Return the strength of the colour gradient at each pixel, ranked within the image to 0..1."""
    smooth = cv2.GaussianBlur(image, (0, 0), 1)
    across, down = (cv2.Sobel(smooth, cv2.CV_32F, *d) for d in ((1, 0), (0, 1)))
    strength = cv2.dilate(np.sqrt((across**2 + down**2).sum(axis=-1)), np.ones((3, 3)))
    order = np.empty(strength.size, np.float32)
    order[strength.ravel().argsort(kind="stable")] = np.linspace(0, 1, strength.size)
    return order.reshape(strength.shape)


def upside(pair: Pair) -> float:
    """Return the share of the border less that of the centre which a mask calls subject, -1..1."""
    subject = pair.mask == FOREGROUND
    border = np.ones(subject.shape, bool)
    border[_BORDER:-_BORDER, _BORDER:-_BORDER] = False
    y, x = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2
    centre = y**2 + x**2 < (_CENTRE * SIDE) ** 2
    return _share(subject, border & (pair.mask != UNKNOWN)) - _share(
        subject, centre & (pair.mask != UNKNOWN)
    )


def _share(subject: NDArray[np.bool_], where: NDArray[np.bool_]) -> float:
    return float(subject[where].mean()) if where.any() else 0.0


def _outlines(pairs: Sequence[Pair], move: str) -> Array:
    """Return the outlines of moved masks, float32 ``(n, pixels)``, each summing to 1."""
    found = np.stack([_outline(np.ascontiguousarray(MOVES[move](p.mask))) for p in pairs])
    flat = found.reshape(len(pairs), -1).astype(np.float32)
    return np.asarray(flat / np.maximum(flat.sum(axis=1, keepdims=True), 1))


def _outline(mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return pixels beside the foreground's end, and the background's where some are unknown."""
    near = np.ones((3, 3), np.uint8)
    sides = [(mask == value).astype(np.uint8) for value in (FOREGROUND, 0)]
    ends = [cv2.dilate(side, near) - cv2.erode(side, near) for side in sides]
    outline = np.zeros_like(mask)
    inner = slice(_FRAME, -_FRAME)
    outline[inner, inner] = (ends[0] | ends[1])[inner, inner]
    return outline


def _contrasts(pairs: Sequence[Pair], edges: Array) -> NDArray[np.float64]:
    """Return how far colours and edges differ on both sides of each mask, by image and mask.

    The variance between both sides, over four channels: Lab and the density of edges.
    """
    subject = np.stack([(pair.mask == FOREGROUND).ravel() for pair in pairs]).astype(np.float64)
    area = subject.mean(axis=1)
    channels = np.stack([_channels(p.image, e) for p, e in zip(pairs, edges, strict=True)])
    inside = np.einsum("ipc,jp->ijc", channels, subject, optimize=True) / SIDE**2
    # A mask of next to nothing must not win by division.
    spread = np.maximum(area * (1 - area), 1e-3)
    return np.asarray((inside**2).sum(axis=-1) / spread)


def _channels(image: Array, edges: Array) -> NDArray[np.float64]:
    """Return smoothed Lab and edge density of an image, each of mean 0, ``(pixels, 4)``."""
    lab = cv2.cvtColor(cv2.GaussianBlur(image, (0, 0), _BLUR) / 255, cv2.COLOR_RGB2LAB)
    # Edges are ranks of 0..1 and L is 0..100: this brings them to a like range.
    density = 60 * cv2.GaussianBlur(edges.reshape(SIDE, SIDE), (0, 0), 2 * _BLUR)
    stacked = np.concatenate([lab, density[..., None]], axis=-1).reshape(-1, 4)
    return np.asarray(stacked - stacked.mean(axis=0), dtype=np.float64)


def _rank(fits: NDArray[np.floating]) -> float:
    """Return the mean share of others' masks that fit worse than its own; ties count half."""
    own = np.diagonal(fits)[:, None]
    others = ~np.eye(len(fits), dtype=bool)
    worse = ((fits < own) + 0.5 * (fits == own)) * others
    return float(worse.sum() / others.sum())


def _alike(pairs: Sequence[Pair]) -> float:
    subject = np.stack([(pair.mask == FOREGROUND).ravel() for pair in pairs]).astype(np.float32)
    both = subject @ subject.T
    either = subject.sum(axis=1)[:, None] + subject.sum(axis=1) - both
    others = ~np.eye(len(pairs), dtype=bool)
    return float((both / np.maximum(either, 1))[others].mean())
