"""What a process holds though nothing in it is used any more goes back."""

import gc
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from audit.core.heap import give_back

STATUS = Path("/proc/self/status")
linux = pytest.mark.skipif(not STATUS.exists(), reason="no /proc to read a process' memory from")
_HEAPS = """
import ctypes, sys, threading
from audit.core.heap import hold_one_heap

hold_one_heap()
together = threading.Barrier(4)
def hold():
    together.wait()
    held = bytearray(10_000)
    together.wait()
threads = [threading.Thread(target=hold) for _ in range(4)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
libc = ctypes.CDLL(None)
libc.fopen.restype = ctypes.c_void_p
libc.malloc_info.argtypes = [ctypes.c_int, ctypes.c_void_p]
libc.fclose.argtypes = [ctypes.c_void_p]
file = libc.fopen(sys.argv[1].encode(), b"w")
libc.malloc_info(0, file)
libc.fclose(file)
"""


def _held() -> int:
    """Return megabytes of this process in memory that no file stands behind."""
    line = next(each for each in STATUS.read_text().splitlines() if each.startswith("RssAnon"))
    return int(line.split()[1]) // 1024


@linux
def test_memory_in_circles_and_between_used_blocks_goes_back():
    gc.disable()
    try:
        give_back()  # what tests before left free would be taken first
        before = _held()
        blocks = [np.ones(10_000) for _ in range(4_000)]  # below what is mapped by itself
        kept = blocks[::40]
        circle = [blocks]
        circle.append(circle)
        del blocks, circle
        assert _held() > before + 200
        give_back()
        assert _held() < before + 60
        assert len(kept) == 100
    finally:
        gc.enable()


@linux
@pytest.mark.parametrize(("asked", "heaps"), [(None, 1), ("3", 3)])
def test_threads_share_one_heap_unless_the_environment_says_otherwise(
    tmp_path, monkeypatch, asked, heaps
):
    monkeypatch.delenv("MALLOC_ARENA_MAX", raising=False)
    if asked:
        monkeypatch.setenv("MALLOC_ARENA_MAX", asked)
    told = tmp_path / "heaps.xml"
    subprocess.run([sys.executable, "-c", _HEAPS, told], check=True)
    assert told.read_text().count("<heap nr=") == heaps
