"""What data health leaves behind in a drawn run: copies among the splits, and outliers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import cv2
import numpy as np

from audit.checks.data_health.measure import examine
from audit.core.errors import BrokenImageError
from audit.core.track import silent
from audit.datasets.dataset import Item
from audit.storage.run import RunFolder, write_whole


class Drawn:
    """A data set of images that are given."""

    def __init__(self, images: dict[Item, np.ndarray | BrokenImageError]) -> None:
        self._images = images

    def images(self, items: Sequence[Item]) -> Iterator[tuple[Item, object]]:
        for item in items:
            yield item, self._images[item]


def write_health(run: RunFolder, tested: dict[Item, np.ndarray], others: Sequence[np.ndarray]):
    """Examine test images, ``others`` to train on, and copies of the first test images.

    Copies: the first in training, the second mirrored in validation, the third in training under
    another label, the fourth among the test images. One test image is broken.
    """
    images: dict[Item, np.ndarray | BrokenImageError] = {
        Item(f"train_{k:03d}.jpg", k % 3, "train"): image for k, image in enumerate(others)
    }
    first = [(item.label, image) for item, image in tested.items()][:4]
    names = ("copy of <b>one</b>.jpg", "mirrored *two*.jpg", "three " * 800, "four.jpg")
    splits = ("train", "validation", "train", "test")
    for k, (label, image) in enumerate(first):
        copy = np.ascontiguousarray(image[:, ::-1] if k == 1 else image)
        other = abs(label - 1) if k == 2 else label
        images[Item(names[k], other, splits[k])] = cv2.convertScaleAbs(copy, beta=9)
    images[Item("blurred.jpg", 0, "train")] = cv2.GaussianBlur(others[0], (0, 0), 9)
    images[Item("black.jpg", 0, "train")] = np.zeros((40, 400, 3), np.uint8)
    images[Item("torn.jpg", 0, "test")] = BrokenImageError("torn.jpg: image file is truncated")
    images |= tested
    found = examine(Drawn(images), list(images), silent)
    write_whole(run.file("duplicates.parquet"), found.duplicates.to_parquet(index=False))
    run.update_manifest(health={"complete": found.complete})
    write_whole(run.file("health.parquet"), found.images.to_parquet(index=False))
