"""What the last block reads of many images, on disk: epochs train that block alone."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audit.storage.run import write_whole

MOST_BYTES = 2 * 1024**3  # on disk; of larger maps fewer photographs are taught


class Maps:
    """Maps of images, float16 ``(n, h, w, channels)``, in files that are read where looked at.

    Parameters
    ----------
    files : sequence of Path
        ``.npy`` files, whose maps follow each other.
    """

    def __init__(self, files: Sequence[Path]) -> None:
        self._parts = [np.load(file, mmap_mode="r") for file in files]
        self._ends = np.cumsum([len(part) for part in self._parts])

    def __len__(self) -> int:
        """Return the number of images."""
        return int(self._ends[-1])

    def __getitem__(self, rows: NDArray[np.int64]) -> NDArray[Any]:
        """Return the maps of some images, float16 ``(k, h, w, channels)``; one at least."""
        parts = np.searchsorted(self._ends, rows, side="right")
        places = rows - self._ends[parts]  # from a part's end, as negative indices count
        return np.stack([self._parts[p][at] for p, at in zip(parts, places, strict=True)])


def keep(file: Path, values: NDArray[Any]) -> None:
    """Write an array as ``.npy``, whole or not at all."""
    buffer = io.BytesIO()
    np.save(buffer, values)
    write_whole(file, buffer.getvalue())


def share_of(shape: tuple[int, ...], images: int) -> float:
    """Return the share of ``images`` whose maps of one shape fit into `MOST_BYTES`, 0..1."""
    return min(1.0, MOST_BYTES / (images * 2 * int(np.prod(shape))))
