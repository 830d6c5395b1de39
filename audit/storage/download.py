"""Files from the network: out of reach within seconds, resumed, checked, or from a mirror."""

from __future__ import annotations

import logging
import os
import queue
import threading
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

import pooch
import requests

from audit.core.errors import DataError, DownloadError, first_line
from audit.core.track import Track, silent

MIRROR = "FLOWER_AUDIT_MIRROR"
REPLY = 4.0  # seconds in which a server must answer at all
STALLED = 30.0  # seconds without a byte after which a download counts as broken off
MIB = 1 << 20
PIECE = 1 << 14  # bytes that a broken connection may lose
FRUITLESS = 2  # broken connections in a row, without a byte more, that end a download

_log = logging.getLogger("audit")
_NO_HEAD = (requests.codes.not_allowed, requests.codes.not_implemented)


def address(url: str) -> str:
    """Return where a file is asked for: at its makers', or at the environment's mirror.

    With ``FLOWER_AUDIT_MIRROR=https://mirror/files``, ``https://host/path`` is asked for at
    ``https://mirror/files/host/path``. Checksums are those of the makers all the same.
    """
    mirror = os.environ.get(MIRROR, "").rstrip("/")
    return f"{mirror}/{url.partition('://')[2]}" if mirror else url


def reach(url: str, seconds: float = REPLY) -> None:
    """See that a server has a file, within ``seconds`` in all, looking up its name included.

    Raises
    ------
    DownloadError
        It does not answer in time, or has no such file.
    """
    # Looking up a name has no time limit of its own, so it is left behind in its thread.
    found: queue.SimpleQueue[DownloadError | None] = queue.SimpleQueue()
    ask = threading.Thread(target=lambda: found.put(_head(url, seconds)), daemon=True)
    ask.start()
    try:
        error = found.get(timeout=seconds)
    except queue.Empty:
        raise DownloadError(f"{url} {_silent_for(seconds)}") from None
    if error:
        raise error


def fetch(url: str, known: str, folder: Path, track: Track = silent) -> Path:
    """Download a file into ``folder``, unless it is there already, whole.

    A download that broke off goes on where it stopped, in the next run too.

    Parameters
    ----------
    url : str
        Where its makers have it.
    known : str
        Its checksum, as ``md5:…`` or ``sha256:…``.

    Raises
    ------
    DownloadError
        No answer, a broken connection, or a wrong checksum; what was wrong does not stay.
    DataError
        The folder cannot be written.
    """
    source, name = address(url), PurePosixPath(url).name
    pooch.get_logger().setLevel(logging.WARNING)  # it would print where the file comes from
    loader = _Resuming(folder / f"{name}.part", track)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return Path(pooch.retrieve(source, known, fname=name, path=folder, downloader=loader))
    except requests.RequestException as error:
        raise DownloadError(f"{source} {why(error)}") from None
    except ValueError:
        kind, _, digest = known.partition(":")
        raise DownloadError(
            f"{source} is not the file it should be (its {kind} is not {digest})"
        ) from None
    except OSError as error:
        raise DataError(f"Cannot write {folder}: {error.strerror or error}.") from error


def _head(url: str, seconds: float) -> DownloadError | None:
    try:
        reply = requests.head(url, timeout=seconds, allow_redirects=True)
        if reply.status_code not in _NO_HEAD:
            reply.raise_for_status()
    except requests.Timeout:
        return DownloadError(f"{url} {_silent_for(seconds)}")
    except (OSError, ValueError) as error:
        return DownloadError(f"{url} {why(error)}")
    return None


def _silent_for(seconds: float) -> str:
    return f"gave no answer within {seconds:g} s"


def why(error: OSError | ValueError) -> str:
    """Say what is wrong with an address, to be read after it."""
    if isinstance(error, requests.HTTPError):
        return f"answers {error.response.status_code} {error.response.reason}"
    if isinstance(error, requests.exceptions.ProxyError):
        return "is out of reach: the proxy in HTTPS_PROXY or HTTP_PROXY refuses or is down"
    if isinstance(error, requests.exceptions.SSLError):
        return "has a certificate that is not trusted: REQUESTS_CA_BUNDLE=FILE names others"
    if isinstance(error, requests.ConnectionError | requests.Timeout):
        return "is out of reach"
    # A mirror or a proxy that is no address, authorities that are no file, ...
    return f"cannot be asked for: {first_line(error)}"


class _Resuming:
    """A pooch downloader that keeps what it has in ``part`` and asks for the rest only."""

    def __init__(self, part: Path, track: Track) -> None:
        self._part = part
        self._track = track

    def __call__(self, url: str, output_file: str, _: Any) -> None:
        reach(url)
        fruitless = 0
        while fruitless < FRUITLESS:
            before = self._size()
            try:
                self._go_on(url)
                # Moved, not copied: a file that fails its checksum must not be gone on with.
                self._part.replace(output_file)
                return
            except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError):
                fruitless = fruitless + 1 if self._size() == before else 0
                _log.info("The connection broke off after %.1f MiB of %s", before / MIB, url)
        have = f"{self._size() / MIB:.1f} MiB"
        raise DownloadError(f"{url} broke off after {have}; the same command goes on from there")

    def _size(self) -> int:
        return self._part.stat().st_size if self._part.exists() else 0

    def _go_on(self, url: str) -> None:
        have = self._size()
        # Compressed transfer would make the byte counts meaningless.
        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
        with requests.get(url, headers=headers, stream=True, timeout=(REPLY, STALLED)) as reply:
            if have and reply.status_code == requests.codes.requested_range_not_satisfiable:
                return  # all of it is here already; the checksum decides
            reply.raise_for_status()
            resumed = reply.status_code == requests.codes.partial_content
            left = int(reply.headers.get("Content-Length", 0))
            label = f"Downloading {PurePosixPath(url).name} (MiB)"
            with self._part.open("ab" if resumed else "wb") as part:
                for _ in self._track(_written(reply, part), label, -(-left // MIB)):
                    pass


def _written(reply: requests.Response, part: BinaryIO) -> Iterator[int]:
    """Write a reply's bytes as they arrive; yield their number at every MiB and at the end."""
    written = 0
    for piece in reply.iter_content(PIECE):
        part.write(piece)
        written += len(piece)
        if not written % MIB:
            yield written
    if written % MIB:
        yield written
