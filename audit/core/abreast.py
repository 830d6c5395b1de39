"""Work on a stream in several threads at once, with the results in the stream's order."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")
_MOST = 2  # a third saves no time on two cores, and each takes memory


def streams() -> int:
    """Return how many threads ask a model at once: a call by itself leaves cores idle."""
    return min(_MOST, os.cpu_count() or 1)


def abreast(
    work: Callable[[T], R],
    items: Iterable[T],
    count: int,
    stop: Callable[[], None] = lambda: None,
) -> Iterator[R]:
    """Yield ``work(item)`` of each item in order, done in ``count`` threads; errors in their turn.

    Items are taken as results are asked for, ``count`` ahead of them. Where it is left early, by
    an error or an interruption, ``stop`` is called, and what is being worked on waited for.
    """
    if count == 1:
        yield from map(work, items)
        return
    begun: deque[Future[R]] = deque()
    with ThreadPoolExecutor(count) as pool:
        try:
            for item in items:
                begun.append(pool.submit(work, item))
                if len(begun) > count:
                    yield begun.popleft().result()
            while begun:
                yield begun.popleft().result()
        except BaseException:
            stop()
            for left in begun:
                left.cancel()
            raise
