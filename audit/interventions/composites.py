"""Pictures that were never taken: holes filled, foregrounds moved, regions and their controls."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, product

import cv2
import numpy as np
from numpy.typing import NDArray

from audit.core.geometry import upsample
from audit.datasets.dataset import BACKGROUND, FOREGROUND

Image = NDArray[np.float32]  # (H, W, 3), 0..255
Pixels = NDArray[np.uint8] | Image  # as read, or as made
Weighted = NDArray[np.float32]  # (H, W, 4): colours times their weight, and the weight
Region = NDArray[np.bool_]  # (H, W)
FEATHER = 1.5 / 224  # standard deviation of a pasted foreground's edge, in shares of the side
MARGIN = 3 / 224  # around a foreground, in shares of the side: its soft edge is no background
ENOUGH = 0.25  # background of an image that is shown under others: the rest is a guess
_LEAST_COVERED = 0.6  # of a region that a control must keep on the background
_OVERLAP = 0.25  # of a region that a control may share with it


@dataclass(frozen=True)
class Parts:
    """A foreground and its background, apart.

    Attributes
    ----------
    opacity : float32 ``(H, W)``
        Of the foreground, 0..1, with a soft edge.
    off : bool ``(H, W)``
        Where surely no foreground is.
    removed : float32 ``(H, W, 3)``
        The image with its foreground filled in.
    """

    opacity: NDArray[np.float32]
    off: Region
    removed: Image


def split_foreground(
    image: NDArray[np.uint8], trimap: NDArray[np.uint8], reach: float = 0.0, least: float = 0.0
) -> tuple[Parts | None, str]:
    """Split an image by its mask, or say why it cannot be.

    Only what is surely foreground is pasted, and only what surely is not is background: pixels in
    between carry both, and would take the old background along.

    Parameters
    ----------
    image : uint8 ``(H, W, 3)``
    trimap : uint8 ``(H, W)``
        255 foreground, 0 background, 128 unknown.
    reach : float
        Shares of the side by which the mask is grown first; shrunk where negative.
    least : float
        Share of the image that must be background: `ENOUGH` where it is shown under others.
    """
    foreground = grown(trimap == FOREGROUND, reach * trimap.shape[1])
    off = off_foreground(trimap, MARGIN + reach)
    if not foreground.any():
        return None, "no flower in the mask" if (trimap == BACKGROUND).any() else "no mask"
    if not off.any():
        return None, "no background in the mask"
    if np.count_nonzero(off) < least * off.size:
        return None, "too little background in the mask"
    return Parts(feathered(foreground), off, fill(image, ~off)), ""


def fill(image: Pixels, hole: Region) -> Image:
    """Fill a hole smoothly from all that is around it (push-pull: pyramid of weighted means).

    Parameters
    ----------
    image : uint8 or float32 ``(H, W, 3)``
    hole : bool ``(H, W)``
        True where nothing is known; mid-grey where that is everywhere.

    Returns
    -------
    float32 ``(H, W, 3)``
        ``image`` off the hole.
    """
    filled = np.array(image, np.float32, order="C")
    if not hole.any():
        return filled
    # OpenCV throughout: NumPy takes five times as long over three channels and a mask.
    known = (~hole).view(np.uint8)
    weighted = cv2.copyTo(cv2.cvtColor(image, cv2.COLOR_RGB2RGBA), known)
    cv2.insertChannel(known.astype(image.dtype), weighted, 3)  # 1, not the 255 of bytes
    means = cv2.cvtColor(_means(_halved(weighted.astype(np.float32))), cv2.COLOR_RGBA2RGB)
    cv2.copyTo(_enlarged(means, hole.shape), hole.view(np.uint8), filled)
    return filled


def _means(weighted: Weighted) -> Weighted:
    """Return means where anything is known, and what the next coarser level says where nothing is.

    The fourth channel of what is returned means nothing.
    """
    weight = cv2.extractChannel(weighted, 3)
    if weight.size == 1 or weight.min() > 0:
        # Mid-grey where nothing at all is known.
        return weighted / cv2.merge([weight] * 4) if weight.any() else np.full_like(weighted, 127.5)
    means = _enlarged(_means(_halved(weighted)), weight.shape)
    means *= cv2.merge([1 - weight] * 4)
    means += weighted
    return means


def _halved(weighted: Weighted) -> Weighted:
    height, width = (max(1, side // 2) for side in weighted.shape[:2])
    return np.asarray(cv2.resize(weighted, (width, height), interpolation=cv2.INTER_AREA))


def _enlarged(image: NDArray[np.float32], shape: tuple[int, ...]) -> NDArray[np.float32]:
    return np.asarray(cv2.resize(image, shape[1::-1], interpolation=cv2.INTER_LINEAR))


def grown(mask: Region, pixels: float) -> Region:
    """Return a mask grown by ``pixels`` on every side, or shrunk where they are negative."""
    reach = round(abs(pixels))
    if not reach:
        return mask
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    change = cv2.dilate if pixels > 0 else cv2.erode
    # Beyond the border nothing is known, so a mask that touches it shrinks from inside alone.
    border = 0 if pixels > 0 else 1
    changed = change(
        mask.astype(np.uint8), disc, borderType=cv2.BORDER_CONSTANT, borderValue=border
    )
    return np.asarray(changed > 0)


def off_foreground(trimap: NDArray[np.uint8], margin: float = MARGIN) -> Region:
    """Return where surely no foreground is, bool ``(H, W)``; the unknown and a margin are not.

    Parameters
    ----------
    trimap : uint8 ``(H, W)``
        255 foreground, 0 background, 128 unknown.
    """
    return ~grown(trimap > 0, margin * trimap.shape[1])


def feathered(mask: Region) -> NDArray[np.float32]:
    """Return the opacity ``(H, W)`` of a mask with a soft edge, 0..1."""
    sigma = FEATHER * mask.shape[1]
    return np.asarray(cv2.GaussianBlur(mask.astype(np.float32), (0, 0), sigma))


def softened(image: Image) -> Image:
    """Return an image far out of focus: blurred by an eighth of its width."""
    return widely_blurred(image, image.shape[1] / 8, cv2.BORDER_REFLECT)


def widely_blurred(image: NDArray[np.float32], sigma: float, border: int) -> NDArray[np.float32]:
    """Blur an image, ``(H, W, 3)`` or ``(H, W)``, by much of its side.

    Down the columns, then down those of the turned image: OpenCV is slow along rows. Products of
    matrices would be faster still, but BLAS has threads of its own, which wait busily.
    """
    for _ in range(2):
        down = cv2.GaussianBlur(image, (1, 0), sigma, sigmaY=sigma, borderType=border)
        image = np.asarray(cv2.transpose(down))
    return image


def paste(image: Pixels, opacity: NDArray[np.float32], behind: Pixels) -> Image:
    """Paste an image's foreground on another background: float32 ``(H, W, 3)``."""
    pasted, through = layers(image, opacity)
    through *= behind
    pasted += through
    return pasted


