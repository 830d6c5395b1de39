"""Backgrounds of other images, on which foregrounds are tried: the same ones in every run."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from audit.core.errors import BrokenImageError
from audit.core.logits import absent, of_label
from audit.datasets.dataset import (
    Dataset,
    Decoded,
    Item,
    label_sets,
    one_an_image,
    stratified,
)
from audit.datasets.decode import resize
from audit.interventions.composites import ENOUGH, Image, Parts, softened, split_foreground
from audit.interventions.edits import Colours
from audit.masks.masks import Given, Masks, trusted
from audit.masks.sample import fit_trimap
from audit.models.base import Classifier

DONORS = 4  # backgrounds that an image's foreground is tried on
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
    sets : tuple of frozenset of int
        All labels of each image, where there may be several; () where each has one class.
    """

    names: list[str]
    labels: NDArray[np.int64]
    backgrounds: NDArray[np.uint8]
    logits: NDArray[np.float32]
    sets: tuple[frozenset[int], ...] = ()

    def asked_of(self, classifier: Classifier) -> BackgroundPool:
        """Return the same backgrounds with what another classifier says of each."""
        return replace(self, logits=_answered(classifier, list(self.backgrounds)))

    def of_label(self, label: int) -> BackgroundPool:
        """Return the same backgrounds as one of several labels sees them: it is there, or not."""
        gone = absent(label, self.logits.shape[1])
        here = np.array([label if label in labels else gone for labels in self.sets], np.int64)
        return replace(self, labels=here, logits=of_label(self.logits, label))

    def others(
        self, name: str, classes: set[int], count: int, explained: int | None = None
    ) -> list[int]:
        """Return at most ``count`` donors of other classes for an image, by its name alone.

        Parameters
        ----------
        explained : int, optional
            A class that no donor's background may bring by itself, as one that shows the same
            shortcut would; nor may it bring its own class, whose shortcut it may show. Of two
            classes the other one's scene is what is tried, so its own class it may bring. Where
            fewer than ``count`` are left, none is left out.
        """
        allowed = [i for i, k in enumerate(self.labels) if int(k) not in classes]
        own = -1 if self.sets or self.logits.shape[1] == 2 else self.labels
        cues = (self._answers == explained) | (self._answers == own)
        neutral = [i for i in allowed if not cues[i]]
        return self._nearest(name, neutral if len(neutral) >= count else allowed, count)

    def drawn(self, name: str, count: int) -> list[int]:
        """Return at most ``count`` donors of any class for an image."""
        return self._nearest(name, range(len(self.names)), count)

    def same(self, name: str, label: int, count: int = 1) -> list[int]:
        """Return at most ``count`` donors of an image's own class."""
        own = [i for i, k in enumerate(self.labels) if int(k) == label]
        return self._nearest(name, own, count)

    def further(self, name: str, classes: set[int], explained: int) -> int:
        """Return one more donor of another class, whom no swap shows; -1 without any."""
        found = self.others(name, classes, DONORS + 1, explained)
        found = found or self.others(name, {explained}, DONORS + 1, explained)
        return found[-1] if found else -1

    def neutral(self, background: Image) -> Image:
        """Return a background softened and brought to the pool's mean colour: hardly a cue is left.

        Parameters
        ----------
        background : float32 ``(H, W, 3)``
            With its foreground filled in.
        """
        soft = softened(background)
        moved = cv2.add(soft, (*(self.mean - cv2.mean(soft)[:3]), 0))
        return np.asarray(np.clip(moved, 0, 255, out=moved))

    @cached_property
    def colours(self) -> Colours:
        """Mean colour of the pool, and the deviation of colours within a background."""
        # One after the other: all at once would be copied at twice their precision.
        within = [each.std(axis=(0, 1), dtype=np.float64) for each in self.backgrounds]
        return Colours(self.mean, np.mean(within, axis=0).astype(np.float32))

    @cached_property
    def _answers(self) -> NDArray[np.intp]:
        return self.logits.argmax(axis=1)

    @cached_property
    def mean(self) -> NDArray[np.float32]:
        """Mean colour of the pool, float32 ``(3,)``."""
        return np.asarray(self.backgrounds.mean(axis=(0, 1, 2)), dtype=np.float32)

    def _nearest(self, name: str, allowed: Sequence[int], count: int) -> list[int]:
        # Ordered by both names: an image has the same donors in any run, part and machine.
        ranked = sorted(allowed, key=lambda i: _hash(name, self.names[i]))
        return [i for i in ranked if self.names[i] != name][:count]


def draw_pool(
    dataset: Dataset,
    masks: Masks,
    classifier: Classifier,
    workers: int,
    split: str = "train",
    fewest: int = _FEWEST,
) -> BackgroundPool:
    """Choose donors by class, and fill their foregrounds in.

    Images that are broken, without a usable mask or almost all foreground are left out.

    Parameters
    ----------
    split : str
        Where they come from; the test split fills up what it lacks, or gives all of them where
        there is none. A test image's own shortcut is on other test images, too.
    fewest : int
        Donors at least, where there are as many.
    """
    size = classifier.input_size
    wanted = min(_MOST, max(fewest, _EACH * len(dataset.classes)))
    kept = list(_usable(dataset, masks, size, workers, split, wanted))
    if split != "test" and len(kept) < min(_FEWEST, wanted):
        kept += _usable(dataset, masks, size, workers, "test", wanted - len(kept))
    sets = label_sets(dataset)
    return BackgroundPool(
        names=[item.image for item, _ in kept],
        labels=np.array([item.label for item, _ in kept], dtype=np.int64),
        backgrounds=_stacked([background for _, background in kept], size),
        logits=_answered(classifier, [background for _, background in kept]),
        sets=tuple(sets[item.image] for item, _ in kept) if sets else (),
    )


def _stacked(backgrounds: Sequence[NDArray[np.uint8]], size: int) -> NDArray[np.uint8]:
    return np.stack(backgrounds) if backgrounds else np.zeros((0, size, size, 3), np.uint8)


def _answered(
    classifier: Classifier, backgrounds: Sequence[NDArray[np.uint8]]
) -> NDArray[np.float32]:
    # One by one: what the model says of a background must not hang on those beside it.
    logits = [classifier.logits(b[None].astype(np.float32))[0] for b in backgrounds]
    return np.array(logits, np.float32).reshape(len(logits), classifier.classes)


def _usable(
    dataset: Dataset, masks: Masks, size: int, workers: int, split: str, count: int
) -> Iterator[tuple[Item, NDArray[np.uint8]]]:
    items = one_an_image(stratified(dataset.items(split), count, _SEED))
    for found in taken_apart(masks.stream(dataset.images(items), workers), size):
        if found is not None:
            item, _, parts = found
            yield item, np.rint(parts.removed).astype(np.uint8)


def taken_apart(
    stream: Iterable[tuple[Item, Decoded, Given, str]], size: int
) -> Iterator[tuple[Item, NDArray[np.uint8], Parts] | None]:
    """Yield photographs at a model's size with their parts; None of those without a usable mask.

    Parameters
    ----------
    stream : iterable
        As `Masks.stream` gives it.
    size : int
        Side of the model's input.
    """
    for item, image, trimap, _ in stream:
        known = trusted(trimap)
        if isinstance(image, BrokenImageError) or known is None:
            yield None
            continue
        photo = resize(image, size)
        parts, _ = split_foreground(photo, fit_trimap(known, size), least=ENOUGH)
        yield None if parts is None else (item, photo, parts)


def _hash(name: str, donor: str) -> bytes:
    return hashlib.sha256(f"{name}\n{donor}".encode()).digest()
