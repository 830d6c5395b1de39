"""Draws what an explainer saw: heatmaps and mask outlines over the photo, thousands in a minute."""

from __future__ import annotations

import io
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from audit.data.dataset import FLOWER
from audit.runfolder import Maps
from audit.score.composites import feathered, fill, off_flower, paste

Picture = NDArray[np.uint8]

PANELS = ("photo", "gradcam", "ig", "mask")
COMPOSITES = ("region", "filled", "background", "elsewhere")
PANEL = 144  # pixels a side: a multiple of WebP's 16-pixel blocks, so that panels do not bleed
_IG_TOP = 0.99  # IG has spikes: a few pixels would take the whole range
_IG_BLUR = 0.012  # of the image's width: about 2.7 px at 224
_QUALITY = 64
_OFF_FLOWER = ((0.55, 0), (0.8, 32))  # contrast and brightness of background and unknown


def _inferno() -> NDArray[np.float32]:
    ramp = np.linspace(56, 255, 256).round().astype(np.uint8)  # its black end would hide the photo
    return cv2.applyColorMap(ramp, cv2.COLORMAP_INFERNO)[:, 0, ::-1].astype(np.float32)


_COLOURS = _inferno()
_OPACITY = (np.linspace(0, 1, 256) ** 0.7 * 0.85).astype(np.float32)[:, None]
_TINT = _COLOURS * _OPACITY
_KEEP = 1 - _OPACITY


def overlay(
    image: Picture, heatmap: NDArray[Any], *, top: float = 1.0, blur: float = 0.0
) -> Picture:
    """Positive relevance in colour over the greyed photo: the more, the brighter and more opaque.

    Parameters
    ----------
    image : uint8 ``(H, W, 3)``
    heatmap : float ``(H, W)``
        Signed; what is not positive (or not finite) leaves the grey photo bare.
    top : float
        Quantile of the positive relevance that takes the brightest colour.
    blur : float
        Standard deviation of the smoothing, as a share of the image's width.

    Returns
    -------
    uint8 ``(H, W, 3)``
    """
    level = _levels(heatmap, top, blur)
    return np.rint(_greyed(image) * _KEEP[level] + _TINT[level]).astype(np.uint8)


def ig_overlay(image: Picture, heatmap: NDArray[Any]) -> Picture:
    """`overlay` for Integrated Gradients: slightly smoothed, brightest at its 99th percentile."""
    return overlay(image, heatmap, top=_IG_TOP, blur=_IG_BLUR)


def outline(image: Picture, trimap: Picture) -> Picture:
    """Outline the flower in white with a dark casing; dim what is off it, hatch what is unknown."""
    flower = (trimap >= 192).astype(np.uint8)
    unknown = (trimap >= 64) & (trimap < 192)
    dimmed, veiled = (cv2.convertScaleAbs(image, alpha=a, beta=b) for a, b in _OFF_FLOWER)
    picture = np.where(flower[..., None] > 0, image, dimmed)
    picture[unknown] = veiled[unknown]
    rows, columns = np.ogrid[: image.shape[0], : image.shape[1]]
    picture[unknown & ((rows + columns) % 8 < 2)] = 235
    contours, _ = cv2.findContours(flower, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    thin = max(1, round(image.shape[1] / 160))
    cv2.drawContours(picture, contours, -1, (0, 0, 0), thin + 2, cv2.LINE_AA)
    cv2.drawContours(picture, contours, -1, (255, 255, 255), thin, cv2.LINE_AA)
    return picture


def strip(maps: Maps, side: int = PANEL) -> Picture:
    """The four `PANELS` of one image side by side: uint8 ``(side, 4 * side, 3)``."""
    image = _shrink(maps.image, side)
    return np.concatenate(
        [
            image,
            overlay(image, _shrink(maps.heatmap("gradcam"), side)),
            ig_overlay(image, _shrink(maps.heatmap("ig"), side)),
            outline(image, cv2.resize(maps.trimap, (side, side), interpolation=cv2.INTER_NEAREST)),
        ],
        axis=1,
    )


def outline_region(image: Picture, region: NDArray[np.bool_]) -> Picture:
    """Outline a region in orange with a dark casing over the photo."""
    picture = image.copy()
    contours, _ = cv2.findContours(
        region.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE
    )
    thin = max(2, round(image.shape[1] / 80))
    cv2.drawContours(picture, contours, -1, (0, 0, 0), thin + 2, cv2.LINE_AA)
    cv2.drawContours(picture, contours, -1, (255, 160, 0), thin, cv2.LINE_AA)
    return picture


def composites(maps: Maps, donor: Picture | None, side: int = PANEL) -> Picture:
    """The `COMPOSITES` of one image side by side, as the model saw them.

    Parameters
    ----------
    donor : uint8 ``(H, W, 3)`` or None
        Background on which the flower was tried; a grey panel without one.
    """
    image, off = maps.image, off_flower(maps.trimap)
    nowhere = np.full(image.shape, 200, np.float32)
    shown: list[NDArray[Any]] = [
        outline_region(image, maps.region),
        fill(image, maps.region) if maps.region.any() else nowhere,
        fill(image, ~off),
        nowhere
        if donor is None
        else paste(image, feathered(maps.trimap == FLOWER), donor.astype(np.float32)),
    ]
    return np.concatenate([_shrink(np.rint(p).astype(np.uint8), side) for p in shown], axis=1)


def colour_bar(width: int = 240, height: int = 16) -> Picture:
    """Legend of `overlay`: no relevance at the left, the most at the right, over mid-grey."""
    ramp = np.tile(np.linspace(0, 1, width, dtype=np.float32), (height, 1))
    return overlay(np.full((height, width, 3), 128, np.uint8), ramp)


def encode(picture: Picture, quality: int = _QUALITY) -> bytes:
    """WebP bytes of a picture; all browsers of this decade read it, at half the size of JPEG."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "WEBP", quality=quality, method=1)
    return buffer.getvalue()


def _levels(heatmap: NDArray[Any], top: float, blur: float) -> NDArray[np.uint8]:
    """Positive relevance as 0..255, 255 at its quantile ``top``."""
    positive = np.nan_to_num(np.maximum(heatmap, 0), nan=0.0, posinf=0.0).astype(np.float32)
    if blur:
        positive = cv2.GaussianBlur(positive, (0, 0), blur * positive.shape[1])
    ceiling = float(np.quantile(positive, top)) if top < 1 else float(positive.max(initial=0))
    if ceiling <= 0:
        ceiling = float(positive.max(initial=0)) or 1.0
    return np.rint(np.minimum(positive / ceiling, 1) * 255).astype(np.uint8)


def _greyed(image: Picture) -> NDArray[np.float32]:
    """The photo as light grey of low contrast, so that colour means relevance alone."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    return (grey * np.float32(0.75) + 40)[..., None]


def _shrink(array: NDArray[Any], side: int) -> NDArray[Any]:
    how = cv2.INTER_AREA if array.shape[0] > side else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(array, (side, side), interpolation=how))
