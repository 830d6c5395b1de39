"""Images of any subject: a folder with one sub-folder a class, or a CSV/Parquet manifest."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from audit.core.errors import BrokenImageError, DataError
from audit.core.observation import Observation, Strength
from audit.core.wording import some
from audit.datasets import depth, leftout
from audit.datasets.classorder import arrange, others
from audit.datasets.contents import Contents
from audit.datasets.dataset import Decoded, Item, fingerprint
from audit.datasets.decode import decode, read_regular
from audit.datasets.depth import Depth
from audit.datasets.folders import read_folder
from audit.datasets.groups import FILE as GROUPS
from audit.datasets.groups import Further
from audit.datasets.listed import (
    Listed,
    Photo,
    divide,
    divide_images,
    hash_of,
    untested,
    without_splits,
)
from audit.datasets.manifests import read_manifest
from audit.datasets.several import named
from audit.datasets.splitnames import split_of
from audit.masks.content import DRAWN, SURE, SUSPECT, share_like_masks


class ImageFiles:
    """Images in files, each read when it is its turn.

    Parameters
    ----------
    source : Path
        Folder ``CLASS/*.jpg``, or ``SPLIT/CLASS/*.jpg`` with splits named train, validation and
        test or as people name them (Training, val, seg_test); or a ``.csv`` or ``.parquet``
        manifest with the columns path, label, optionally split and mask (paths relative to the
        manifest). Without splits each class is divided 70 / 10 / 20, by a hash of the file's name
        and ``seed``. Masks among the photographs, in folders or by their names, are taken for
        masks. By further columns of the manifest, or of a ``groups.csv`` in the folder, images
        fall into groups.
    seed : int
    class_order : str or sequence of str
        ``auto``, ``text``, ``number``, the path of a file with one class a line, or the classes
        themselves, in the order of a model's outputs.
    white_level : float, optional
        Value that is white in images of more than 8 bits (default: found on a sample).
    all_test : bool
        Put every image into the test split, whatever its own.
    labels : str
        Whether an image has ``one`` class or ``several`` labels, each of which is one item;
        ``auto``: as the cells of a manifest say.

    Attributes
    ----------
    class_order_used : str
        ``text``, ``number``, ``names given`` or ``file PATH``.

    Raises
    ------
    DataError
        Nothing there, fewer than two classes, no image, a column missing, a split or class of
        another name.
    """

    def __init__(
        self,
        source: Path,
        *,
        seed: int = 0,
        class_order: str | Sequence[str] = "auto",
        white_level: float | None = None,
        all_test: bool = False,
        labels: str = "auto",
    ) -> None:
        self._table = source / GROUPS if source.is_dir() else source
        listed = _listed(source, labels)
        self._several = listed.several
        self.name = source.absolute().name if source.is_dir() else source.stem
        self.mask_source = listed.mask_source
        self._names, self._left_out = listed.names, listed.left_out
        self.classes, self.class_order_used = arrange(listed.names, class_order)
        _refuse_one_class(source, self.classes)
        self._seen = list(listed.observations)
        photos = self._in_splits(listed, seed, all_test)
        label = {name: i for i, name in enumerate(self.classes)}
        # An order by hash mixes the classes, so that a stream can be shuffled in a small buffer.
        photos.sort(key=lambda p: (hash_of(p.image), p.name))
        self._photos = {p.name: p for p in photos}
        self._items = [Item(p.name, label[p.label], p.split, of=p.of) for p in photos]
        self._given_white = white_level
        self.contents = Contents()

    def items(self, split: str) -> list[Item]:
        """Return the items of one split, classes mixed, in an order that does not change."""
        return [item for item in self._items if item.split == split]

    def images(self, items: Sequence[Item]) -> Iterator[tuple[Item, Decoded]]:
        """Yield each item with its RGB image, or with the error that reading it gave."""
        for item in items:
            yield item, self._read(item.name)

    def trimap(self, item: Item) -> NDArray[np.uint8] | None:
        """Return None: no mask is drawn, but files may be named by `mask_paths`."""
        return None

    def paths(self) -> set[Path]:
        """Return the files of all images: none of them is a mask."""
        return {Path(photo.path) for photo in self._photos.values()}

    def file(self, item: Item) -> Path:
        """Return the file that an image lies in."""
        return Path(self._photos[item.name].path)

    def mask_paths(self) -> dict[str, tuple[Path, ...]]:
        """Return masks that a manifest names, or that lie beside the images, by image name."""
        photos = self._photos.values()
        return {p.name: tuple(map(Path, p.masks)) for p in photos if p.masks}

    def group_columns(self) -> tuple[str, ...]:
        """Return the further columns of the manifest, or of ``groups.csv`` in the folder."""
        return self._further.columns if self._further else ()

    def group_values(self, column: str) -> dict[str, str]:
        """Return the group of each image by its name; none where it has no value."""
        of_image = self._further.values(column) if self._further else {}
        photos = (p for p in self._photos.values() if p.image in of_image)
        return {p.name: of_image[p.image] for p in photos}

    def label_sets(self) -> dict[str, frozenset[int]]:
        """Return all labels of each image by its name; {} where every image has one class."""
        return self._sets

    def fingerprint(self) -> str:
        """Return a short hash of names, labels and splits."""
        return fingerprint(self._items)

    def know(self, earlier: Contents) -> None:
        """Hold the files against what an earlier run read; only those changed since are read."""
        self.contents.know(earlier, {p.image: Path(p.path) for p in self._photos.values()})

    def orders(self) -> dict[str, tuple[str, ...]]:
        """Return other orders that the same classes may well have in a model's outputs, by name."""
        return others(self._names, self.classes)

    def observations(self) -> list[Observation]:
        """Observe what was taken for what, on a sample of the images, which takes seconds."""
        counts = Counter(photo.label for photo in self._photos.values())
        return [
            self._order_seen(),
            *self._seen,
            *leftout.observe(self._left_out, counts),
            *depth.observe(self._depth, self._given_white is not None),
            *self._like_masks(),
        ]

    def _in_splits(self, listed: Listed, seed: int, all_test: bool) -> list[Photo]:
        photos = listed.photos
        if all_test:
            return [replace(photo, split="test") for photo in photos]
        if not any(photo.split for photo in photos):
            photos = (divide_images if listed.several else divide)(photos, seed)
            self._seen.append(without_splits(photos))
        self._seen += untested(photos, self.classes)
        return list(photos)

    @cached_property
    def _sets(self) -> dict[str, frozenset[int]]:
        found: dict[str, set[int]] = {}
        for item in self._items if self._several else ():
            found.setdefault(item.image, set()).add(item.label)
        return {image: frozenset(labels) for image, labels in found.items()}

    @cached_property
    def _further(self) -> Further | None:
        """Read what groups images: only when it is asked for, as few runs ask."""
        names = {photo.path: photo.image for photo in self._photos.values()}
        return Further(self._table, names) if self._table.is_file() else None

    @cached_property
    def _depth(self) -> Depth:
        files = [photo.path for photo in self._photos.values()]
        return depth.measure(files, self._given_white)

    def _read(self, name: str) -> Decoded:
        try:
            image, file = self._photos[name].image, Path(self._photos[name].path)
            modified = file.stat().st_mtime_ns  # first: what is changed while it is read is found
            content = read_regular(file)
            self.contents.heed(image, content, modified)
            return decode(content, image, self._depth.white)
        except BrokenImageError as error:
            return error
        except OSError as error:
            return BrokenImageError(f"{name}: {error.strerror}")

    def _order_seen(self) -> Observation:
        used = {"text": "sorted as text, as Keras sorts folders", "number": "sorted by number"}
        how = used.get(self.class_order_used, f"in the order of the {self.class_order_used}")
        words = f"{len(self.classes):,} classes {how}: "
        return Observation("classes", "Classes", words + some(self.classes, 12))

    def _like_masks(self) -> list[Observation]:
        share, n = share_like_masks([photo.path for photo in self._photos.values()])
        if share <= SUSPECT:
            return []
        words = f"{share:.0%} of {n} sampled photographs hold only a few flat levels, as masks do"
        strength: Strength = "strong" if SURE < share < DRAWN else "weak"
        mend = "take the masks out of --images and give their folder as --masks"
        if share >= DRAWN:
            mend = "see whether they are drawings, or masks that were given for the images"
        return [Observation("photos-like-masks", "Photographs like masks", words, strength, mend)]


def _listed(source: Path, labels: str) -> Listed:
    if not source.is_dir():
        return read_manifest(source, labels)
    found = read_folder(source)
    if labels == "several":
        found.photos, found.several = named(found.photos), True
    return found


def _refuse_one_class(source: Path, classes: Sequence[str]) -> None:
    if len(classes) > 1:
        return
    if split_of(classes[0]) and source.is_dir():
        raise DataError(
            f"{source / classes[0]} holds images, but no folders of classes: put the images of "
            "each class into a sub-folder, or give a manifest."
        )
    inner, folders = _first_with_several(source / classes[0])
    mend = (
        f"the {len(folders)} folders in {inner} may be the classes or splits: give --images {inner}"
        if folders
        else "give a folder with one sub-folder a class, or a manifest"
    )
    raise DataError(f"{source} has 1 class, {classes[0]!r}; a classifier needs two: {mend}.")


def _first_with_several(folder: Path) -> tuple[Path, list[str]]:
    """Return the first folder below that holds several folders, and their names; [] without one."""
    while folder.is_dir():
        held = [f.name for f in os.scandir(folder) if f.is_dir() and not f.name.startswith(".")]
        if len(held) != 1:
            return folder, held
        folder = folder / held[0]
    return folder, []
