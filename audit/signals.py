"""Signals that end a command: each does what Ctrl-C does, so that nothing is left half done."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

ENDING = (signal.SIGTERM, *((signal.SIGHUP,) if hasattr(signal, "SIGHUP") else ()))


class Ended(KeyboardInterrupt):
    """A process is asked to end, as by Ctrl-C.

    Attributes
    ----------
    number : int
        Of the signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


def heed() -> None:
    """Raise `Ended` on SIGTERM and SIGHUP from now on; what ``nohup`` ignores stays ignored."""
    for number in ENDING:
        if signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, _end)


@contextmanager
def kept() -> Iterator[None]:
    """Have SIGTERM do afterwards what it does now, whatever a library makes of it inside."""
    before = signal.getsignal(signal.SIGTERM)
    yield
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, before)


def number_of(error: BaseException) -> int:
    """The signal that an interruption comes from: SIGINT where nothing else is known."""
    cause = error.__cause__ or error
    return cause.number if isinstance(cause, Ended) else int(signal.SIGINT)


def _end(number: int, frame: FrameType | None) -> None:
    raise Ended(number)
