"""Read-ahead of a stream in a thread, so that the model does not wait for it."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any, TypeVar

T = TypeVar("T")


def ahead(stream: Generator[T, None, None], count: int) -> Iterator[T]:
    """Yield a stream's items in order, read up to ``count`` ahead; errors come in their turn.

    The stream is closed with this generator.
    """
    end: Any = object()
    with closing(stream), ThreadPoolExecutor(1) as reader:
        begun = deque(reader.submit(next, stream, end) for _ in range(count))
        try:
            while (item := begun.popleft().result()) is not end:
                begun.append(reader.submit(next, stream, end))
                yield item
        finally:
            for unread in begun:
                unread.cancel()
