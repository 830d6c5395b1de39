"""The official segmentations of Oxford Flowers 102: fetch, unpack, read.

``102segmentations.tgz`` holds ``segmim/segmim_00001.jpg`` for ``image_00001.jpg``: the photograph
with its background painted blue, saved as JPEG. Its authors made them automatically (Nilsback and
Zisserman 2007, "Delving into the whorl of flower segmentation", BMVC), so they are no hand-made
truth.
"""

from __future__ import annotations

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
from numpy.typing import NDArray

from audit.core.errors import BrokenImageError, DataError, DownloadError, first_line
from audit.core.track import Track, silent
from audit.datasets.decode import decode, read_regular
from audit.masks.files import MaskFiles
from audit.masks.grabcut import banded
from audit.masks.match import Joined
from audit.storage import download

URL = "https://www.robots.ox.ac.uk/~vgg/data/flowers/102/102segmentations.tgz"
MD5 = "51375996b6c4f367a4b9f4492d7ecef5"
BLUE = (0, 0, 254)
# JPEG spreads the blue over its 8 x 8 blocks; petals this close to pure blue are not known.
COLOUR_TOLERANCE = 64
SPECK = 0.001  # of the image: parts and holes below it are JPEG noise
BORDER = 2  # pixels to either side: JPEG stores colour at half the resolution
CHUNK = 1 << 20
LARGEST, MOST, WHOLE = 8 << 20, 20_000, 2 << 30  # bytes of a file, files, bytes in all
UNPACKED = "segmim"

_MEMBER = re.compile(r"segmim_[0-9]{5}\.jpg")
_IMAGE = re.compile(r"image_([0-9]{5})\.\w+")


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
    try:
        archive = download.fetch(url, f"md5:{md5}", folder, track)
    except DownloadError as error:
        raise DataError(f"Cannot fetch the official masks: {error}; {_mend(folder)}.") from None
    return unpack(archive, folder / UNPACKED, track)


def fetched(track: Track = silent) -> Path:
    """Return the user's folder of the official segmentations, fetched where they are not there.

    Raises
    ------
    DataError
        As for `fetch`.
    """
    return unpacked() or fetch(cache(), track, url=URL, md5=MD5)


def unpacked() -> Path | None:
    """Return the user's folder of the official segmentations, None where they are not there."""
    folder = cache() / UNPACKED  # renamed to once it is complete
    return folder if folder.is_dir() else None


def cache() -> Path:
    """Return where the archive is kept for all runs of this user."""
    return Path(pooch.os_cache("flower-audit")) / "official"


def _mend(folder: Path) -> str:
    return (
        f"download it elsewhere and put it into {folder} or give --masks FILE.tgz; --masks "
        "grabcut does without"
    )


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
                _write(tar, member, new, archive)
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
    """Yield an archive's mask files, as its table tells them; raise at the first unsafe member."""
    for count, member in enumerate(tar):
        tarfile.data_filter(member, "/nowhere")
        if not (member.isfile() or member.isdir()):
            raise DataError(f"{archive} is not safe to unpack: {member.name!r} is a link.")
        if member.size > LARGEST or count >= MOST or member.offset_data > WHOLE:
            raise DataError(f"{archive} is not safe to unpack: {member.name!r} is beyond measure.")
        if member.isfile() and _MEMBER.fullmatch(PurePosixPath(member.name).name):
            yield member


def _write(tar: tarfile.TarFile, member: tarfile.TarInfo, folder: Path, archive: Path) -> None:
    source, file = tar.extractfile(member), folder / PurePosixPath(member.name).name
    if file.exists():
        raise DataError(f"{archive} is not safe to unpack: it holds {file.name} twice.")
    if source is not None:
        with source, file.open("xb") as target:
            shutil.copyfileobj(source, target)


def read_segmentation(file: Path) -> NDArray[np.uint8]:
    """Return the trimap of one official segmentation.

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

    def __init__(self, folder: Path, names: Iterable[str]) -> None:
        locations = [*folder.glob("segmim_*.jpg"), *folder.glob("segmim/segmim_*.jpg")]
        files = {f.name: f for f in locations if f.is_file()}
        matches = {name: _IMAGE.fullmatch(PurePosixPath(name).name) for name in names}
        wanted = {name: f"segmim_{m[1]}.jpg" for name, m in matches.items() if m}
        found: dict[str, tuple[Path, ...]] = {
            name: (files[file],) for name, file in wanted.items() if file in files
        }
        super().__init__("official", Joined(found, {"official": len(found)}), read_segmentation)