def layers(image: Pixels, opacity: NDArray[np.float32]) -> tuple[Image, Image]:
    """Return a foreground times its opacity, and what it lets through, ``(H, W, 3)`` each."""
    through = cv2.cvtColor(opacity, cv2.COLOR_GRAY2RGB)  # NumPy is slow to stretch one channel
    front = through * image
    return front, np.subtract(1, through, out=through)


def hottest(heatmap: NDArray[np.float32], allowed: Region, shares: Sequence[float]) -> list[Region]:
    """Return the hottest parts of an image within ``allowed``, a region for each of ``shares``.

    A region is of that share of the image; less where less is above 0.
    """
    values = np.where(allowed, heatmap, 0)
    above = int(np.count_nonzero(values > 0))
    counts = [min(round(share * values.size), above) for share in shares]
    ranked = np.partition(values, [-max(1, count) for count in counts], axis=None)
    return [_first(values, ranked[-max(1, count)], count) for count in counts]


def _first(values: NDArray[np.float32], least: np.float32, count: int) -> Region:
    """Return where the ``count`` highest values are, of which ``least`` is the lowest."""
    if not count:
        return np.zeros(values.shape, dtype=bool)
    chosen = np.asarray(values >= least)
    if np.count_nonzero(chosen) != count:  # a tie at the end, or values that are not numbers
        chosen[:] = False
        chosen.flat[np.argpartition(values, values.size - count, axis=None)[-count:]] = True
    return chosen


