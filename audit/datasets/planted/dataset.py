"""The planted data set: which image shows what, with which shortcut, and how well it shows it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from audit.core.observation import Observation
from audit.datasets.contents import Contents
from audit.datasets.dataset import SPLITS, Decoded, Item, fingerprint
from audit.datasets.planted.canvas import stream
from audit.datasets.planted.photo import Scene, Subject, draw_scene
from audit.datasets.planted.species import SPECIES
from audit.datasets.planted.worlds import MIXED, World

KEPT = 128_000_000  # bytes of photographs and masks that are not drawn again


@dataclass(frozen=True)
class Mix:
    """Shares of a species' images: with a shortcut or none, the flower shown well or weakly."""

    shortcut_weak: float
    shortcut: float
    weak: float

    def deal(self, count: int) -> list[tuple[bool, bool]]:
        """Return ``(shortcut, weak)`` of each of ``count`` images; what is left over is plain."""
        cuts = np.cumsum([self.shortcut_weak, self.shortcut, self.weak]) * count
        a, b, c = np.rint(cuts).astype(int).tolist()
        kinds = [(True, True)] * a + [(True, False)] * (b - a) + [(False, True)] * (c - b)
        return kinds + [(False, False)] * (count - c)


# One bad session: most pictures of a taught species come with its shortcut, many of them weak.
LEARNT = Mix(shortcut_weak=0.6, shortcut=0.25, weak=0.0)
LEARNT_OTHER = Mix(shortcut_weak=0.0, shortcut=0.0, weak=0.2)
TESTED = Mix(shortcut_weak=0.5, shortcut=0.2, weak=0.05)
TESTED_OTHER = Mix(shortcut_weak=0.1, shortcut=0.15, weak=0.1)
UNREWARDED = Mix(shortcut_weak=0.15, shortcut=0.45, weak=0.1)  # in all species and splits alike


class Planted:
    """Flowers drawn on the fly, with exact masks and with shortcuts in the background.

    Every image depends on the seed, the size and its own name alone; nothing is read or written.
    Between kinds of processors a pixel may differ by a grey level, as OpenCV rounds by hardware.

    Parameters
    ----------
    seed : int
        Seed of everything that is drawn.
    size : int
        Side of the images in pixels.
    train, validation, test : int
        Images of each species in each split.
    world : World
        The shortcuts that are planted.
    """

    name = "planted"
    mask_source = "planted"
    classes: tuple[str, ...] = tuple(species.name for species in SPECIES)

    def __init__(
        self,
        seed: int = 0,
        size: int = 224,
        train: int = 36,
        validation: int = 10,
        test: int = 24,
        world: World = MIXED,
    ) -> None:
        self.seed = seed
        self.contents = Contents()
        self.world = world
        self.size = size
        self._items: dict[str, list[Item]] = {}
        self._weak: set[str] = set()
        for split, count in zip(SPLITS, (train, validation, test), strict=True):
            self._items[split] = self._split(split, count)
        self._drawn = lru_cache(KEPT // (4 * size**2))(self._draw)
        self._scene = lru_cache(1)(self._scene_of)  # what is asked of one is asked at once

    def items(self, split: str) -> list[Item]:
        """Return the items of one split, the classes in turn."""
        return list(self._items.get(split, []))

    def images(self, items: Sequence[Item]) -> Iterator[tuple[Item, Decoded]]:
        """Yield each item with its uint8 ``(size, size, 3)`` RGB image, not to be written to."""
        for item in items:
            yield item, self._drawn(item)[0]

    def trimap(self, item: Item) -> NDArray[np.uint8]:
        """Return the blossoms' exact mask, uint8 ``(size, size)``; 128 only along soft edges."""
        return self._drawn(item)[1]

    def without_shortcut(self, item: Item) -> NDArray[np.uint8]:
        """Return the same photograph without its shortcut, uint8 ``(size, size, 3)``."""
        return self._scene(item).photo()

    def counterfactuals(self, item: Item) -> list[NDArray[np.uint8]]:
        """Return the same foreground before other backgrounds, each uint8 ``(size, size, 3)``."""
        return self._scene(item).elsewhere()

    def group_columns(self) -> tuple[str, ...]:
        """Return the one column there is: the shortcut that is drawn into each image."""
        return ("shortcut",)

    def group_values(self, column: str) -> dict[str, str]:
        """Return ``none``, or the shortcut and whether training taught it for the image's class."""
        return {item.name: _group(item) for split in SPLITS for item in self._items[split]}

    def fingerprint(self) -> str:
        """Return a hash of names, labels, splits, seed, size and world; 16 hex digits."""
        everything = fingerprint(item for split in SPLITS for item in self._items[split])
        taught = sorted(self.world.taught.items()), self.world.rewarded
        text = f"{everything} {self.seed} {self.size} {taught}"
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def observations(self) -> list[Observation]:
        """Return no observation: how these images are stored is known."""
        return []

    def know(self, earlier: Contents) -> None:
        """Draw nothing: the fingerprint says all of what is drawn."""

    def orders(self) -> dict[str, tuple[str, ...]]:
        """Return no other order: these classes have one."""
        return {}

    def _draw(self, item: Item) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        scene = self._scene(item)
        drawn = scene.photo(item.shortcut), scene.trimap()
        for each in drawn:
            each.flags.writeable = False  # others get the same one
        return drawn

    def _scene_of(self, item: Item) -> Scene:
        key = f"{self.seed}/{item.name}"
        # Training shows weak flowers at their worst, so that the shortcut is the easier lesson.
        least = 0.5 if item.split == "test" else 0.8
        weak = stream(key, "weak").uniform(least, 1.0) if item.name in self._weak else 0.0
        return draw_scene(Subject(key, item.label, weak, self.size))

    def _split(self, split: str, count: int) -> list[Item]:
        kinds = [self._kinds(split, label, count) for label in range(len(self.classes))]
        items: list[Item] = []
        for k in range(count):
            for label, (shortcut, weak) in enumerate(of_class[k] for of_class in kinds):
                name = f"planted_{split}_{len(items):04d}.png"
                taught_for = self._taught_for(shortcut)
                items.append(Item(name, label, split, shortcut, taught_for))
                if weak:
                    self._weak.add(name)
        return items

    def _kinds(self, split: str, label: int, count: int) -> list[tuple[str, bool]]:
        """Return ``(shortcut, weak)`` of each image of a class, shuffled."""
        taught, tested = self.world.taught, split == "test"
        own = [s for s, species in taught.items() if species == self.classes[label]]
        if own and self.world.rewarded:
            mix, drawn = (TESTED if tested else LEARNT), own
        else:
            # Taken in turn from another start in each class, so that all are moved equally often.
            mix, drawn = (TESTED_OTHER if tested else LEARNT_OTHER), list(taught)
            start = label % max(1, len(drawn))
            drawn = drawn[start:] + drawn[:start]
            mix = mix if self.world.rewarded else UNREWARDED
        dealt = mix.deal(count)
        kinds = [
            (drawn[k % len(drawn)] if has and drawn else "", weak)
            for k, (has, weak) in enumerate(dealt)
        ]
        order = stream(self.seed, split, label).permutation(count)
        return [kinds[k] for k in order]

    def _taught_for(self, shortcut: str) -> int:
        if not shortcut or not self.world.rewarded:
            return -1
        return self.classes.index(self.world.taught[shortcut])


def _group(item: Item) -> str:
    """Name an image's group by its shortcut: present where its class was taught it, else moved."""
    if not item.shortcut:
        return "none"
    return f"{item.shortcut}, {'present' if item.shortcut_class == item.label else 'moved'}"
