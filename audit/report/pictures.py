"""Pictures of what an explainer saw: thousands in half a minute, each picture once.

Heatmaps are kept grey: the pages colour them over the photo (templates/partials/heat.html).
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from audit.core.edits import FROM_ANOTHER
from audit.explainers.base import seed_of
from audit.interventions.composites import fill, off_foreground, split_foreground
from audit.interventions.edits import Scene, as_asked
from audit.report.behind import Behind
from audit.report.trials import ALONE, FILLED
from audit.storage.heatmaps import Maps

Picture = NDArray[np.uint8]

PHOTO = 224  # pixels a side
HEAT = 96  # pixels a side: Grad-CAM has far fewer, IG is smoothed
PANEL = 128  # pixels a side: a multiple of WebP's 16-pixel blocks, so that panels do not bleed
_IG_TOP = 0.99  # IG has spikes: a few pixels would take the whole range
_IG_BLUR = 0.012  # of the image's width: about 2.7 px at 224
_QUALITY, _HEAT_QUALITY, _PANEL_QUALITY = 54, 42, 48
_EFFORT = 3  # of WebP's 0..6: a fifth smaller than at 1, for twice the time; 4 saves no more


def photo(maps: Maps) -> bytes:
    """Encode the model's input as WebP."""
    return encode(_shrink(maps.image, min(PHOTO, maps.image.shape[1])))


def heat(maps: Maps) -> bytes:
    """Encode positive relevance in grey as WebP: Grad-CAM, and IG to its right.

    White is the most of the image itself, for IG its 99th percentile, slightly smoothed.
    """
    cam = levels(_shrink(maps.heatmap("gradcam"), HEAT))
    ig = levels(_shrink(maps.heatmap("ig"), HEAT), top=_IG_TOP, blur=_IG_BLUR)
    return encode(np.concatenate([cam, ig], axis=1), _HEAT_QUALITY)


def further_heat(maps: Maps, name: str) -> bytes:
    """Encode one optional explainer's positive relevance in grey as WebP ``(HEAT, HEAT)``."""
    return encode(levels(_shrink(maps.heatmap(name), HEAT)), _HEAT_QUALITY)


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


def composites(panels: Sequence[NDArray[Any]]) -> bytes:
    """Encode what the model was shown of one image, side by side as WebP, smaller than it saw it.

    Parameters
    ----------
    panels : sequence of ``(H, W, 3)``
        0..255.
    """
    small = [np.rint(_shrink(panel, PANEL)).astype(np.uint8) for panel in panels]
    return encode(np.concatenate(small, axis=1), _PANEL_QUALITY)


def composite(maps: Maps, key: str, behind: Behind, donor: int, image: str) -> NDArray[Any]:
    """Return one picture that the model was shown, as nearly as its files tell.

    Parameters
    ----------
    key : str
        `FILLED`, `ALONE`, or an edit's, of a background that the mask leaves.
    donor : int
        Row of the background that an edit takes from; -1 of one that takes from none.
    image : str
        Name of the image: edits at random hang on it.
    """
    if key in (FILLED, ALONE):  # small already: fills are smooth, and thousands are drawn
        small = _shrunk(maps, PANEL)
        return fill(small.image, small.region if key == FILLED else ~off_foreground(small.trimap))
    parts, _ = split_foreground(maps.image, maps.trimap)
    known = 0 <= donor < len(behind.donors)
    if parts is None or (key in FROM_ANOTHER and not known):
        return maps.image  # of files that have been changed alone
    other = behind.donors[donor].astype(np.float32) if known else parts.removed
    random = np.random.default_rng(seed_of(image))
    return as_asked(key, Scene(maps.image, parts, other, behind.usual, random))


def background(donor: Picture) -> bytes:
    """Encode another image's background, on which foregrounds were tried, as WebP."""
    return encode(_shrink(donor, PANEL), _PANEL_QUALITY)


def encode(picture: Picture, quality: int = _QUALITY) -> bytes:
    """Encode a picture as WebP; all browsers of this decade read it, at half the size of JPEG."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "WEBP", quality=quality, method=_EFFORT)
    return buffer.getvalue()


def levels(heatmap: NDArray[Any], *, top: float = 1.0, blur: float = 0.0) -> NDArray[np.uint8]:
    """Return positive relevance as 0..255, 255 at its quantile ``top``.

    Parameters
    ----------
    heatmap : float ``(H, W)``
        Signed; what is not positive (or not finite) is 0.
    blur : float
        Standard deviation of the smoothing, as a share of the image's width.
    """
    positive = np.nan_to_num(np.maximum(heatmap, 0), nan=0.0, posinf=0.0).astype(np.float32)
    if blur:
        positive = cv2.GaussianBlur(positive, (0, 0), blur * positive.shape[1])
    ceiling = float(np.quantile(positive, top)) if top < 1 else float(positive.max(initial=0))
    if ceiling <= 0:
        ceiling = float(positive.max(initial=0)) or 1.0
    return np.rint(np.minimum(positive / ceiling, 1) * 255).astype(np.uint8)


def _shrunk(maps: Maps, side: int) -> Maps:
    """Return an image with its trimap and region at another size, for pictures alone."""
    masks = (maps.trimap, maps.region.astype(np.uint8))
    trimap, region = (
        np.asarray(cv2.resize(m, (side, side), interpolation=cv2.INTER_NEAREST)) for m in masks
    )
    return replace(maps, image=_shrink(maps.image, side), trimap=trimap, region=region > 0)


def _shrink(array: NDArray[Any], side: int) -> NDArray[Any]:
    how = cv2.INTER_AREA if array.shape[0] > side else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(array, (side, side), interpolation=how))
