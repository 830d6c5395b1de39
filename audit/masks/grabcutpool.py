"""GrabCut in worker processes, in order, with a bounded look-ahead."""

from __future__ import annotations

import logging
import multiprocessing
import multiprocessing.context
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import resource_tracker
from typing import Any, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from audit.masks.activation import activation
from audit.masks.grabcut import by_colours, grabcut_by

T = TypeVar("T")
Trimap = NDArray[np.uint8]
Drawn = tuple[Trimap, bool]  # by colours, and whether they tell the subject
AHEAD = 3  # images in flight for each worker
_log = logging.getLogger("audit")


class GrabCutPool:
    """Segmentation of images in ``workers`` processes (0: in line), started with the first image.

    Where colours do not tell the subject, this process asks a network, and draws the mask anew: the
    workers have none. The result is the same for any number of workers. Call `close` in the end,
    also after an error.
    """

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._pool: ProcessPoolExecutor | None = None

    def close(self) -> None:
        """Stop the workers after the images they are at."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None

    def start(self, image: NDArray[np.uint8]) -> Callable[[], Trimap]:
        """Begin to segment a uint8 RGB image; the callable returned waits for its trimap."""
        drawn = self._by_colours(image)
        return lambda: _settled(image, *drawn())

    def _by_colours(self, image: NDArray[np.uint8]) -> Callable[[], Drawn]:
        if not self._workers:
            return lambda: by_colours(image)
        if self._pool is None:
            self._pool = ProcessPoolExecutor(self._workers, _Context(), initializer=_settle)
        try:
            future = self._pool.submit(by_colours, image)
        except BrokenProcessPool:
            self._give_up()
            return lambda: by_colours(image)
        return lambda: self._finish(future, image)

    def _finish(self, future: Future[Drawn], image: NDArray[np.uint8]) -> Drawn:
        try:
            return future.result()
        except BrokenProcessPool:
            self._give_up()
            return by_colours(image)

    def _give_up(self) -> None:
        if self._workers:
            _log.warning("A mask worker was killed (out of memory?): going on without workers.")
        self._workers = 0
        self.close()


def _settled(image: NDArray[np.uint8], drawn: Trimap, sure: bool) -> Trimap:
    """Return a mask by colours where they tell the subject, else by a network's responses."""
    return drawn if sure else grabcut_by(image, activation(image))


def in_order(jobs: Iterator[tuple[T, Callable[[], Any]]], ahead: int) -> Iterator[tuple[T, Any]]:
    """Yield each job's tag and result in order, with at most ``ahead`` jobs begun beyond it."""
    begun: deque[tuple[T, Callable[[], Any]]] = deque()
    for job in jobs:
        begun.append(job)
        if len(begun) > ahead:
            tag, result = begun.popleft()
            yield tag, result()
    while begun:
        tag, result = begun.popleft()
        yield tag, result()


def _settle() -> None:
    """Prepare a worker: one thread, Ctrl-C left to the parent, no life without it."""
    cv2.setNumThreads(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_die_with_parent, daemon=True).start()


def _die_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)  # a killed parent cannot tell its workers to stop


@contextmanager
def _hidden_main() -> Iterator[None]:
    """Keep `multiprocessing` from importing the main module, and TensorFlow with it, in workers."""
    main = sys.modules["__main__"]
    space: dict[str, Any] = main.__dict__
    hidden: dict[str, Any] = {k: space.pop(k) for k in ("__file__", "__spec__") if k in space}
    space["__spec__"] = None
    try:
        yield
    finally:
        space.update(hidden)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Hold Ctrl-C back from workers that begin inside, until `_settle` makes them ignore it."""
    resource_tracker.ensure_running()  # starting it would let Ctrl-C through again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class _Process(multiprocessing.context.SpawnProcess):
    @staticmethod
    def _Popen(process_obj: Any) -> Any:  # noqa: N802
        with _hidden_main(), _undisturbed():
            return multiprocessing.context.SpawnProcess._Popen(process_obj)


class _Context(multiprocessing.context.SpawnContext):
    """The spawn context: TensorFlow's threads make forking unsafe."""

    Process = _Process
