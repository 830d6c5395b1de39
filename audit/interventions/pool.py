"""Backgrounds of other images, on which foregrounds are tried: the same ones in every run."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from audit.core.errors import BrokenImageError
from audit.datasets.dataset import Dataset, Item, stratified
from audit.datasets.decode import resize
from audit.interventions.composites import ENOUGH, Image, softened, split_foreground
from audit.masks.masks import Masks, trusted
from audit.masks.sample import fit_trimap
from audit.models.base import Classifier

_EACH, _FEWEST, _MOST = 2, 32, 256  # donors a class, and bounds on their number
_SEED = 0  # of the pool; not the run's, so that runs can be compared


@dataclass(frozen=True)
class BackgroundPool:
    """A pool of backgrounds with their foregrounds filled in.

    Attributes
    ----------
    names : list of str
    labels : int64 ``(n,)``
    backgrounds : uint8 ``(n, H, W, 3)``
    logits : float32 ``(n, classes)``
        What the model says of each background.
    """

    names: list[str]
    labels: NDArray[np.int64]
    backgrounds: NDArray[np.uint8]
    logits: NDArray[np.float32]

    def others(self, name: str, classes: set[int], count: int) -> list[int]:
        """Return at most ``count`` donors of other classes for an image, by its name alone."""
        return self._nearest(name, [i for i, k in enumerate(self.labels) if int(k) not in classes],
                             count)  # fmt: skip

    def same(self, name: str, label: int) -> list[int]:
        """Return one donor of an image's own class, if there is one."""
        return self._nearest(name, [i for i, k in enumerate(self.labels) if int(k) == label], 1)

    def neutral(self, background: Image) -> Image:
        """Return a background softened and brought to the pool's mean colour: hardly a cue is left.

        Parameters
        ----------
        background : float32 ``(H, W, 3)``
            With its foreground filled in.
        """
        soft = softened(background)
        moved = soft + (self.mean - soft.mean(axis=(0, 1)))
        return np.asarray(np.clip(moved, 0, 255), dtype=np.float32)

    @cached_property
    def mean(self) -> NDArray[np.float32]:
        """Mean colour of the pool, float32 ``(3,)``."""
        return np.asarray(self.backgrounds.mean(axis=(0, 1, 2)), dtype=np.float32)

    def _nearest(self, name: str, allowed: Sequence[int], count: int) -> list[int]:
        # Ordered by both names: an image has the same donors in any run, part and machine.
        ranked = sorted(allowed, key=lambda i: _hash(name, self.names[i]))
        return [i for i in ranked if self.names[i] != name][:count]


def draw_pool(
    dataset: Dataset, masks: Masks, classifier: Classifier, workers: int
) -> BackgroundPool:
    """Choose donors from the test split, by class, and fill their foregrounds in.

    Images that are broken, without a usable mask or almost all foreground are left out.
    """
    size = classifier.input_size
    kept = list(_usable(dataset, masks, size, workers))
    names = [item.name for item, _ in kept]
    labels = np.array([item.label for item, _ in kept], dtype=np.int64)
    backgrounds = np.zeros((len(kept), size, size, 3), np.uint8)
    logits = np.zeros((len(kept), classifier.classes), np.float32)
    for i, (_, background) in enumerate(kept):
        backgrounds[i] = background
        logits[i] = classifier.logits(background[None].astype(np.float32))[0]
    return BackgroundPool(names, labels, backgrounds, logits)


def _usable(
    dataset: Dataset, masks: Masks, size: int, workers: int
) -> Iterator[tuple[Item, NDArray[np.uint8]]]:
    wanted = min(_MOST, max(_FEWEST, _EACH * len(dataset.classes)))
    items = stratified(dataset.items("test"), wanted, _SEED)
    for item, image, trimap, _ in masks.stream(dataset.images(items), workers):
        known = trusted(trimap)
        if isinstance(image, BrokenImageError) or known is None:
            continue
        parts, _ = split_foreground(resize(image, size), fit_trimap(known, size), least=ENOUGH)
        if parts is not None:
            yield item, np.rint(parts.removed).astype(np.uint8)


def _hash(name: str, donor: str) -> bytes:
    return hashlib.sha256(f"{name}\n{donor}".encode()).digest()
