"""Where time goes: seconds by stage, added up over many short spans."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")


class Clock:
    """Adds up seconds by stage.

    Attributes
    ----------
    seconds : dict[str, float]
        By stage. Stages that run side by side, as reading does beside the model, count in full.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        """Add what the block takes."""
        start = time.perf_counter()
        try:
            yield
        finally:
            spent = time.perf_counter() - start
            self.seconds[stage] = self.seconds.get(stage, 0.0) + spent

    def each(self, stage: str, items: Iterable[T]) -> Generator[T, None, None]:
        """Yield the items, and add what it takes to make them, not to use them."""
        stream = iter(items)
        while True:
            with self(stage):
                try:
                    item = next(stream)
                except StopIteration:
                    return
            yield item
