"""Memory that a process holds though nothing in it is used any more."""

from __future__ import annotations

import ctypes
import gc
import os
from contextlib import suppress

_ARENA_MAX = -8  # glibc's M_ARENA_MAX
_NOT_GLIBC = OSError, AttributeError, TypeError


def hold_one_heap() -> None:
    """Let all threads share what glibc keeps of freed memory: each would keep its own share.

    To be called before there are threads. ``MALLOC_ARENA_MAX`` in the environment counts instead.
    """
    if "MALLOC_ARENA_MAX" not in os.environ:
        with suppress(*_NOT_GLIBC):
            ctypes.CDLL(None).mallopt(_ARENA_MAX, 1)


def give_back() -> None:
    """Return unused memory to the system: that of compiled models waits for both calls otherwise.

    Graphs refer to each other in circles, which Python collects seldom, and the C library keeps
    what is freed between blocks that are in use. Libraries other than glibc need no second call.
    """
    gc.collect()
    with suppress(*_NOT_GLIBC):
        ctypes.CDLL(None).malloc_trim(0)
