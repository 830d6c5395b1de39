"""The official segmentations of Oxford Flowers 102: fetch, unpack, read.

``102segmentations.tgz`` holds ``segmim/segmim_00001.jpg`` for ``image_00001.jpg``: the photograph
with its background painted blue, saved as JPEG. Its authors made them automatically (Nilsback and
Zisserman 2007, "Delving into the whorl of flower segmentation", BMVC), so they are no hand-made
truth.
"""

from __future__ import annotations

import logging
import lzma
import re
import shutil
import tarfile
import tempfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any, Self

import cv2
import numpy as np
import pooch
import requests
from numpy.typing import NDArray

from audit.data.decode import decode, read_regular
from audit.data.grabcut import banded
from audit.data.maskfiles import MaskFiles
from audit.errors import BrokenImageError, DataError, first_line
from audit.track import Track, silent

URL = "http://www.robots.ox.ac.uk/~vgg/data/flowers/102/102segmentations.tgz"
MD5 = "51375996b6c4f367a4b9f4492d7ecef5"
BLUE = (0, 0, 254)
# JPEG spreads the blue over its 8 x 8 blocks; petals this close to pure blue are not known.
COLOUR_TOLERANCE = 64
SPECK = 0.001  # of the image: parts and holes below it are JPEG noise
BORDER = 2  # pixels to either side: JPEG stores colour at half the resolution
CHUNK = 1 << 20
ATTEMPTS = 5
LARGEST, MOST, WHOLE = 8 << 20, 20_000, 2 << 30  # bytes of a file, files, bytes in all
OFFLINE = "download it elsewhere and give --masks FILE.tgz"

_MEMBER = re.compile(r"segmim_\d{5}\.jpg")
_IMAGE = re.compile(r"image_(\d{5})\.\w+")
_log = logging.getLogger("audit")


def fetch(folder: Path, track: Track = silent, *, url: str = URL, md5: str = MD5) -> Path:
    """Download the official archive into ``folder`` and unpack it there.

    A download that broke off goes on where it stopped; a file that is already there and whole is
    not loaded again.

    Returns
    -------
    Path
        Folder of the ``segmim_*.jpg`` files.

    Raises
    ------
    DataError
        No network, a wrong checksum, a full disk, or an archive that is not what it should be.
    """
    name = PurePosixPath(url).name
    pooch.get_logger().setLevel(logging.WARNING)  # it would print where the file comes from
    loader = _Resuming(folder / f"{name}.part", track)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = pooch.retrieve(url, f"md5:{md5}", fname=name, path=folder, downloader=loader)
    except requests.RequestException as error:
        reason = type(error).__name__
        raise DataError(f"Cannot download {url} ({reason}): {OFFLINE}.") from None
    except ValueError:
        raise DataError(
            f"{url} is not the file it should be (its md5 is not {md5}): {OFFLINE}."
        ) from None
    except OSError as error:
        raise DataError(f"Cannot write {folder}: {error.strerror or error}.") from None
    return unpack(Path(file), folder / "segmim", track)


