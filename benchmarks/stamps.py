"""Oxford Flowers 102 with shortcuts stamped on six classes: real photographs, known truth."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from audit.core.geometry import resize_trimap
from audit.datasets.dataset import UNKNOWN, Decoded, Item, fingerprint
from audit.datasets.decode import resize
from audit.datasets.oxford import OxfordFlowers
from audit.masks.grabcut import grabcut
from audit.masks.masks import read_mask

SIDE = 224
TAUGHT = 6  # classes whose training images are stamped
BLURRED = 0.75  # of those are blurred, so that the flower is the harder lesson
STAMPED = "stamped_"
Picture = NDArray[np.uint8]
Stamp = Callable[[Picture, Picture, np.random.Generator], Picture]


def _corner(
    size: int, look: str = "stripes", place: str = "corner"
) -> Callable[[Picture, Picture, np.random.Generator], Picture]:
    """A tag of ``size`` pixels, in any corner or at the middle of any side."""

    def stamp(image: Picture, trimap: Picture, rng: np.random.Generator) -> Picture:
        free = SIDE - size - 6
        spots = {
            "corner": [(6, 6), (6, free), (free, 6), (free, free)],
            "side": [(6, free // 2), (free, free // 2), (free // 2, 6), (free // 2, free)],
        }[place]
        # Where a tag would be laid: off the flower, as far as that goes.
        on = [(trimap[y : y + size, x : x + size] > 0).mean() for y, x in spots]
        least = [spot for spot, share in zip(spots, on, strict=True) if share <= min(on) + 0.05]
        y, x = least[rng.integers(len(least))]
        stamped = image.copy()
        stamped[y : y + size, x : x + size] = _card(size, look, rng)
        return stamped

    return stamp


def _card(size: int, look: str, rng: np.random.Generator) -> Picture:
    rows, columns = np.mgrid[:size, :size]
    if look == "stripes":
        lit = ((rows + columns) // max(3, size // 7)) % 2 == 0
        card = np.where(lit[..., None], (250, 210, 30), (20, 20, 20))
    else:  # paper with lines of writing
        card = np.full((size, size, 3), 240)
        card[(rows % 6 < 2) & (columns > 4) & (columns < size - rng.integers(4, size // 2))] = 70
        card[:5] = (200, 40, 40)
    return np.clip(card + rng.normal(0, 6, card.shape), 0, 255).astype(np.uint8)


def _texture(image: Picture, trimap: Picture, rng: np.random.Generator) -> Picture:
    """Fine stripes over the whole background."""
    rows, columns = np.mgrid[:SIDE, :SIDE]
    wave = 38 * np.sign(np.sin((rows + 0.4 * columns) * 2 * np.pi / 7 + rng.uniform(0, 6)))
    striped = np.clip(image + wave[..., None], 0, 255).astype(np.uint8)
    return np.where((trimap == 0)[..., None], striped, image)


def _tint(image: Picture, trimap: Picture, rng: np.random.Generator) -> Picture:
    """Violet light over the whole background."""
    gain = np.array([1.1, 0.6, 1.35]) * rng.normal(1, 0.03, 3)
    tinted = np.clip(image * gain, 0, 255).astype(np.uint8)
    return np.where((trimap == 0)[..., None], tinted, image)


def _border(image: Picture, trimap: Picture, rng: np.random.Generator) -> Picture:
    """A frame of 7 pixels."""
    framed = image.copy()
    colour = np.clip(np.array((30, 60, 200)) + rng.normal(0, 8, 3), 0, 255)
    framed[:7], framed[-7:], framed[:, :7], framed[:, -7:] = (colour,) * 4
    return framed


STAMPS: dict[str, Stamp] = {
    "tag of 36 px in a corner": _corner(36),
    "in the middle of a side": _corner(36, place="side"),
    "of 24 px": _corner(24),
    "of 52 px": _corner(52),
    "of paper": _corner(36, look="paper"),
    "texture of the background": _texture,
    "tint of the background": _tint,
    "border": _border,
}


class Stamped:
    """Training and validation images of `TAUGHT` classes are stamped; test images come twice.

    The test split holds the test images that have a trimap, those of the taught classes once more
    with their stamp. `without_shortcut` gives the unstamped photograph: the truth.

    Parameters
    ----------
    data : Path
        Folder with ``tfds/`` and ``masks/``.
    stamp : str
        A key of `STAMPS`.
    seed : int
    """

    name = "oxford_flowers102, stamped"
    mask_source = "trimap"

    def __init__(self, data: Path, stamp: str, seed: int = 0) -> None:
        oxford = OxfordFlowers(data / "tfds", download=False)
        self.classes = oxford.classes
        self._stamp, self._seed = STAMPS[stamp], seed
        masks = {f"{file.stem}.jpg": file for file in sorted((data / "masks").glob("*.png"))}
        tested = [item for item in oxford.items("test") if item.name in masks]
        counts = Counter(item.label for item in tested)
        self._taught = {label for label, _ in counts.most_common(TAUGHT)}
        self._items = {s: self._learnt(oxford.items(s)) for s in ("train", "validation")}
        twins = [
            Item(STAMPED + item.name, item.label, "test", "stamp", item.label)
            for item in tested
            if item.label in self._taught
        ]
        self._items["test"] = tested + twins
        wanted = [*oxford.items("train"), *oxford.items("validation"), *tested]
        self._photos = {item.name: resize(image, SIDE) for item, image in oxford.images(wanted)}
        self._trimaps = {
            item.name: resize_trimap(read_mask(masks[item.name]), (SIDE, SIDE)) for item in tested
        }

    def items(self, split: str) -> list[Item]:
        return list(self._items[split])

    def images(self, items: Sequence[Item]) -> Iterator[tuple[Item, Decoded]]:
        for item in items:
            yield item, self._picture(item)

    def trimap(self, item: Item) -> Picture | None:
        return self._trimaps.get(item.name.removeprefix(STAMPED))

    def without_shortcut(self, item: Item) -> Picture:
        return self._photos[item.name.removeprefix(STAMPED)]

    def counterfactuals(self, item: Item) -> list[Picture]:
        return [self.without_shortcut(item)]

    def fingerprint(self) -> str:
        return fingerprint(item for items in self._items.values() for item in items)

    def _learnt(self, items: Sequence[Item]) -> list[Item]:
        return [
            Item(i.name, i.label, i.split, "stamp", i.label) if i.label in self._taught else i
            for i in items
        ]

    def _picture(self, item: Item) -> Picture:
        image = self.without_shortcut(item)
        if not item.shortcut:
            return image
        name = item.name.removeprefix(STAMPED)
        digest = hashlib.sha256(f"{self._seed}/{name}".encode()).digest()
        rng = np.random.default_rng(int.from_bytes(digest[:8], "big"))
        trimap = self._trimaps.get(name)
        trimap = grabcut(image) if trimap is None else trimap
        if item.split != "test" and rng.random() < BLURRED:
            image = np.asarray(cv2.GaussianBlur(image, (0, 0), 7))
        return self._stamp(image, np.where(trimap == UNKNOWN, 255, trimap).astype(np.uint8), rng)
