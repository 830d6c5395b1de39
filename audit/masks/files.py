"""Sources of mask files: the mask of each image, read when it is its turn."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from audit.core.errors import DataError
from audit.core.geometry import resize_trimap
from audit.datasets.listed import hash_of
from audit.datasets.listing import list_folder
from audit.masks.match import Joined, match, refuse_ambiguous
from audit.masks.pixels import read_pixels
from audit.masks.stated import Stated
from audit.masks.values import Convention, Seen, appearance, decide, look, to_trimap

ASPECT_TOLERANCE = 0.02
PHOTOGRAPHS = 5  # files that tell whether a suffix is that of photographs
SAMPLE, SAMPLE_PIXELS = 200, 10**8  # masks that tell what values mean, and pixels of them


def fit(trimap: NDArray[np.uint8], size: tuple[int, int], where: object) -> NDArray[np.uint8]:
    """Bring a trimap to its image's ``size`` (height, width) by nearest neighbour.

    Raises
    ------
    DataError
        Its aspect differs from the image's by more than 2%; ``where`` names it.
    """
    if trimap.shape == size:
        return trimap
    (height, width), (rows, columns) = size, trimap.shape
    if misfit((rows, columns), size):
        raise DataError(
            f"Mask {where} is {columns} x {rows} but its image is {width} x {height}: "
            "draw it at the image's size, or remove it."
        )
    return resize_trimap(trimap, size)


def misfit(mask: tuple[int, int], image: tuple[int, int]) -> bool:
    """Return whether two sizes (height, width) differ in aspect by more than 2%."""
    return abs(mask[1] * image[0] / (mask[0] * image[1]) - 1) > ASPECT_TOLERANCE


class MaskFiles:
    """Mask files by the name of the image that each belongs to; nothing is read before its turn.

    Parameters
    ----------
    name : str
        What records call this source.
    joined : Joined
        Which files belong to which images, by which rules, and what is left.
    read : callable
        Makes a trimap of a file.
    """

    def __init__(
        self, name: str, joined: Joined, read: Callable[[Path], NDArray[np.uint8]]
    ) -> None:
        self.name = name
        self.joined = joined
        self._files = joined.files
        self._read = read

    def share(self, image_of: Mapping[str, str]) -> None:
        """Give each item the masks of its image.

        Parameters
        ----------
        image_of : mapping of str
            Names of images by the names of their items.
        """
        own = self._files
        self._files = {n: own[image] for n, image in image_of.items() if image in own}
        self.joined = replace(self.joined, files=self._files)

    def any(self) -> bool:
        """Return whether any image has a mask here."""
        return bool(self._files)

    def has(self, name: str) -> bool:
        """Return whether the image ``name`` has a mask here; nothing is read."""
        return name in self._files

    def names(self) -> list[str]:
        """Name the images that have a mask here, in an order that mixes the classes."""
        return sorted(self._files, key=hash_of)

    def read(self, name: str) -> tuple[NDArray[np.uint8], Path]:
        """Return the trimap of the image ``name``, in its own size, and its (first) file.

        Raises
        ------
        DataError
            A file cannot be read, or its values mean nothing.
        """
        first, *others = self._files[name]
        trimap = self._read(first)
        for other in others:
            part = self._read(other)
            if part.shape != trimap.shape:
                raise DataError(f"Masks {first} and {other} of one image differ in size.")
            trimap = np.maximum(trimap, part)  # foreground over unknown over background
        return trimap, first

    def fingerprint(self) -> str:
        """Return a short hash of the names and contents of the masks."""
        return fingerprint(self._files)


class ValuedMasks(MaskFiles):
    """Mask files whose values mean the same in all of them: decided on a sample.

    Parameters
    ----------
    name : str
    joined : Joined
    said : Stated
        What the user says of values.
    """

    def __init__(self, name: str, joined: Joined, said: Stated) -> None:
        super().__init__(name, joined, self._by_convention)
        self._said = said

    @cached_property
    def convention(self) -> Convention:
        """Meaning of values here; reads up to 200 masks."""
        return decide(list(self._seen()), self._said)

    def fingerprint(self) -> str:
        """Return a short hash of names, contents, and meanings other than 0/128/255 and 0/1."""
        token = self.convention.token
        return super().fingerprint() + (f":{token}" if token else "")

    def _by_convention(self, file: Path) -> NDArray[np.uint8]:
        return to_trimap(read_pixels(file), self.convention, file)

    def _seen(self) -> Iterator[Seen]:
        """Yield values of a sample of the masks that can be read."""
        pixels = 0
        for name in self.names()[:SAMPLE]:
            try:
                held = read_pixels(self._files[name][0])
            except DataError:
                continue  # listed when it is its turn
            yield look(held)
            pixels += held.codes.size
            if pixels > SAMPLE_PIXELS:
                return


class FolderMasks(ValuedMasks):
    """A folder of masks named like the images: see `match` for the rules.

    Parameters
    ----------
    folder : Path
    classes : mapping of str to str
        Class of every image of the data set, by its name.
    images : set of Path
        Files of the data set's own images, which are no masks.

    Raises
    ------
    DataError
        Two masks fit one image, or one mask fits images in several sub-folders.
    """

    def __init__(
        self, folder: Path, classes: Mapping[str, str], images: set[Path], said: Stated
    ) -> None:
        own = {os.path.realpath(path) for path in images}
        listed = sorted(map(Path, list_folder(folder).files()))
        files = [file for file in listed if os.path.realpath(file) not in own]
        joined = match(folder, _masks_among(files), classes)
        refuse_ambiguous(folder, joined.left, classes)
        super().__init__("folder", joined, said)


def _masks_among(files: Sequence[Path]) -> list[Path]:
    """Return files of the suffixes that masks have here: those of photographs are left out."""
    groups: dict[str, list[Path]] = {}
    for file in files:
        groups.setdefault(file.suffix.lower(), []).append(file)
    if len(groups) < 2:
        return list(files)
    masks = [file for group in groups.values() if not _photographs(group) for file in group]
    return sorted(masks) or list(files)


def _photographs(files: Sequence[Path]) -> bool:
    """Return whether all of a few files are photographs in colour."""
    few = sorted(files, key=lambda file: hash_of(file.name))[:PHOTOGRAPHS]
    try:
        return all(
            seen.kind == "colour" and appearance(seen) == "odd"
            for seen in (look(read_pixels(file)) for file in few)
        )
    except DataError:
        return False


def fingerprint(files: Mapping[str, tuple[Path, ...]]) -> str:
    """Return the first 16 hex digits of the SHA-256 of all names and contents, sorted by name."""
    digest = hashlib.sha256()
    for name, parts in sorted(files.items()):
        for file in parts:
            content = hashlib.sha256(file.read_bytes()).hexdigest()
            digest.update(f"{name}\t{content}\n".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()[:16]
