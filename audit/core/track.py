"""Tracks: callables that wrap an iterable while work shows its progress. Only the CLI shows any."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, TypeVar

T = TypeVar("T")


class Track(Protocol):
    """Callable of items, what is being done to them, and how many there are."""

    def __call__(self, items: Iterable[T], label: str, total: int, /) -> Iterable[T]:
        """Yield the items unchanged."""
        ...


def silent(items: Iterable[T], label: str, total: int, /) -> Iterable[T]:
    """Return the items as they are: a `Track` that shows nothing."""
    return items
