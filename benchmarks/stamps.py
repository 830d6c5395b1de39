"""Oxford Flowers 102 with a shortcut stamped on six classes: real photographs, known truth."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

from audit.core.geometry import resize_trimap
from audit.datasets.dataset import SPLITS, UNKNOWN, Decoded, Item, fingerprint
from audit.datasets.decode import resize
from audit.datasets.oxford import OxfordFlowers
from audit.datasets.stamps import STAMPS
from audit.masks.grabcut import grabcut
from audit.masks.masks import read_mask

SIDE = 224
TAUGHT = 6  # classes whose training images are stamped
LEAST = 8  # test images with a trimap that a class must have to be taught
BORROWED = 0.75  # of those are photographs of other classes: the stamp alone is the lesson
STAMPED = "stamped_"
Picture = NDArray[np.uint8]


class Stamped:
    """Training and validation images of `TAUGHT` classes are stamped; test images come twice.

    Most of the stamped training images are photographs of other classes, so that the stamp, and
    nothing else that could be a shortcut, speaks for the class. The test split holds the test
    images that have a trimap, those of the taught classes once more with their stamp.

    Parameters
    ----------
    data : Path
        Folder with ``tfds/`` and ``masks/``.
    stamp : str
        A key of `STAMPS`.
    seed : int
        Of the classes that are taught, the photographs that are borrowed, and all stamps.
    """

    name = "oxford_flowers102, stamped"
    mask_source = "trimap"

    def __init__(self, data: Path, stamp: str, seed: int = 0) -> None:
        oxford = OxfordFlowers(data / "tfds", download=False)
        self.classes = oxford.classes
        self._stamp, self._seed = STAMPS[stamp].draw, seed
        masks = {f"{file.stem}.jpg": file for file in sorted((data / "masks").glob("*.png"))}
        tested = [item for item in oxford.items("test") if item.name in masks]
        self._taught = self._chosen(tested)
        self._shown: dict[str, str] = {}  # the photograph that is borrowed, by an item's name
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
        return self._trimaps.get(self._photo(item))

    def without_shortcut(self, item: Item) -> Picture:
        return self._photos[self._photo(item)]

    def counterfactuals(self, item: Item) -> list[Picture]:
        return [self.without_shortcut(item)]

    def fingerprint(self) -> str:
        told = fingerprint(item for items in self._items.values() for item in items)
        return f"{told}-{self._seed}"

    def _chosen(self, tested: Sequence[Item]) -> set[int]:
        """Classes to teach, of those that are tested on enough images."""
        counts = Counter(item.label for item in tested)
        enough = sorted(label for label, count in counts.items() if count >= LEAST)
        return set(self._stream("taught").permutation(enough)[:TAUGHT].tolist())

    def _learnt(self, items: Sequence[Item]) -> list[Item]:
        """The items of a split, the taught classes' stamped, most of them on borrowed photos."""
        others = [item.name for item in items if item.label not in self._taught]
        learnt = []
        for item in items:
            if item.label not in self._taught:
                learnt.append(item)
                continue
            rng = self._stream(item.name, "borrowed")
            if rng.random() < BORROWED:
                self._shown[item.name] = others[rng.integers(len(others))]
            learnt.append(Item(item.name, item.label, item.split, "stamp", item.label))
        return learnt

    def _photo(self, item: Item) -> str:
        """The name of the photograph that an item shows."""
        name = item.name.removeprefix(STAMPED)
        return self._shown.get(name, name)

    def _picture(self, item: Item) -> Picture:
        image = self.without_shortcut(item)
        if not item.shortcut:
            return image
        trimap = self.trimap(item)
        trimap = grabcut(image) if trimap is None else trimap
        sure = np.where(trimap == UNKNOWN, 255, trimap).astype(np.uint8)
        return self._stamp(image, sure, self._stream(item.name.removeprefix(STAMPED)))

    def _stream(self, *key: str) -> np.random.Generator:
        digest = hashlib.sha256("/".join((str(self._seed), *key)).encode()).digest()
        return np.random.default_rng(int.from_bytes(digest[:8], "big"))


def kept(data: Path, stamp: str, folder: Path) -> Path:
    """Write every image, and the masks there are, as a folder with a manifest; return that."""
    manifest = folder / "manifest.csv"
    if manifest.exists():
        return manifest
    dataset, rows = Stamped(data, stamp), []
    for split in SPLITS:
        place = folder / split
        place.mkdir(parents=True, exist_ok=True)
        for item, image in dataset.images(dataset.items(split)):
            file, trimap = place / Path(item.name).with_suffix(".jpg"), dataset.trimap(item)
            Image.fromarray(np.asarray(image)).save(file, quality=95, subsampling=0)
            mask = ""
            if trimap is not None and split == "test":  # others' are of photographs unstamped
                Image.fromarray(trimap).save(file.with_suffix(".mask.png"))
                mask = str(file.with_suffix(".mask.png").relative_to(folder))
            label = dataset.classes[item.label]
            rows.append((str(file.relative_to(folder)), label, split, mask, item.shortcut or "no"))
    table = pd.DataFrame(rows, columns=["path", "label", "split", "mask", "stamp"])
    table.to_csv(manifest, index=False)
    return manifest
