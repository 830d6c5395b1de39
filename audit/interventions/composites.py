"""Pictures that were never taken: holes filled, foregrounds moved, regions and their controls."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise, product

import cv2
import numpy as np
from numpy.typing import NDArray

from audit.core.geometry import upsample
from audit.datasets.dataset import BACKGROUND, FOREGROUND

Image = NDArray[np.float32]  # (H, W, 3), 0..255
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
    if off.mean() < least:
        return None, "too little background in the mask"
    return Parts(feathered(foreground), off, fill(image, ~off)), ""


def fill(image: NDArray[np.uint8] | Image, hole: Region) -> Image:
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
    filled = image.astype(np.float32)
    if not hole.any():
        return filled
    weighted = np.dstack([filled, np.ones(hole.shape, np.float32)])
    weighted[hole] = 0
    filled[hole] = _enlarged(_means(_halved(weighted)), hole.shape)[hole]
    return filled


def _means(weighted: NDArray[np.float32]) -> Image:
    """Return means where anything is known, and what the next coarser level says where nothing is.

    ``weighted`` holds colours times their weight, and the weight, ``(H, W, 4)``.
    """
    weight = weighted[..., 3:]
    if max(weight.shape) == 1 or weight.min() > 0:
        # Mid-grey where nothing at all is known.
        return np.where(weight > 0, weighted[..., :3] / np.maximum(weight, 1e-6), 127.5)
    mean = weighted[..., :3] + (1 - weight) * _enlarged(_means(_halved(weighted)), weight.shape)
    return np.asarray(mean, dtype=np.float32)


def _halved(weighted: NDArray[np.float32]) -> NDArray[np.float32]:
    height, width = (max(1, side // 2) for side in weighted.shape[:2])
    return np.asarray(cv2.resize(weighted, (width, height), interpolation=cv2.INTER_AREA))


def _enlarged(image: Image, shape: tuple[int, ...]) -> Image:
    small = np.ascontiguousarray(image, dtype=np.float32)
    return np.asarray(cv2.resize(small, shape[1::-1], interpolation=cv2.INTER_LINEAR))


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
    sigma = image.shape[1] / 8
    return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma, borderType=cv2.BORDER_REFLECT))


def paste(image: NDArray[np.uint8], opacity: NDArray[np.float32], behind: Image) -> Image:
    """Paste an image's foreground on another background: float32 ``(H, W, 3)``."""
    alpha = opacity[..., None]
    return (alpha * image + (1 - alpha) * behind).astype(np.float32)


def hottest(heatmap: NDArray[np.float32], allowed: Region, share: float) -> Region:
    """Return the hottest ``share`` of an image within ``allowed``; less where less is above 0."""
    values = np.where(allowed, heatmap, 0)
    count = min(round(share * values.size), int((values > 0).sum()))
    if not count:
        return np.zeros_like(allowed)
    chosen = np.zeros(values.size, dtype=bool)
    chosen[np.argpartition(values, values.size - count, axis=None)[values.size - count :]] = True
    return chosen.reshape(values.shape)


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
    area = int(region.sum())
    if not area:
        return []
    kept = []
    for other in _turned(region):
        on = other & allowed
        covers, shared = int(on.sum()), int((on & region).sum())
        if covers >= _LEAST_COVERED * area and shared <= _OVERLAP * area:
            kept.append((covers, on))
    kept.sort(key=lambda entry: -entry[0])
    distinct: list[Region] = []
    for _, on in kept:
        if all((on & seen).sum() <= 0.5 * area for seen in distinct):  # else one place counts twice
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
        tile = np.zeros_like(allowed)
        tile[top:bottom, left:right] = allowed[top:bottom, left:right]
        share = tile.sum() / ((bottom - top) * (right - left))
        if share >= 1 / 3:
            found.append((share, tile))
    found.sort(key=lambda entry: -entry[0])
    return [tile for _, tile in found[:most]]


def scan_map(tiles: list[Region], lost: NDArray[np.float64], across: int) -> NDArray[np.float32]:
    """Spread what filling each tile cost into a smooth heatmap ``(H, W)``; 0 where not tried."""
    height, width = tiles[0].shape
    coarse = np.zeros((across, across), np.float32)
    for tile, value in zip(tiles, lost, strict=True):
        y, x = np.argwhere(tile).mean(axis=0)
        coarse[int(y * across / height), int(x * across / width)] = max(float(value), 0.0)
    return upsample(coarse, (height, width))
