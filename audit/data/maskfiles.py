"""Mask files: which file belongs to which image, and what its pixels mean."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from audit.data.dataset import BACKGROUND, FLOWER, UNKNOWN
from audit.data.decode import read_regular, upright
from audit.errors import DataError, first_line
from audit.score.geometry import resize_trimap

TOLERANCE = 8  # grey levels around 0, 128 and 255
ASPECT_TOLERANCE = 0.02
MEND = "use 255 for the flower, 0 for the background, 128 for unknown"
_LEVELS = np.array([BACKGROUND, UNKNOWN, FLOWER])
# For each of 0..255 the nearest of them, and whether that is too far away.
_NEAREST = _LEVELS[np.abs(np.arange(256)[:, None] - _LEVELS).argmin(axis=1)].astype(np.uint8)
_ODD = np.abs(np.arange(256) - _NEAREST) > TOLERANCE


def read_mask(file: Path) -> NDArray[np.uint8]:
    """Read a mask or trimap of 0/1, 0/255 or 0/128/255, in any of PNG's pixel formats.

    An image with transparency is a cut-out: what is opaque is the flower. A palette counts by its
    colours where these are grey, else by its indices. EXIF orientation is honoured.

    Returns
    -------
    uint8 ``(h, w)``
        255 flower, 0 background, 128 unknown.

    Raises
    ------
    DataError
        The file cannot be read, or holds other values.
    """
    levels = _grey(file, _open(file))
    top = int(levels.max(initial=0))
    if top == 1:
        return np.where(levels == 1, FLOWER, BACKGROUND).astype(np.uint8)
    odd = _ODD[levels]
    if odd.any() or 1 < top <= TOLERANCE:
        value = int(levels[odd][0]) if odd.any() else top
        raise DataError(f"Mask {file} holds the value {value}: {MEND}.")
    return np.asarray(_NEAREST[levels])


def _open(file: Path) -> Image.Image:
    try:
        return upright(read_regular(file))
    except Exception as error:  # Pillow raises many kinds for broken files
        reason = first_line(error)
        if "cannot identify" in reason:
            reason = "not an image of a known format"
        raise DataError(f"Cannot read the mask {file}: {reason}. Replace or remove it.") from None


def _grey(file: Path, image: Image.Image) -> NDArray[np.int64]:
    """Levels of a mask, int64 ``(h, w)``: 0..255, or 0/1."""
    if image.mode == "1" or (image.mode == "L" and "transparency" not in image.info):
        return np.asarray(image).astype(np.int64)
    if image.mode.startswith(("I", "F")):
        values = np.asarray(image)
        if not ((values >= 0) & (values <= 65535)).all() or (values % 1).any():
            raise DataError(f"Mask {file} holds values that are no whole numbers: {MEND}.")
        values = values.astype(np.int64)
        return np.rint(values / 257).astype(np.int64) if values.max(initial=0) > 255 else values
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        alpha = np.asarray(image.convert("RGBA")).astype(np.int64)[..., 3]
        if alpha.min(initial=255) < alpha.max(initial=0):
            return alpha
    colours = np.stack([np.asarray(c, np.int64) for c in image.convert("RGB").split()])
    if (np.ptp(colours, axis=0) <= TOLERANCE).all():
        return colours[1]
    if image.mode == "P":
        return np.asarray(image).astype(np.int64)
    raise DataError(f"Mask {file} is in colour: {MEND}.")


def fit(trimap: NDArray[np.uint8], size: tuple[int, int], where: object) -> NDArray[np.uint8]:
    """Bring a trimap to its image's ``size`` (height, width) by nearest neighbour.

    Raises
    ------
    DataError
        Its aspect differs from the image's by more than 2%; ``where`` names it.
    """
    if trimap.shape == size:
        return trimap
    (height, width), (rows, columns) = size, trimap.shape
    if abs(columns * height / (rows * width) - 1) > ASPECT_TOLERANCE:
        raise DataError(
            f"Mask {where} is {columns} x {rows} but its image is {width} x {height}: "
            "draw it at the image's size, or remove it."
        )
    return resize_trimap(trimap, size)


class MaskFiles:
    """Mask files by the name of the image that each belongs to; nothing is read before its turn.

    Attributes
    ----------
    name : str
        What records call this source.
    """

    name: str

    def __init__(
        self, files: Mapping[str, Path], read: Callable[[Path], NDArray[np.uint8]]
    ) -> None:
        self._files = dict(files)
        self._read = read

    def any(self) -> bool:
        """Whether any image has a mask here."""
        return bool(self._files)

    def has(self, name: str) -> bool:
        """Whether the image ``name`` has a mask here; nothing is read."""
        return name in self._files

    def read(self, name: str) -> tuple[NDArray[np.uint8], Path]:
        """The trimap of the image ``name``, in its own size, and its file."""
        return self._read(self._files[name]), self._files[name]

    def fingerprint(self) -> str:
        """Short hash of the names and contents of the masks."""
        return fingerprint(self._files)


class PngMasks(MaskFiles):
    """A folder of PNG masks named like the images, in the same sub-folders or in none.

    Parameters
    ----------
    folder : Path
    names : iterable of str
        Names of all images of the data set.

    Raises
    ------
    DataError
        Two masks fit one image, or one mask fits images in several sub-folders.
    """

    name = "folder"

    def __init__(self, folder: Path, names: Iterable[str]) -> None:
        files = sorted(f for f in folder.rglob("*") if f.suffix.lower() == ".png" and f.is_file())
        names = list(names)
        found = match(folder, files, names)
        _refuse_ambiguous(folder, set(files) - set(found.values()), names)
        super().__init__(found, read_mask)


def match(folder: Path, files: Iterable[Path], names: Iterable[str]) -> dict[str, Path]:
    """Find the mask of each image: ``rose/1.png`` or ``rose/1.jpg.png`` for ``rose/1.jpg``.

    A mask in no or another sub-folder (``1.png``) fits too, if only one image has that file name.
    """
    exact: dict[str, Path] = {}
    loose: dict[str, list[Path]] = {}
    for file in files:
        relative = PurePosixPath(file.relative_to(folder).as_posix())
        exact[str(relative.with_suffix(""))] = file
        loose.setdefault(relative.stem, []).append(file)
    images = {name: PurePosixPath(name) for name in names}
    paths = Counter(image.with_suffix("") for image in images.values())
    stems = Counter(image.stem for image in images.values())
    full = Counter(image.name for image in images.values())
    found: dict[str, Path] = {}
    for name, image in images.items():
        # a.png is the mask of a.jpg only if there is no a.webp beside it
        keys = [image.with_suffix(""), image] if paths[image.with_suffix("")] == 1 else [image]
        candidates = [exact[str(key)] for key in keys if str(key) in exact]
        if not candidates and full[image.name] == 1:
            candidates = loose.get(image.name, [])
        if not candidates and stems[image.stem] == 1:
            candidates = loose.get(image.stem, [])
        if len(candidates) > 1:
            pair = " and ".join(str(c) for c in candidates[:2])
            raise DataError(f"Two masks fit the image {name}: {pair}. Remove one.")
        if candidates:
            found[name] = candidates[0]
    return found


def _refuse_ambiguous(folder: Path, unused: Iterable[Path], names: Iterable[str]) -> None:
    """Raise where a mask in no sub-folder is named like several images: it must not go unused."""
    images: dict[str, list[str]] = {}
    for name in names:
        images.setdefault(PurePosixPath(name).stem, []).append(name)
    for file in sorted(f for f in unused if f.parent == folder):
        several = images.get(file.stem, []) or images.get(Path(file.stem).stem, [])
        if len(several) > 1:
            raise DataError(
                f"Mask {file} fits {len(several)} images ({several[0]}, {several[1]}, ...): "
                f"say which by its place, as in {folder / several[0]}.png."
            )


def fingerprint(files: Mapping[str, Path]) -> str:
    """First 16 hex digits of the SHA-256 of all names and contents, sorted by name."""
    digest = hashlib.sha256()
    for name, file in sorted(files.items()):
        content = hashlib.sha256(file.read_bytes()).hexdigest()
        digest.update(f"{name}\t{content}\n".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()[:16]
