"""Signals that end a command: each does what Ctrl-C does, so that nothing is left half done."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

AGAIN_AFTER = 0.05  # seconds: by then what swallowed the interruption has returned
ENDING = (signal.SIGTERM, *((signal.SIGHUP,) if hasattr(signal, "SIGHUP") else ()))


class Ended(KeyboardInterrupt):
    """A request to a process to end, as by Ctrl-C.

    Attributes
    ----------
    number : int
        Of the signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


def heed() -> None:
    """Raise `Ended` on SIGTERM and SIGHUP from now on; what ``nohup`` ignores stays ignored.

    Python drops an interruption that falls into a ``__del__`` or a callback of C (TensorFlow has
    many of both); it is sent once more until it falls into code that it can end.
    """
    for number in ENDING:
        if signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, _end)
    if sys.unraisablehook is sys.__unraisablehook__:
        sys.unraisablehook = _unraised


@contextmanager
def kept() -> Iterator[None]:
    """Have SIGTERM do afterwards what it does now, whatever a library makes of it inside."""
    before = signal.getsignal(signal.SIGTERM)
    yield
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, before)


def number_of(error: BaseException) -> int:
    """Return the signal that an interruption comes from: SIGINT where nothing else is known."""
    cause = error.__cause__ or error
    return cause.number if isinstance(cause, Ended) else int(signal.SIGINT)


def _unraised(dropped: sys.UnraisableHookArgs) -> None:
    if not isinstance(dropped.exc_value, KeyboardInterrupt):
        sys.__unraisablehook__(dropped)
        return
    again = threading.Timer(AGAIN_AFTER, os.kill, (os.getpid(), number_of(dropped.exc_value)))
    again.daemon = True
    again.start()  # by a thread: raised here, it would be dropped here


def _end(number: int, frame: FrameType | None) -> None:
    raise Ended(number)
