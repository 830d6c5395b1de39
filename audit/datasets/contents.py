"""Record of each image's bytes at its first reading, so that no other is taken for it later."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from audit.core.errors import DataError

COLUMNS = ("name", "size", "modified", "content")
_BYTES = 16  # of a hash


class Print(NamedTuple):
    """Record of one image's file.

    Attributes
    ----------
    size : int
        Bytes.
    modified : int
        Nanoseconds since 1970; 0 where the image lies in no file of its own.
    content : str
        BLAKE2b of its bytes, 32 hex digits.
    """

    size: int
    modified: int
    content: str


class Contents:
    """Prints of all images read so far, by name; each is held against what was known before."""

    def __init__(self) -> None:
        self._prints: dict[str, Print] = {}

    def heed(self, name: str, content: bytes, modified: int = 0) -> None:
        """Keep the print of an image that is being read.

        Raises
        ------
        DataError
            Its bytes are others than those known.
        """
        found = Print(len(content), modified, digest(content))
        known = self._prints.setdefault(name, found)
        if known.content != found.content:
            raise _changed([name])

    def know(self, earlier: Contents, files: Mapping[str, Path]) -> None:
        """Take over what an earlier run read, where it still is so.

        A file of the same size and time of change is not read again.

        Parameters
        ----------
        files : mapping
            Where images lie, by name; without those that have no file of their own.

        Raises
        ------
        DataError
            Some images are others than they were.
        """
        known = earlier._prints
        filed = known.keys() & files.keys()
        other = {*self.differing(earlier), *(n for n in filed if _is_other(files[n], known[n]))}
        if other:
            raise _changed(sorted(other))
        self._prints |= known

    def of(self, names: Iterable[str]) -> Contents:
        """Return prints of some images alone."""
        found = Contents()
        found._prints = {name: self._prints[name] for name in names if name in self._prints}
        return found

    def differing(self, other: Contents) -> list[str]:
        """Return the names of images that both know, of other bytes."""
        ours, theirs = self._prints, other._prints
        shared = ours.keys() & theirs.keys()
        return sorted(name for name in shared if ours[name].content != theirs[name].content)

    def fingerprint(self) -> str:
        """Return a short hash of all names and contents; "" of no image."""
        lines = [f"{name}\t{found.content}" for name, found in sorted(self._prints.items())]
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16] if lines else ""

    def table(self) -> pd.DataFrame:
        """Return one row an image: name, size, modified, content."""
        rows = [(name, *found) for name, found in self._prints.items()]
        return pd.DataFrame(rows, columns=list(COLUMNS))

    @classmethod
    def of_table(cls, table: pd.DataFrame) -> Contents:
        """Invert `table`."""
        found, columns = cls(), (table[key].tolist() for key in COLUMNS)
        found._prints = {
            name: Print(size, modified, content)
            for name, size, modified, content in zip(*columns, strict=True)
        }
        return found

    def __len__(self) -> int:
        """Return how many images are known."""
        return len(self._prints)


def short_hash(file: Path) -> str:
    """Return the first 16 hex digits of the SHA-256 of a file."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()[:16]


def digest(content: bytes) -> str:
    """Return the BLAKE2b of some bytes, 32 hex digits."""
    return hashlib.blake2b(content, digest_size=_BYTES).hexdigest()


def _is_other(file: Path, known: Print) -> bool:
    """Return whether a file is missing or of other bytes; read only if its time has changed."""
    try:
        stat = file.stat()
        if stat.st_size != known.size:
            return True
        return stat.st_mtime_ns != known.modified and digest(file.read_bytes()) != known.content
    except OSError:
        return True


def _changed(names: list[str]) -> DataError:
    more = len(names) - 1
    what = f"and {more:,} more are not the images" if more else "is not the image"
    return DataError(
        f"{names[0]} {what} that the run was begun with (other content): put back what was there, "
        "or begin another run."
    )
