"""Memory that a process holds though nothing in it is used any more."""

from __future__ import annotations

import ctypes
import gc
from contextlib import suppress


def give_back() -> None:
    """Return unused memory to the system: that of compiled models waits for both calls otherwise.

    Graphs refer to each other in circles, which Python collects seldom, and the C library keeps
    what is freed between blocks that are in use. Libraries other than glibc need no second call.
    """
    gc.collect()
    with suppress(OSError, AttributeError, TypeError):  # not glibc; not Linux
        ctypes.CDLL(None).malloc_trim(0)
