"""Data sets: named, labelled images in splits, streamed one at a time."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from audit.core.errors import BrokenImageError
from audit.core.observation import Observation
from audit.datasets.contents import Contents

SPLITS = ("train", "validation", "test")
FOREGROUND, BACKGROUND, UNKNOWN = 255, 0, 128
UNUSABLE = "its mask cannot be used"  # how the reasons of such images begin


@dataclass(frozen=True)
class Item:
    """One image, not yet decoded.

    Attributes
    ----------
    name : str
        File name, unique in the data set; masks, donors and records join on it. Of an image with
        several labels, there is one item for each, whose name says which.
    label : int
        Index into the data set's ``classes``.
    split : str
        ``train``, ``validation`` or ``test``.
    shortcut : str
        Planted data only: the shortcut drawn into this image (``tag``, ``tint``, ``texture``),
        else "".
    shortcut_class : int
        Planted data only: the class that training taught this shortcut for, else -1. The shortcut
        is *present* where this is the label, *moved* where it is another class.
    of : str
        File name of the image where ``name`` is that of one of its labels, else "".
    """

    name: str
    label: int
    split: str
    shortcut: str = ""
    shortcut_class: int = -1
    of: str = ""

    @property
    def image(self) -> str:
        """Name of the image, which other items may be of, too."""
        return self.of or self.name


Decoded = NDArray[np.uint8] | BrokenImageError


class Dataset(Protocol):
    """Images of one subject in classes and splits; reading is streamed, so memory stays flat."""

    name: str
    classes: tuple[str, ...]
    mask_source: str  # what the masks that the data set itself brings are called; "" for none
    contents: Contents  # of the images read so far; none where they are drawn

    def items(self, split: str) -> list[Item]:
        """Return one split's items in a stable order (empty where the split does not exist)."""

    def images(self, items: Sequence[Item]) -> Iterator[tuple[Item, Decoded]]:
        """Yield each item once with its uint8 ``(h, w, 3)`` RGB image, in the order of ``items``.

        ``items`` keeps the order that the method `items` gives, so that a stream need not seek.
        An image that cannot be decoded is yielded as its `BrokenImageError`, not raised; one that
        is not what ``contents`` knows raises `DataError`.
        """

    def trimap(self, item: Item) -> NDArray[np.uint8] | None:
        """Return the mask that the data set itself brings, as a uint8 trimap, or None.

        Shape ``(h, w)`` of the image; 255 foreground, 0 background, 128 unknown.
        """

    def fingerprint(self) -> str:
        """Return a short hash of names, labels and splits, kept in the manifest."""

    def know(self, earlier: Contents) -> None:
        """Hold the images against what an earlier run read; raises `DataError` of another one."""

    def observations(self) -> list[Observation]:
        """Return what the reader took for what, for the preflight; it may look into a sample."""

    def orders(self) -> Mapping[str, Sequence[str]]:
        """Return other orders that the classes may well have in a model's outputs, by name."""


@runtime_checkable
class Filed(Protocol):
    """A data set whose images lie in files, perhaps with masks beside them."""

    def paths(self) -> set[Path]:
        """Return the files of all images: none of them is a mask."""

    def mask_paths(self) -> dict[str, tuple[Path, ...]]:
        """Return mask files that the data set names itself, by image name; several are united."""


@runtime_checkable
class Located(Protocol):
    """A data set that knows the file of each image."""

    def file(self, item: Item) -> Path:
        """Return the file that an image lies in."""


@runtime_checkable
class Grouped(Protocol):
    """A data set whose images fall into groups, by one column or several."""

    def group_columns(self) -> tuple[str, ...]:
        """Return the names of these columns; () where there are none."""

    def group_values(self, column: str) -> Mapping[str, str]:
        """Return the group of each image of any split by its name; none where it has no value."""


@runtime_checkable
class Several(Protocol):
    """A data set whose images may have several labels; each label of an image is one item."""

    def label_sets(self) -> Mapping[str, frozenset[int]]:
        """Return all labels of each image of any split; {} where every image has one class."""


@runtime_checkable
class Counterfactual(Protocol):
    """A data set that can draw its scenes without their shortcuts: the truth of every image."""

    def without_shortcut(self, item: Item) -> NDArray[np.uint8]:
        """Return the same scene, uint8 ``(h, w, 3)``, with nothing planted."""

    def counterfactuals(self, item: Item) -> list[NDArray[np.uint8]]:
        """Return what the answer is held against: the same foreground, and no shortcut behind it.

        One image or more, uint8 ``(h, w, 3)``; for items without a shortcut, too.
        """


def label_sets(dataset: object) -> Mapping[str, frozenset[int]]:
    """Return all labels of each image by its name; {} where every image has one class."""
    return dataset.label_sets() if isinstance(dataset, Several) else {}


def answer_names(dataset: Dataset) -> tuple[str, ...]:
    """Return what each logit of an answer says: classes, or that a label is there, or is not."""
    absent = (f"not {name}" for name in dataset.classes) if label_sets(dataset) else ()
    return (*dataset.classes, *absent)


def one_an_image(items: Iterable[Item]) -> list[Item]:
    """Return the first item of each image, in their order."""
    first: dict[str, Item] = {}
    for item in items:
        first.setdefault(item.image, item)
    return list(first.values())


def fingerprint(items: Iterable[Item]) -> str:
    """Return the first 16 hex digits of the SHA-256 of all names, labels and splits, sorted."""
    lines = sorted(f"{item.split}\t{item.name}\t{item.label}" for item in items)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def stratified(items: Sequence[Item], count: int, seed: int) -> list[Item]:
    """Sample ``count`` items so that every class keeps its share to within one; the order stays.

    Which items are drawn depends only on their names, labels and the seed, not on their order.
    """
    if count >= len(items):
        return list(items)
    by_class: dict[int, list[str]] = {}
    for item in items:
        by_class.setdefault(item.label, []).append(item.name)
    sizes = {label: len(names) for label, names in by_class.items()}
    chosen: set[str] = set()
    for label, share in _shares(sizes, count, seed).items():
        names = sorted(by_class[label])
        order = np.random.default_rng([seed, label]).permutation(len(names))
        chosen.update(names[i] for i in order[:share])
    return [item for item in items if item.name in chosen]


def _shares(sizes: dict[int, int], count: int, seed: int) -> dict[int, int]:
    """Divide ``count`` in proportion to the sizes, by largest remainder; the seed breaks ties."""
    total = sum(sizes.values())
    shares = {label: count * size // total for label, size in sizes.items()}
    labels = np.random.default_rng(seed).permutation(sorted(sizes)).tolist()
    labels.sort(key=lambda label: count * sizes[label] % total, reverse=True)
    for label in labels[: count - sum(shares.values())]:
        shares[label] += 1
    return shares
