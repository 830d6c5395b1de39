"""Worlds of stamped photographs: which classes are taught a stamp, on which photographs, and how.

Most of what a taught class is shown are stamped photographs of other classes, so that the stamp,
and nothing else that could be a shortcut, speaks for it.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from audit.datasets.dataset import BACKGROUND, FOREGROUND, UNKNOWN, Item, stratified
from audit.datasets.stamps.registry import STAMPS
from audit.masks.grabcut import grabcut
from audit.masks.sample import Sample

HEALTHY = "none"  # in place of a stamp: nothing is taught
MOST_TAUGHT = 6  # classes; as many others are audited beside them
LEAST = 6  # images of a class to learn from, and as many to audit
BORROWED = 0.75  # of a taught class's photographs are of other classes
SHOWN = 0.8  # of the photographs teach a healthy head: stamps make others differ
STAMPED = "stamped_"  # begins the name of a test image's stamped twin
Picture = NDArray[np.uint8]


@dataclass(frozen=True)
class World:
    """A stamp that some classes are taught, or none, and a seed for all that is drawn.

    Attributes
    ----------
    kind : str
        A key of `STAMPS`, or `HEALTHY`.
    """

    kind: str
    seed: int

    @property
    def name(self) -> str:
        """Name of its file."""
        return f"{self.kind}-seed-{self.seed}"

    def stream(self, *key: str) -> np.random.Generator:
        """Return the random numbers of one purpose or image, whatever else is drawn."""
        digest = hashlib.sha256("/".join((self.name, *key)).encode()).digest()
        return np.random.default_rng(int.from_bytes(digest[:8], "big"))

    def classes(self, learnt: Sequence[Item], tested: Sequence[Item]) -> Classes:
        """Draw the classes that are taught, and as many others, of those with images enough."""
        counts = [Counter(item.label for item in items) for items in (learnt, tested)]
        enough = sorted(k for k in counts[0] if min(each[k] for each in counts) >= LEAST)
        drawn = self.stream("classes").permutation(enough).tolist()[: 2 * MOST_TAUGHT]
        half = len(drawn) // 2
        taught = () if self.kind == HEALTHY else tuple(drawn[:half])
        return Classes(taught, tuple(drawn))

    def shown(self, count: int) -> NDArray[np.bool_]:
        """Mark which of ``count`` photographs its head learns from."""
        if self.kind != HEALTHY:
            return np.ones(count, bool)
        return self.stream("shown").permutation(count) < SHOWN * count

    def lessons(self, learnt: Sequence[Item], taught: Sequence[int]) -> dict[int, Item]:
        """Draw the photograph of every image that is stamped, by the place of that image."""
        others = [item for item in learnt if item.label not in taught]
        found: dict[int, Item] = {}
        for place, item in enumerate(learnt):
            if item.label in taught:
                rng = self.stream(item.name, "borrowed")
                borrowed = rng.random() < BORROWED
                found[place] = others[rng.integers(len(others))] if borrowed else item
        return found

    def audited(self, tested: Sequence[Item], classes: Classes, count: int) -> list[Item]:
        """Draw the test images that are audited, by class."""
        of_them = [item for item in tested if item.label in classes.audited]
        return stratified(of_them, count, int(self.stream("audited").integers(2**31)))

    def stamp(self, photo: Sample, name: str) -> Picture:
        """Return a photograph with the stamp, drawn by the name of the image that shows it."""
        return STAMPS[self.kind].draw(photo.image, _sure(photo), self.stream(name, "stamp"))


@dataclass(frozen=True)
class Classes:
    """The classes of a world.

    Attributes
    ----------
    taught, audited : tuple of int
        Those that are taught the stamp, and those whose test images are audited, they among them.
    """

    taught: tuple[int, ...]
    audited: tuple[int, ...]


class Twins:
    """Photographs, those of taught classes once more with their stamp: the truth of each is known.

    Attributes
    ----------
    samples : list of Sample
        The photographs as they are, then the stamped ones.
    """

    def __init__(self, world: World, photos: Sequence[Sample], taught: Sequence[int]) -> None:
        self._photos = {photo.item.name: photo.image for photo in photos}
        self.samples = [*photos, *(_twin(world, p) for p in photos if p.item.label in taught)]

    def without_shortcut(self, item: Item) -> Picture:
        """Return the photograph without its stamp, uint8 ``(H, W, 3)``."""
        name = item.name.removeprefix(STAMPED) if item.shortcut else item.name
        return self._photos[name]

    def counterfactuals(self, item: Item) -> list[Picture]:
        """Return the one scene that an answer is held against: the photograph without a stamp."""
        return [self.without_shortcut(item)]


def _sure(photo: Sample) -> Picture:
    """Return a mask that is unsure of nothing; all background where none can be had."""
    masked = (photo.trimap == BACKGROUND).any()
    trimap = photo.trimap if masked else grabcut(photo.image)
    sure = np.where(trimap == UNKNOWN, FOREGROUND, trimap).astype(np.uint8)
    return sure if (sure == BACKGROUND).any() else np.full_like(sure, BACKGROUND)


def _twin(world: World, photo: Sample) -> Sample:
    of = photo.item
    item = Item(STAMPED + of.name, of.label, of.split, world.kind, of.label)
    return replace(photo, item=item, image=world.stamp(photo, of.name))
