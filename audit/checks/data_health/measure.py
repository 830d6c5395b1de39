"""A pass over every image: which are alike, and which stand apart in size, blur and exposure."""

from __future__ import annotations

import io
from collections.abc import Generator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

from audit.checks.context import Context
from audit.checks.data_health.duplicates import (
    BITS,
    SHAPE,
    Pairs,
    near_duplicates,
    order,
    signature,
)
from audit.checks.data_health.outliers import RULES, measures, outliers
from audit.checks.data_health.outputs import DUPLICATES, IMAGES, SHOWN_OUTLIERS, SHOWN_PAIRS
from audit.checks.data_health.quality import quality
from audit.core.ahead import ahead
from audit.core.errors import BrokenImageError
from audit.core.track import Track
from audit.datasets.dataset import SPLITS, Dataset, Decoded, Item, label_sets, one_an_image

_AHEAD = 2  # images read while another is measured: they may be large
_THUMBNAIL = 160  # pixels of the longer side
_NAN = float("nan")
_UNREAD = {"width": _NAN, "height": _NAN, "hash": "", "sharpness": _NAN, "luminance": _NAN,
           "dark": _NAN, "bright": _NAN}  # fmt: skip


@dataclass(frozen=True)
class Health:
    """Condition of the images of a data set.

    Attributes
    ----------
    images : DataFrame
        One row an image: name, split, label, labels (all of it, as in ``0|2``, where there may be
        several, else ""), skipped (why it could not be read; "" where it
        could), width, height, hash ("" where it is too plain to compare), sharpness, luminance,
        dark and bright as `audit.checks.data_health.quality.Quality` has them, and thumbnail
        (WebP; None for all but those that the report shows). NaN where an image could not be read.
    duplicates : DataFrame
        One row a pair of near-duplicates, those that matter most first: a, b (names), distance,
        likeness and mirrored as `audit.checks.data_health.duplicates.Pairs` has them.
    complete : bool
        Whether every pair was found.
    """

    images: pd.DataFrame
    duplicates: pd.DataFrame
    complete: bool


def write(context: Context) -> None:
    """Examine what was learnt from and what was tested, and write what is found."""
    dataset, folder = context.dataset, context.folder
    learnt_from = [item for split in SPLITS[:-1] for item in dataset.items(split)]
    images = one_an_image([*learnt_from, *context.tested])
    found = examine(dataset, images, context.track)
    folder.keep(DUPLICATES.file(folder), found.duplicates.to_parquet(index=False))
    folder.update_manifest(health={"complete": found.complete})
    folder.keep(IMAGES.file(folder), found.images.to_parquet(index=False))


def examine(dataset: Dataset, items: Sequence[Item], track: Track) -> Health:
    """Measure and compare ``items``.

    Images are streamed, and 2 KiB of each are kept; the few that the report shows are read again.
    """
    images, pairs = _measured(dataset, items, track)
    label, split, names = (images[key].to_numpy() for key in ("label", "split", "name"))
    ranked = order(pairs, label, split, "test")
    table = {
        "a": names[pairs.a[ranked]],
        "b": names[pairs.b[ranked]],
        "distance": pairs.distance[ranked],
        "likeness": pairs.likeness[ranked],
        "mirrored": pairs.mirrored[ranked],
    }
    duplicates = pd.DataFrame(table).astype({"a": "str", "b": "str"})
    shown = _shown(images, duplicates)
    pictures = _thumbnails(dataset, [item for item in items if item.image in shown])
    thumbnails = pd.Series([pictures.get(name) for name in names], images.index, dtype=object)
    return Health(images.assign(thumbnail=thumbnails), duplicates, pairs.complete)


def _measured(dataset: Dataset, items: Sequence[Item], track: Track) -> tuple[pd.DataFrame, Pairs]:
    rows: list[dict[str, Any]] = []
    bits = np.zeros((len(items), BITS), bool)
    detail = np.zeros((len(items), *SHAPE), np.float16)
    sets = label_sets(dataset)
    stream = track(ahead(_read(dataset, items), _AHEAD), "data health", len(items))
    for index, (item, image) in enumerate(stream):
        labels = "|".join(map(str, sorted(sets.get(item.image, ()))))
        row = {"name": item.image, "split": item.split, "label": item.label, "labels": labels}
        if isinstance(image, BrokenImageError):
            rows.append(row | {"skipped": str(image)} | _UNREAD)
            continue
        found = signature(image)
        bits[index], detail[index] = found.bits, found.detail
        size = {"skipped": "", "width": image.shape[1], "height": image.shape[0]}
        rows.append(row | size | {"hash": found.text} | asdict(quality(image)))
    return pd.DataFrame(rows), near_duplicates(bits, detail)


def _read(dataset: Dataset, items: Sequence[Item]) -> Generator[tuple[Item, Decoded], None, None]:
    yield from dataset.images(items)


def _shown(images: pd.DataFrame, duplicates: pd.DataFrame) -> set[str]:
    """Name the images of the first pairs, and the farthest outliers of each measure."""
    first = duplicates.iloc[:SHOWN_PAIRS]
    names = {*first["a"], *first["b"]}
    for key, values in measures(images).items():
        names |= {*images["name"].iloc[outliers(values, RULES[key])[:SHOWN_OUTLIERS]]}
    return names


def _thumbnails(dataset: Dataset, items: Sequence[Item]) -> dict[str, bytes]:
    return {
        item.image: _thumbnail(image)
        for item, image in dataset.images(items)
        if not isinstance(image, BrokenImageError)
    }


def _thumbnail(image: NDArray[np.uint8]) -> bytes:
    """Encode an image within `_THUMBNAIL` pixels as WebP; smaller ones stay as they are."""
    scale = min(1.0, _THUMBNAIL / max(image.shape[:2]))
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    buffer = io.BytesIO()
    Image.fromarray(small).save(buffer, "WEBP", quality=70)
    return buffer.getvalue()
