"""One writer at a time in a run folder, on disk and at a URL; reading needs no lock."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from filelock import FileLock, Timeout

from audit.core.errors import RunFolderError
from audit.storage import readers
from audit.storage.paths import on_disk, reached

LOCK, WRITER = ".lock", ".writer"  # who waits needs the first, people read the second
PATIENCE = 5.0  # seconds: a gate or a report beside another one is done by then
_MOST = 1000  # bytes that are read of who holds a folder


class Lock(Protocol):
    """Lock that keeps other writers out of a folder."""

    def held(self) -> Any:
        """Hold the folder for as long as the block lasts, also inside such a block."""


def lock_of(root: Path) -> Lock:
    """Return the lock of the run folder ``root``."""
    return _OnDisk(root) if on_disk(root) else _AtUrl(root)


class _OnDisk:
    """The system's own lock of a file: it ends with its process, however that ends."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._lock = FileLock(root / LOCK, timeout=PATIENCE, thread_local=False)

    @contextmanager
    def held(self) -> Iterator[None]:
        """See `Lock`; raises `RunFolderError` where another process holds it."""
        self._acquire()
        try:
            yield
        finally:
            if self._lock.lock_counter == 1:
                with suppress(OSError):  # its disk may be gone, which is told already
                    (self._root / WRITER).unlink(missing_ok=True)
            self._lock.release()

    def _acquire(self) -> None:
        try:
            self._lock.acquire()
        except Timeout:
            raise RunFolderError(_taken(self._root, self._read_writer())) from None
        except OSError as error:  # a folder that cannot be written, a link in place of the lock
            raise RunFolderError(f"Cannot write in {self._root}: {error.strerror}.") from error
        if self._lock.lock_counter == 1:
            self._sign()

    def _sign(self) -> None:
        """Say who writes, where there is room for it; never through a link that lies there."""
        with suppress(OSError):
            (self._root / WRITER).unlink(missing_ok=True)
            with (self._root / WRITER).open("xb") as file:
                file.write(_me())

    def _read_writer(self) -> bytes:
        try:
            return readers.content(self._root / WRITER, self._root, _MOST)
        except (OSError, RunFolderError):  # gone meanwhile, or no such file as is written here
            return b""


class _AtUrl:
    """An object that is written only where there is none, by stores that can do that."""

    def __init__(self, root: Path) -> None:
        self._root: Any = root
        self._file: Any = root / LOCK
        self._depth = 0

    @contextmanager
    def held(self) -> Iterator[None]:
        """See `Lock`; raises `RunFolderError` where another process holds it."""
        if not self._depth:
            self._acquire()
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1
            if not self._depth:
                self._file.unlink(missing_ok=True)

    def _acquire(self) -> None:
        with reached(self._root):
            while not self._created():
                told = self._read_writer()
                if told is not None and not _is_over(told):
                    mend = f": if that has ended, delete {self._file}"
                    raise RunFolderError(_taken(self._root, told, mend))
                self._file.unlink(missing_ok=True)

    def _created(self) -> bool:
        try:
            # "create" fails where the file is there: it decides between two that try at once.
            self._file.fs.pipe_file(self._file.path, _me(), mode="create")
        except FileExistsError:
            return False
        return True

    def _read_writer(self) -> bytes | None:
        try:
            return self._file.read_bytes()
        except FileNotFoundError:  # released meanwhile
            return None


def _me() -> bytes:
    since = datetime.now(UTC).isoformat(timespec="seconds")
    found = {"host": platform.node(), "pid": os.getpid(), "pids": _pids(), "since": since}
    return json.dumps(found).encode()


def _pids() -> str:
    """Say among which processes this one has its number: containers have numbers of their own."""
    try:
        return str(Path("/proc/self/ns/pid").readlink())
    except OSError:  # no Linux, which has one set of numbers
        return ""


def _read(told: bytes) -> dict[str, Any]:
    try:
        found = readers.parsed(told)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _taken(root: Path, told: bytes, mend: str = "") -> str:
    found = _read(told)
    if found:
        by = f"process {found.get('pid')} on {found.get('host')}, since {found.get('since')}"
    else:
        by = "another process"
    return f"{root} is being written by {by}{mend or ': wait for it, or end it first'}."


def _is_over(told: bytes) -> bool:
    """Return whether a lock is that of a process of this machine that is no more."""
    found = _read(told)
    pid = found.get("pid")
    same = found.get("host") == platform.node() and found.get("pids") == _pids()
    if not same or not isinstance(pid, int) or not 0 < pid < 2**31:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except OSError:  # it is another user's
        return False
    return False