def smoothed(heatmap: NDArray[np.float32]) -> NDArray[np.float32]:
    """Gather positive relevance into patches: blurred by a 28th of the width."""
    # That is 8 px at 224: patches, since single pixels say nothing.
    return np.asarray(cv2.GaussianBlur(np.maximum(heatmap, 0), (0, 0), heatmap.shape[1] / 28))


def together(first: NDArray[np.float32], second: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the sum of two non-negative heatmaps, each scaled to maximum 1."""
    scaled = [h / h.max() if h.max() > 0 else h for h in (first, second)]
    return np.asarray(scaled[0] + scaled[1], dtype=np.float32)


def controls(region: Region, allowed: Region, most: int = 3) -> list[Region]:
    """Return regions like ``region`` elsewhere: turned and mirrored about the image's centre.

    They have its shape, its area and its distance to the centre, so only the place differs. Of the
    seven those are kept that lie on ``allowed`` for the most part and hardly touch ``region``.
    """
    area = np.count_nonzero(region)
    if not area:
        return []
    kept = []
    for other in _turned(region):
        on = other & allowed
        covers, shared = np.count_nonzero(on), np.count_nonzero(on & region)
        if covers >= _LEAST_COVERED * area and shared <= _OVERLAP * area:
            kept.append((covers, on))
    kept.sort(key=lambda entry: -entry[0])
    distinct: list[Region] = []
    for _, on in kept:
        # Else one place counts twice.
        if all(np.count_nonzero(on & seen) <= 0.5 * area for seen in distinct):
            distinct.append(on)
    return distinct[:most]


def _turned(region: Region) -> Iterator[Region]:
    for mirrored in (region, region[:, ::-1]):
        for quarter in range(4):
            if mirrored is not region or quarter:
                yield np.rot90(mirrored, quarter)


def windows(allowed: Region, across: int, most: int) -> list[Region]:
    """Return a grid's tiles that lie on ``allowed`` by a third or more, cut to it, fullest first.

    Parameters
    ----------
    across : int
        Tiles along each side.
    most : int
        Tiles to keep.
    """
    height, width = allowed.shape
    rows = np.linspace(0, height, across + 1).round().astype(int)
    columns = np.linspace(0, width, across + 1).round().astype(int)
    found = []
    for (top, bottom), (left, right) in product(pairwise(rows), pairwise(columns)):
        within = allowed[top:bottom, left:right]
        share = np.count_nonzero(within) / max(1, within.size)
        if share >= 1 / 3:
            tile = np.zeros_like(allowed)
            tile[top:bottom, left:right] = within
            found.append((share, tile))
    found.sort(key=lambda entry: -entry[0])
    return [tile for _, tile in found[:most]]


def scan_map(tiles: list[Region], lost: NDArray[np.float64], across: int) -> NDArray[np.float32]:
    """Spread what filling each tile cost into a smooth heatmap ``(H, W)``; 0 where not tried."""
    height, width = tiles[0].shape
    coarse = np.zeros((across, across), np.float32)
    for tile, value in zip(tiles, lost, strict=True):
        y, x = (places.mean() for places in np.divmod(np.flatnonzero(tile), width))
        coarse[int(y * across / height), int(x * across / width)] = max(float(value), 0.0)
    return upsample(coarse, (height, width))
