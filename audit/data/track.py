"""How long work shows its progress: a callable that wraps an iterable. Only the CLI shows any."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

Track = Callable[[Iterable[Any], str, int], Iterable[Any]]


def silent(items: Iterable[Any], label: str, total: int) -> Iterable[Any]:
    """A `Track` that shows nothing: ``items``, what is being done, and how many there are."""
    return items
