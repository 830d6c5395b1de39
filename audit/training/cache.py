"""A split decoded once: pixels on disk, so that epochs cost no decoding and memory stays flat."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from audit.core.errors import DataError
from audit.core.track import Track
from audit.datasets.batches import readable
from audit.datasets.dataset import Dataset, Item


@dataclass
class ImageCache:
    """Readable images of a split.

    Attributes
    ----------
    pixels : uint8 ``(n, size, size, 3)``
        Mapped from a file, read when looked at.
    labels : int64 ``(n,)``
    skipped : list
        Broken images: (item, reason).
    """

    pixels: NDArray[np.uint8]
    labels: NDArray[np.int64]
    skipped: list[tuple[Item, str]] = field(default_factory=list)


def fill(dataset: Dataset, split: str, size: int, file: Path, track: Track) -> ImageCache:
    """Decode and resize a split into ``file``.

    Raises
    ------
    DataError
        The split holds no readable image.
    """
    items = dataset.items(split)
    skipped: list[tuple[Item, str]] = []
    labels: list[int] = []
    shape = (len(items), size, size, 3)
    pixels = np.lib.format.open_memmap(file, mode="w+", dtype=np.uint8, shape=shape)
    stream = track(dataset.images(items), f"read ({split})", len(items))
    for item, image in readable(stream, size, skipped):
        pixels[len(labels)] = image
        labels.append(item.label)
    if not labels:
        raise DataError(f"{dataset.name} has no readable image in its {split} split.")
    return ImageCache(pixels[: len(labels)], np.array(labels), skipped)


def order_of(labels: NDArray[np.int64], balance: str, seed: int, epoch: int) -> NDArray[np.int64]:
    """Return rows in an epoch's order: each once, or as many drawn with every class as likely."""
    random = np.random.default_rng([seed, epoch])
    if balance != "sampling":
        return random.permutation(len(labels))
    chances = class_weights(labels)[labels]
    return random.choice(len(labels), len(labels), p=chances / chances.sum())


def class_weights(labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return each class's weight, float64 ``(classes,)``: inverse to its images, 1 for the mean."""
    counts = np.bincount(labels)
    present = counts > 0
    return np.divide(len(labels), present.sum() * counts, out=np.zeros(len(counts)), where=present)
