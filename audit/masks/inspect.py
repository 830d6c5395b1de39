"""Agreement of two sources of masks."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from audit.core.errors import BrokenImageError, DataError
from audit.core.track import Track, silent
from audit.datasets.dataset import FOREGROUND, UNKNOWN, Dataset, Item
from audit.explainers import localisation
from audit.masks.masks import BadMask, Masks

log = logging.getLogger("audit")
Trimap = NDArray[np.uint8]
GROUPS = ("worst", "median", "best")
COLUMNS = ("name", "iou", "reason", "area_a", "area_b", "source_a", "source_b")


class Iou(NamedTuple):
    """Intersection over union in 0..1, higher is better; NaN with a reason if undefined."""

    value: float
    reason: str


@dataclass(frozen=True)
class MaskPair:
    """One image with its two trimaps, all of one size, to be looked at."""

    name: str
    iou: float
    image: NDArray[np.uint8]
    a: Trimap
    b: Trimap


@dataclass(frozen=True)
class Agreement:
    """Summary of the IoU over ``n`` images; NaN where there are none.

    ``undefined`` counts the images whose IoU is undefined; they are in no mean.
    """

    n: int
    undefined: int
    mean: float
    median: float
    p10: float


def iou(a: Trimap, b: Trimap) -> Iou:
    """Return the intersection over union of the foregrounds of two trimaps.

    Parameters
    ----------
    a, b : uint8 ``(h, w)``
        255 foreground, 0 background, 128 unknown. Only pixels known in both count.

    Returns
    -------
    Iou
        NaN where no pixel is known in both, or neither has a foreground there.
    """
    known = (a != UNKNOWN) & (b != UNKNOWN)
    if not known.any():
        return Iou(float("nan"), "no pixel is known in both masks")
    in_a, in_b = (a == FOREGROUND) & known, (b == FOREGROUND) & known
    union = np.count_nonzero(in_a | in_b)
    if not union:
        return Iou(float("nan"), "no flower in either mask")
    return Iou(np.count_nonzero(in_a & in_b) / union, "")


def area(trimap: Trimap) -> float:
    """Return the share of the known pixels that is foreground; NaN where nothing is known."""
    return localisation.area(trimap == FOREGROUND, trimap != UNKNOWN)


def compare(
    dataset: Dataset,
    items: Sequence[Item],
    a: Masks,
    b: Masks,
    workers: int,
    track: Track = silent,
) -> pd.DataFrame:
    """Compare two sources on the images for which ``a`` has a mask of its own.

    Parameters
    ----------
    a : Masks
        The more trusted source; its segmenter is not asked.
    b : Masks
        The source under test, its segmenter included.
    workers : int
        Processes that segment; 0: in line.

    Returns
    -------
    DataFrame
        A row an image, columns `COLUMNS`: IoU (NaN with ``reason``), areas as shares of what is
        known, sources. Broken images and bad masks of ``a`` are left out.
    """
    known = [item for item in items if a.has_own(item)]
    rows = [
        _row(item.name, ours, theirs, sources)
        for item, _, ours, theirs, sources in track(
            _both(dataset, known, a, b, workers), "Comparing masks", len(known)
        )
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def summarise(table: pd.DataFrame) -> Agreement:
    """Summarise a `compare` table's IoU: mean, median and tenth percentile."""
    values = table["iou"].to_numpy(dtype=np.float64)
    defined = values[~np.isnan(values)]
    low, middle = np.quantile(defined, (0.1, 0.5)) if len(defined) else (np.nan, np.nan)
    mean = float(defined.mean()) if len(defined) else float("nan")
    undefined = len(values) - len(defined)
    return Agreement(len(defined), undefined, mean, float(middle), float(low))


def extremes(table: pd.DataFrame, count: int) -> dict[str, list[str]]:
    """Return the names of the ``count`` worst, most ordinary and best images, each worst first.

    No image is in two groups; where there are too few, the worst come first, then the best.
    """
    order = table.dropna(subset=["iou"]).sort_values(["iou", "name"])["name"].tolist()
    worst, rest = order[:count], order[count:]
    best = rest[max(0, len(rest) - count) :]
    rest = rest[: len(rest) - len(best)]
    start = min(max(0, len(order) // 2 - count // 2 - len(worst)), max(0, len(rest) - count))
    return dict(zip(GROUPS, (worst, rest[start : start + count], best), strict=True))


def cases(
    dataset: Dataset, items: Sequence[Item], a: Masks, b: Masks, names: Sequence[str]
) -> list[MaskPair]:
    """Read again the images called ``names``, in that order, with both trimaps."""
    wanted = [item for item in items if item.name in set(names)]
    found = {
        item.name: MaskPair(item.name, iou(ours, theirs).value, image, ours, theirs)
        for item, image, ours, theirs, _ in _both(dataset, wanted, a, b, 0)
    }
    return [found[name] for name in names if name in found]


def _both(
    dataset: Dataset, items: Sequence[Item], a: Masks, b: Masks, workers: int
) -> Iterator[tuple[Item, NDArray[np.uint8], Trimap, Trimap, tuple[str, str]]]:
    for item, image, theirs, source in b.stream(dataset.images(items), workers):
        if isinstance(image, BrokenImageError):
            continue
        try:
            ours, own = a.own(item, (image.shape[0], image.shape[1]))
        except DataError as error:
            log.warning("Left out: %s", error)
            continue
        if ours is not None:
            nothing = np.full(ours.shape, UNKNOWN, np.uint8)
            if isinstance(theirs, BadMask):
                log.warning("%s", theirs.reason)
            other = theirs if isinstance(theirs, np.ndarray) else nothing
            yield item, image, ours, other, (own, source)


def _row(name: str, a: Trimap, b: Trimap, sources: tuple[str, str]) -> tuple[Any, ...]:
    return (name, *iou(a, b), area(a), area(b), *sources)
