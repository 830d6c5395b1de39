"""Pictures of shortcuts' exemplars: where it is, what it does elsewhere, and the patch itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from audit.checks.shortcuts.summary import Exemplar
from audit.datasets.dataset import FOREGROUND
from audit.interventions.composites import feathered, fill, off_foreground, paste
from audit.report.pictures import Picture, encode, outline_region
from audit.storage.heatmaps import Maps
from audit.storage.run import RunFolder

SIDE = 160  # pixels a panel: a multiple of WebP's 16-pixel blocks, so that panels do not bleed


def render_patches(
    run: RunFolder, records: pd.DataFrame, exemplars: Sequence[Exemplar], root: Path
) -> None:
    """Write the picture of every exemplar below ``root``.

    Parameters
    ----------
    records : DataFrame
        Of the explained images: they know which part has an image's maps.
    """
    wanted = {name for e in exemplars for name in (e.name, e.foreground)}
    maps = dict(_named(run, records[records["name"].isin(wanted)]))
    for e in exemplars:
        window = e.window if e.is_local else None
        picture = patch(maps[e.name], maps[e.foreground], window)
        (root / e.picture).write_bytes(encode(picture))


def _named(run: RunFolder, records: pd.DataFrame) -> Iterator[tuple[str, Maps]]:
    for part in sorted(set(records["part"].tolist())):
        those = records[records["part"] == part].set_index("row")["name"].to_dict()
        for row, maps in run.chosen(part, those):
            yield those[row], maps


def patch(case: Maps, foreground: Maps, window: Sequence[float] | None) -> Picture:
    """Draw a background's effect: its photo, another foreground before and after, and the window.

    Parameters
    ----------
    window : sequence of float, optional
        Top, left, bottom and right, in shares of the image; None where no window is shown.

    Returns
    -------
    uint8 ``(S, 4 S, 3)``
        ``(S, 3 S, 3)`` without a window.
    """
    background = fill(case.image, ~off_foreground(case.trimap))
    pasted = paste(foreground.image, feathered(foreground.trimap == FOREGROUND), background)
    after = np.rint(pasted).astype(np.uint8)
    panels = [case.image, foreground.image, after]
    if window is not None:
        rows, columns = _pixels(window, case.trimap.shape)
        there = np.zeros(case.trimap.shape, bool)
        there[rows, columns] = True
        panels = [outline_region(case.image, there), foreground.image,
                  outline_region(after, there), after[rows, columns]]  # fmt: skip
    return np.concatenate([_square(panel) for panel in panels], axis=1)


def _pixels(window: Sequence[float], shape: tuple[int, ...]) -> tuple[slice, slice]:
    height, width = shape
    sides = (height, width) * 2
    top, left, bottom, right = (
        round(share * side) for share, side in zip(window, sides, strict=True)
    )
    return slice(top, bottom), slice(left, right)


def _square(picture: Picture) -> NDArray[np.uint8]:
    how = cv2.INTER_AREA if picture.shape[0] > SIDE else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture, (SIDE, SIDE), interpolation=how))
