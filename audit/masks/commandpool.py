"""Segmentation by a command of the user's: one call an image, several at once."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Lock

import cv2
import numpy as np
from numpy.typing import NDArray

from audit.core.errors import DataError
from audit.masks.softmask import read_soft, trimap_of

TIME_LIMIT = 120.0  # seconds that one image may take
_TOLD = 4096  # bytes at the end of what a command says of its failure
_SHOWN = 200  # characters of its last line
_PLACE = re.compile(r"\{(image|mask)\}")

Trimap = NDArray[np.uint8]


class CommandPool:
    """Runs a command for each image, in ``workers`` processes at once (0: in line).

    Nothing of it passes through a shell. Call `close` in the end, also after an error.

    Parameters
    ----------
    command : str
        Words as a shell splits them, with ``{image}`` and ``{mask}`` among them.
    """

    def __init__(self, command: str, workers: int) -> None:
        self._words = shlex.split(command)
        self._threads = ThreadPoolExecutor(workers) if workers else None
        self._running: set[subprocess.Popen[bytes]] = set()
        self._lock, self._closed = Lock(), False

    def close(self) -> None:
        """End the processes that run, and begin no more."""
        with self._lock:
            self._closed = True
            running = list(self._running)
        for process in running:
            _kill(process)
        if self._threads is not None:
            self._threads.shutdown(cancel_futures=True)

    def start(self, image: NDArray[np.uint8]) -> Callable[[], Trimap]:
        """Begin to segment a uint8 RGB image; the callable returned waits for its trimap.

        It raises `DataError` where the command fails on this image, and says how.
        """
        if self._threads is None:
            return lambda: self._segment(image)
        return self._threads.submit(self._segment, image).result

    def _segment(self, image: NDArray[np.uint8]) -> Trimap:
        with tempfile.TemporaryDirectory(prefix="flower-audit-") as made:
            folder = Path(made)
            places = {"image": folder / "image.png", "mask": folder / "mask.png"}
            _write(places["image"], image)
            self._run(_substituted(self._words, places), folder)
            size = image.shape[0], image.shape[1]
            return trimap_of(read_soft(places["mask"], size), size)

    def _run(self, words: Sequence[str], folder: Path) -> None:
        said = folder / "errors.txt"  # a pipe would fill, or be held open by its children
        process = self._begin(words, said)
        try:
            status = process.wait(TIME_LIMIT)
        except subprocess.TimeoutExpired:
            raise DataError(f"it took more than {TIME_LIMIT:.0f} s") from None
        finally:
            _kill(process)
            with self._lock:
                self._running.discard(process)
        if status:
            how = f"with status {status}" if status > 0 else f"by signal {-status}"
            raise DataError(f"it ended {how}{_last_line(said, folder)}")

    def _begin(self, words: Sequence[str], said: Path) -> subprocess.Popen[bytes]:
        with self._lock, said.open("wb") as errors:
            if self._closed:
                raise DataError("it was ended")
            try:
                process = subprocess.Popen(
                    words,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=errors,
                    start_new_session=True,  # so that its own children end with it
                )
            except OSError as error:
                raise DataError(f"it cannot be started: {error.strerror}") from None
            self._running.add(process)
            return process


def _substituted(words: Sequence[str], places: Mapping[str, Path]) -> list[str]:
    """Put files in their places within each word: no name can become a word or an option."""
    return [_PLACE.sub(lambda found: str(places[found[1]]), word) for word in words]


def _write(file: Path, image: NDArray[np.uint8]) -> None:
    encoded = cv2.imencode(".png", cv2.cvtColor(image, cv2.COLOR_RGB2BGR))[1]
    file.write_bytes(encoded.tobytes())


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End a process that still runs, and all that it started."""
    if process.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _last_line(said: Path, folder: Path) -> str:
    """Return what a command said last, without the name of the temporary folder."""
    with said.open("rb") as stream:
        stream.seek(max(0, said.stat().st_size - _TOLD))
        text = stream.read().decode(errors="replace").replace(f"{folder}{os.sep}", "")
    lines = text.strip().splitlines()
    return f": {lines[-1].strip()[:_SHOWN]}" if lines else ""
