"""Contents of a folder: its images, other files and sub-folders, links followed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from audit.core.errors import DataError
from audit.datasets.filenames import suffix_of
from audit.datasets.formats import is_read

_LEFTOVERS = frozenset({"__MACOSX", "@eaDir", "lost+found", "$RECYCLE.BIN"})


@dataclass
class Folder:
    """A folder as the disk spells it; hidden files and folders are not in it.

    Attributes
    ----------
    path : str
    folders : dict of Folder
        By name, sorted.
    images, others : list of str
        Names of files whose suffix is read as an image, and of all other files, sorted.
    lost : list of str
        Names of links that are named as images, but lead to no file.
    """

    path: str
    folders: dict[str, Folder] = field(default_factory=dict)
    images: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        """Name of the folder itself."""
        return os.path.basename(self.path)  # noqa: PTH119 - a hundred thousand of them

    def walk(self) -> Iterator[Folder]:
        """Yield this folder and all below it, parents first."""
        yield self
        for folder in self.folders.values():
            yield from folder.walk()

    def file(self, name: str) -> str:
        """Return the path of a file in this very folder."""
        return os.path.join(self.path, name)  # noqa: PTH118 - a hundred thousand of them

    def files(self) -> Iterator[str]:
        """Yield paths of all images here and below."""
        for folder in self.walk():
            yield from map(folder.file, folder.images)

    def leftovers(self) -> Iterator[str]:
        """Yield paths of all other files here and below."""
        for folder in self.walk():
            yield from map(folder.file, folder.others)

    def holds_images(self) -> bool:
        """Return whether any image lies here or below."""
        return any(folder.images for folder in self.walk())


def list_folder(root: Path) -> Folder:
    """List a folder and all below it, once each; a link to a folder around it is not followed.

    Raises
    ------
    DataError
        A folder cannot be read.
    """
    return _list(str(root), frozenset())


def _list(path: str, around: frozenset[tuple[int, int]]) -> Folder:
    found = Folder(path)
    own, entries = _opened(path)
    around |= {(own.st_dev, own.st_ino)}
    for entry in entries:
        if _leads_nowhere(entry):
            found.lost += [entry.name] if is_read(suffix_of(entry.name)) else []
        elif entry.is_dir():
            if not (entry.is_symlink() and _identity(entry) in around):
                found.folders[entry.name] = _list(entry.path, around)
        elif entry.is_file():
            read = is_read(suffix_of(entry.name))
            (found.images if read else found.others).append(entry.name)
    return found


def _leads_nowhere(entry: os.DirEntry[str]) -> bool:
    """Return whether it is a link to something that is not there, or to itself."""
    return entry.is_symlink() and not os.path.exists(entry.path)  # noqa: PTH110


def _opened(path: str) -> tuple[os.stat_result, list[os.DirEntry[str]]]:
    """Return what a folder is, and what lies in it, sorted, but hidden files and leftovers."""
    try:
        with os.scandir(path) as entries:
            shown = [e for e in entries if not e.name.startswith(".") and e.name not in _LEFTOVERS]
        return Path(path).stat(), sorted(shown, key=lambda entry: entry.name)
    except OSError as error:
        raise DataError(f"Cannot read the folder {path}: {error.strerror}.") from None


def _identity(entry: os.DirEntry[str]) -> tuple[int, int]:
    there = entry.stat()
    return there.st_dev, there.st_ino
