"""Batches of a stream for the model, with what is broken taken out of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from audit.core.errors import BrokenImageError
from audit.datasets.dataset import Decoded, Item
from audit.datasets.decode import resize

T = TypeVar("T")
Readable = tuple[Item, NDArray[np.uint8]]


def in_batches(items: Iterable[T], count: int) -> Iterator[list[T]]:
    """Yield lists of ``count`` items, the last shorter (`itertools.batched` begins with 3.12)."""
    stream = iter(items)
    while batch := list(islice(stream, count)):
        yield batch


def readable(
    pairs: Iterable[tuple[Item, Decoded]], size: int, skipped: list[tuple[Item, str]]
) -> Iterator[Readable]:
    """Yield readable images, resized to ``size``; note broken ones in ``skipped``."""
    for item, image in pairs:
        if isinstance(image, BrokenImageError):
            skipped.append((item, str(image)))
        else:
            yield item, resize(image, size)


def batched(
    pairs: Iterable[tuple[Item, Decoded]], size: int, count: int, skipped: list[tuple[Item, str]]
) -> Iterator[list[Readable]]:
    """Return `readable` images in lists of ``count``."""
    return in_batches(readable(pairs, size, skipped), count)