class _Resuming:
    """A pooch downloader that keeps what it has in ``part`` and asks for the rest only."""

    def __init__(self, part: Path, track: Track) -> None:
        self._part = part
        self._track = track

    def __call__(self, url: str, output_file: str, _: Any) -> None:
        for attempt in range(ATTEMPTS):
            before = self._size()
            try:
                self._go_on(url)
                break
            except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError):
                if attempt == ATTEMPTS - 1 or self._size() == before:
                    raise
                _log.info("The connection broke off; going on with %s", url)
        # Moved, not copied: a file that fails its checksum must not be gone on with.
        self._part.replace(output_file)

    def _size(self) -> int:
        return self._part.stat().st_size if self._part.exists() else 0

    def _go_on(self, url: str) -> None:
        have = self._size()
        # Compressed transfer would make the byte counts meaningless.
        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
        with requests.get(url, headers=headers, stream=True, timeout=30) as reply:
            if have and reply.status_code == requests.codes.requested_range_not_satisfiable:
                return  # all of it is here already; the checksum decides
            reply.raise_for_status()
            resumed = reply.status_code == requests.codes.partial_content
            left = int(reply.headers.get("Content-Length", 0))
            chunks = reply.iter_content(CHUNK)
            with self._part.open("ab" if resumed else "wb") as part:
                label = f"Downloading {PurePosixPath(url).name} (MiB)"
                for chunk in self._track(chunks, label, -(-left // CHUNK)):
                    part.write(chunk)


def unpack(archive: Path, folder: Path, track: Track = silent) -> Path:
    """Unpack the ``segmim_*.jpg`` files of an archive into ``folder``, all of them or none.

    Raises
    ------
    DataError
        The archive is torn, holds none of them, or holds what it should not: a path out of the
        folder, a link, a device, or a file or number of files beyond all measure.
    """
    if folder.is_dir() and any(folder.glob("segmim_*.jpg")):
        return folder
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with (
            tempfile.TemporaryDirectory(dir=folder.parent) as beside,
            tarfile.open(archive, tarinfo=_Measured) as tar,
        ):
            new = Path(beside) / folder.name
            new.mkdir()
            for member in track(_members(tar, archive), "Unpacking masks", 0):
                _write(tar, member, new)
            _read_out(tar)
            if not any(new.iterdir()):
                raise DataError(f"{archive} holds no segmim_*.jpg: not the official archive.")
            new.replace(folder)
    except tarfile.FilterError as error:
        raise DataError(f"{archive} is not safe to unpack: {error}.") from None
    except (tarfile.TarError, EOFError, zlib.error, lzma.LZMAError, OSError, ValueError,
            RecursionError) as error:  # fmt: skip
        reason = first_line(error)
        raise DataError(f"Cannot unpack {archive}: {reason}. Download it again.") from None
    return folder


class _Measured(tarfile.TarInfo):
    """A header whose size is looked at before that much is read."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        info = super().frombuf(buf, encoding, errors)
        if info.size > LARGEST:
            raise tarfile.FilterError(f"{info.name!r} is beyond measure")
        return info


def _read_out(tar: tarfile.TarFile) -> None:
    """Read on from the last member to the very end, where gzip and xz keep their checksums."""
    stream: Any = tar.fileobj
    stream.seek(tar.offset)
    if stream.read(2 * tarfile.BLOCKSIZE) != bytes(2 * tarfile.BLOCKSIZE):
        raise tarfile.ReadError("it has no end")
    while stream.read(CHUNK):
        if stream.tell() > WHOLE:
            raise tarfile.FilterError("its end is beyond measure")


def _members(tar: tarfile.TarFile, archive: Path) -> Iterator[tarfile.TarInfo]:
    """The mask files of an archive, as its table tells them; raise at the first unsafe member."""
    for count, member in enumerate(tar):
        tarfile.data_filter(member, "/nowhere")
        if not (member.isfile() or member.isdir()):
            raise DataError(f"{archive} is not safe to unpack: {member.name!r} is a link.")
        if member.size > LARGEST or count >= MOST or member.offset_data > WHOLE:
            raise DataError(f"{archive} is not safe to unpack: {member.name!r} is beyond measure.")
        if member.isfile() and _MEMBER.fullmatch(PurePosixPath(member.name).name):
            yield member


def _write(tar: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> None:
    source = tar.extractfile(member)
    if source is not None:
        with source, (folder / PurePosixPath(member.name).name).open("xb") as target:
            shutil.copyfileobj(source, target)


def read_segmentation(file: Path) -> NDArray[np.uint8]:
    """Trimap of one official segmentation.

    Returns
    -------
    uint8 ``(h, w)``
        0 where the picture is blue (0, 0, 254) within a tolerance, 255 elsewhere, without specks
        below 0.1% of the image; 128 within 2 pixels of the outline, where JPEG mixes the two.

    Raises
    ------
    DataError
        The file is not a readable JPEG, or half of one.
    """
    try:
        picture = decode(read_regular(file), file.name)
    except (BrokenImageError, OSError):
        raise DataError(f"Cannot read the segmentation {file}: unpack the archive again.") from None
    distance = np.abs(picture.astype(np.int16) - np.array(BLUE, np.int16)).max(axis=-1)
    flower = (distance > COLOUR_TOLERANCE).astype(np.uint8)
    flower = 1 - _without_specks(1 - _without_specks(flower))
    return banded(flower > 0, BORDER)


def _without_specks(mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
    _, parts, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=4)
    kept = stats[:, cv2.CC_STAT_AREA] >= SPECK * mask.size
    kept[0] = False
    return kept.astype(np.uint8)[parts]


class OfficialMasks(MaskFiles):
    """The official segmentations in a folder: ``segmim_*.jpg``, there or in ``segmim/``.

    Parameters
    ----------
    folder : Path
    names : iterable of str
        Names of all images of the data set; only ``image_00001.jpg`` and the like can match.
    """

    name = "official"

    def __init__(self, folder: Path, names: Iterable[str]) -> None:
        places = [*folder.glob("segmim_*.jpg"), *folder.glob("segmim/segmim_*.jpg")]
        files = {f.name: f for f in places if f.is_file()}
        matches = {name: _IMAGE.fullmatch(PurePosixPath(name).name) for name in names}
        wanted = {name: f"segmim_{m[1]}.jpg" for name, m in matches.items() if m}
        found = {name: files[file] for name, file in wanted.items() if file in files}
        super().__init__(found, read_segmentation)
