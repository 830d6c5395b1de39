"""Contents of a folder or a manifest: photographs with their labels, splits and masks."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from audit.core.observation import Observation
from audit.core.wording import plural, some, verb
from audit.datasets.classorder import Names

Member = TypeVar("Member")
_SHARES = (("test", 0.2), ("validation", 0.3))  # below 0.2: test; below 0.3: validation
ALL = "give --splits all to audit every image"


@dataclass(frozen=True)
class Photo:
    """One photograph: its name in records, its file, its class, split ("": none yet), masks.

    Of an image with several labels there is one for each; ``of`` is what they have in common.
    """

    name: str
    path: str
    label: str
    split: str
    masks: tuple[str, ...] = ()
    of: str = ""

    @property
    def image(self) -> str:
        """Name of the image."""
        return self.of or self.name


@dataclass
class Listed:
    """Everything that a source lists.

    Attributes
    ----------
    photos : list of Photo
    names : Names
        Of all classes, those without images too.
    mask_source : str
        ``manifest``, or ``beside`` for masks that lie among the photographs.
    observations : list of Observation
    left_out : dict of list of str
        Files that are no photographs here, by class ("" where they lie in none).
    several : bool
        Whether an image may have several labels.
    """

    photos: list[Photo]
    names: Names
    mask_source: str = "manifest"
    observations: list[Observation] = field(default_factory=list)
    left_out: dict[str, list[str]] = field(default_factory=dict)
    several: bool = False


def hash_of(text: str) -> bytes:
    """Return a hash that orders names as if shuffled, the same everywhere."""
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest()


def divide(photos: Sequence[Photo], seed: int) -> list[Photo]:
    """Split each class 70 / 10 / 20: the names' hashes decide who goes where."""
    by_label: dict[str, list[Photo]] = {}
    for photo in photos:
        by_label.setdefault(photo.label, []).append(photo)
    divided: list[Photo] = []
    for label in sorted(by_label):
        members = sorted(by_label[label], key=lambda p: hash_of(f"{seed}/{p.name}"))
        for index, photo in enumerate(members):
            share = (index + 0.5) / len(members)
            split = next((name for name, end in _SHARES if share < end), "train")
            divided.append(replace(photo, split=split))
    return divided


def divide_images(photos: Sequence[Photo], seed: int) -> list[Photo]:
    """Split images as `divide` does one class: all rows of an image go where it goes."""
    images = {photo.image: replace(photo, name=photo.image, label="") for photo in photos}
    split = {photo.name: photo.split for photo in divide(list(images.values()), seed)}
    return [replace(photo, split=split[photo.image]) for photo in photos]


def without_splits(photos: Sequence[Photo]) -> Observation:
    """Observe what a division by hash leaves to be audited."""
    whose, what = ("them", "row") if photos[0].of else ("each class", "image")
    tested = sum(photo.split == "test" for photo in photos)
    words = (
        f"The images have no splits, so {tested / len(photos):.0%} of {whose}, "
        f"{tested:,} of {plural(len(photos), what)}, are audited as test images"
    )
    return Observation("splits", "Splits", words, "fine", ALL)


def untested(photos: Iterable[Photo], classes: Sequence[str]) -> list[Observation]:
    """Observe classes that have images, but none to be audited."""
    counts = Counter((photo.label, photo.split == "test") for photo in photos)
    bare = [c for c in classes if counts[c, False] and not counts[c, True]]
    if not bare:
        return []
    have = verb(len(bare), "has", "have")
    words = f"{len(bare)} of {len(classes)} classes {have} no test image ({some(bare)})"
    return [Observation("untested-classes", "Classes without test images", words, "weak", ALL)]


def spread(members: Sequence[Member], count: int) -> Sequence[Member]:
    """Return at most ``count`` members, evenly spaced."""
    return members[:: max(1, len(members) // count)][:count]
