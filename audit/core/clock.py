"""Clock of where time goes: seconds by stage, added up over many short spans."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from threading import Lock
from typing import Any, TypeVar

T = TypeVar("T")


class Clock:
    """Sum of seconds by stage.

    Attributes
    ----------
    seconds : dict[str, float]
        By stage. Stages that run side by side, as reading does beside the model, count in full.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._adding = Lock()

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        """Add what the block takes."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.add(stage, time.perf_counter() - start)

    def add(self, stage: str, seconds: float) -> None:
        """Add seconds that were measured elsewhere."""
        with self._adding:
            self.seconds[stage] = self.seconds.get(stage, 0.0) + seconds

    def each(self, stage: str, items: Generator[T, None, None]) -> Generator[T, None, None]:
        """Yield the items, and add what it takes to make them, not to use them.

        They are closed with this generator.
        """
        end: Any = object()
        with closing(items):
            while True:
                with self(stage):
                    item = next(items, end)
                if item is end:
                    return
                yield item
