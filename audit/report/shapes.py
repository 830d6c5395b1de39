"""Shapes of maps in few characters: outlines as SVG paths, and where a heatmap is hottest."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from audit.core.geometry import place_of
from audit.datasets.dataset import FOREGROUND
from audit.storage.heatmaps import Maps

_TOLERANCE = 0.03  # of an outline, in shares of the square root of its area
_FINEST, _COARSEST = 0.8 / 224, 2.5 / 224  # bounds of that, in shares of the side
_SPECK = 24 / 224**2  # smaller areas are left out, in shares of the image
_THIN = 5 / 224  # a narrower unknown border lies under the outline's own line
_HOTTEST = 0.5  # of the maximum: what of Grad-CAM counts as its hottest part


@dataclass(frozen=True)
class Shapes:
    """One image's outlines, in pixels of its map.

    Attributes
    ----------
    side : int
        Width and height that the paths are drawn in.
    foreground, unknown, region : str
        ``d`` of an SVG path, to be filled by the even-odd rule; "" where nothing is to be drawn.
        An unknown border that is no wider than a line is left out.
    hottest : dict of str
        Where explainers, those that were not asked left out, are hottest, in words by their keys;
        "" without positive relevance.
    donors : tuple of int
        Rows of the run's backgrounds on which the foreground was tried.
    """

    side: int
    foreground: str
    unknown: str
    region: str
    hottest: dict[str, str]
    donors: tuple[int, ...] = ()


def shapes(maps: Maps) -> Shapes:
    """Return the outlines and words of one image."""
    unknown = _wide((maps.trimap > 0) & (maps.trimap < FOREGROUND))
    masks = (maps.trimap == FOREGROUND, unknown, maps.region)
    foreground, unclear, region = (path(mask) for mask in masks)
    heats = {"gradcam": maps.heatmap("gradcam"), "ig": smoothed(maps.ig), **maps.optional}
    hottest = {key: hottest_place(heat) for key, heat in heats.items()}
    donors = tuple(maps.donors.tolist())
    return Shapes(maps.trimap.shape[1], foreground, unclear, region, hottest, donors)


def path(mask: NDArray[np.bool_]) -> str:
    """Return a mask's outline as an SVG path of whole pixels, simplified to 2.5 pixels at 224."""
    found, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    simple = (_simplified(line, mask.shape[1]) for line in found)
    return "".join(_closed(corners) for corners in simple if len(corners) > 2)


def _simplified(line: NDArray[np.int32], side: int) -> NDArray[np.int32]:
    """Return the corners ``(n, 2)`` of an outline; none of a speck."""
    area = cv2.contourArea(line)
    if area <= _SPECK * side * side:
        return np.zeros((0, 2), np.int32)
    tolerance = np.clip(_TOLERANCE * np.sqrt(area), _FINEST * side, _COARSEST * side)
    return np.asarray(cv2.approxPolyDP(line, float(tolerance), True)[:, 0])


def _wide(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the part of a mask that is wider than a line."""
    across = max(2, round(_THIN * mask.shape[1]))
    square = np.ones((across, across), np.uint8)
    return np.asarray(cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, square)) > 0


def _closed(corners: NDArray[np.int32]) -> str:
    steps = np.diff(corners, axis=0).tolist()
    drawn = "".join(f"{x}{'' if y < 0 else ' '}{y} " for x, y in steps)
    return f"M{corners[0][0]} {corners[0][1]}l{drawn.rstrip()}z"


def smoothed(heatmap: NDArray[np.float32]) -> NDArray[np.float32]:
    """Smooth a heatmap by a twentieth of its width, so that single pixels say nothing."""
    positive = np.maximum(heatmap, 0).astype(np.float32)
    # Words for a place need no finer map.
    small = cv2.resize(positive, (56, 56), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.GaussianBlur(small, (0, 0), 56 / 20))


def hottest_place(heatmap: NDArray[np.float32]) -> str:
    """Say where the part above half the maximum that holds the maximum lies."""
    heat = np.nan_to_num(heatmap, posinf=0, neginf=0)
    if heat.max(initial=0) <= 0:
        return ""
    hot = (heat >= _HOTTEST * heat.max()).astype(np.uint8)
    _, parts = cv2.connectedComponents(hot)
    return place_of(parts == parts.flat[int(heat.argmax())])
