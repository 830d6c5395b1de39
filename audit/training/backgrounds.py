"""Training images on each other's backgrounds: what comes with every class alike teaches none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from audit.core.errors import BrokenImageError, DataError
from audit.core.geometry import resize_trimap
from audit.core.track import Track
from audit.datasets.dataset import Dataset, Item
from audit.interventions.composites import ENOUGH, paste, split_foreground
from audit.masks.masks import Masks, trusted
from audit.training.cache import ImageCache

SHARE = 0.75  # of the images that are put on another background in an epoch


@dataclass
class Backgrounds:
    """Foregrounds and backgrounds of the cached images, apart.

    Attributes
    ----------
    opacity : uint8 ``(n, H, W)``
        Of the foreground, 0..255; both are mapped from files, read when looked at.
    removed : uint8 ``(n, H, W, 3)``
        The image with its foreground filled in.
    usable : int64 ``(k,)``
        Rows that have a mask to be trusted and background enough.
    """

    opacity: NDArray[np.uint8]
    removed: NDArray[np.uint8]
    usable: NDArray[np.int64]
    seed: int

    def swapped(
        self, images: NDArray[np.uint8], rows: Sequence[int], epoch: int
    ) -> NDArray[np.uint8]:
        """Put most of the foregrounds on backgrounds of other images, of whatever class.

        What is drawn depends on the seed, the epoch and an image's row alone. Donors are of all
        classes: were the own one left out, a background would speak against its class.

        Parameters
        ----------
        images : uint8 ``(n, H, W, 3)``
        rows : sequence of int
            Their rows in the cache.
        """
        changed = images.copy()
        known = set(self.usable.tolist())
        for i, row in enumerate(rows):
            random = np.random.default_rng([self.seed, epoch, row])
            donor = int(random.choice(self.usable))
            if row in known and random.random() < SHARE:
                opacity = self.opacity[row].astype(np.float32) / 255
                changed[i] = np.rint(paste(images[i], opacity, self.removed[donor]))
        return changed


def split_foregrounds(
    dataset: Dataset,
    masks: Masks,
    images: ImageCache,
    split: str,
    work: Path,
    seed: int,
    track: Track,
    workers: int,
) -> Backgrounds:
    """Foregrounds and backgrounds of a cached split, by its masks.

    Raises
    ------
    DataError
        No image has a mask to be trusted.
    """
    shape = images.pixels.shape
    opacity, removed = (
        np.lib.format.open_memmap(work / f"{name}.npy", mode="w+", dtype=np.uint8, shape=size)
        for name, size in (("opacity", shape[:3]), ("removed", shape))
    )
    usable: list[int] = []
    row = 0
    items: list[Item] = dataset.items(split)
    stream = masks.stream(dataset.images(items), workers)
    for _, image, trimap, _ in track(stream, f"backgrounds ({split})", len(items)):
        if isinstance(image, BrokenImageError):
            continue
        known = trusted(trimap)
        if known is not None:
            fitted = resize_trimap(known, shape[1:3])
            parts, _ = split_foreground(images.pixels[row], fitted, least=ENOUGH)
            if parts is not None:
                opacity[row] = np.rint(255 * parts.opacity)
                removed[row] = np.rint(parts.removed)
                usable.append(row)
        row += 1
    if not usable:
        raise DataError(
            f"No image of the {split} split has a usable mask: give --masks, or leave "
            "--augment-background out."
        )
    return Backgrounds(opacity, removed, np.array(usable), seed)
