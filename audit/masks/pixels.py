"""Pixels of a mask file as it holds them, before anything is said of what they mean."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from audit.core.errors import DataError, first_line
from audit.datasets.dataset import BACKGROUND, FOREGROUND, UNKNOWN
from audit.datasets.decode import read_regular, upright

MEND = "use 255 for the foreground, 0 for the background, 128 for unknown"
TOLERANCE = 8  # grey levels around 0, 128 and 255
_MANY = 32  # grey levels that no mask holds unless its compression made them
_HEADER = 1024  # bytes within which WebP says how it is compressed
_TOP = 65535  # of 16 bits
_LEVELS = np.array([BACKGROUND, UNKNOWN, FOREGROUND])

Codes = NDArray[np.int64]
Kind = Literal["grey", "lossy", "opacity", "colour"]


@dataclass(frozen=True)
class Pixels:
    """Content of a mask file.

    Attributes
    ----------
    kind : str
        ``grey``: levels or indices. ``lossy``: levels that compression blurred. ``opacity``: of a
        cut-out. ``colour``: RGB.
    codes : int64 ``(h, w)``
        0..65535; of colours ``0xRRGGBB``.
    """

    kind: Kind
    codes: Codes


def read_pixels(file: Path) -> Pixels:
    """Read a mask in any pixel format, turned as its EXIF orientation says.

    A palette counts by its colours where these are grey, else by its indices. Levels of 16 bits
    and of floats in 0..1 are brought to 0..255.

    Raises
    ------
    DataError
        The file cannot be read, or holds what no value of a mask can be.
    """
    try:
        content = read_regular(file)
        image = upright(content)
    except Exception as error:  # Pillow raises many kinds for broken files
        reason = first_line(error)
        if "cannot identify" in reason:
            reason = "not an image of a known format"
        raise DataError(f"Cannot read the mask {file}: {reason}. Replace or remove it.") from None
    pixels = _pixels(file, image)
    blurred = pixels.kind == "grey" and _compressed(content, pixels.codes)
    return Pixels("lossy", pixels.codes) if blurred else pixels


def colour(code: int) -> tuple[int, int, int]:
    """Return red, green and blue, 0..255, of a code ``0xRRGGBB``."""
    return code >> 16, code >> 8 & 255, code & 255


def _compressed(content: bytes, codes: Codes) -> bool:
    if content.startswith(b"\xff\xd8\xff"):
        return True  # JPEG
    if content[8:12] == b"WEBP":
        return b"VP8L" not in content[12:_HEADER]
    return content[4:8] == b"ftyp" and len(np.unique(codes)) > _MANY  # AVIF, HEIC: levels tell


def _pixels(file: Path, image: Image.Image) -> Pixels:
    if image.mode == "1":
        return Pixels("grey", np.asarray(image).astype(np.int64) * FOREGROUND)
    if image.mode == "L" and "transparency" not in image.info:
        return Pixels("grey", np.asarray(image).astype(np.int64))
    if image.mode.startswith(("I", "F")):
        return Pixels("grey", _eight_bits(_whole(file, np.asarray(image))))
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        alpha = np.asarray(image.convert("RGBA")).astype(np.int64)[..., 3]
        if alpha.min(initial=255) < alpha.max(initial=0):
            return Pixels("opacity", alpha)
    colours = np.stack([np.asarray(c, np.int64) for c in image.convert("RGB").split()])
    grey = bool((np.ptp(colours, axis=0) <= TOLERANCE).all())
    if image.mode == "P" and _by_index(image, colours, grey):
        return Pixels("grey", np.asarray(image).astype(np.int64))
    if grey:
        return Pixels("grey", colours[1])
    return Pixels("colour", (colours[0] << 16) + (colours[1] << 8) + colours[2])


def _by_index(image: Image.Image, colours: Codes, grey: bool) -> bool:
    """Return whether a palette numbers things instead of showing levels or colours."""
    palette = np.array(image.getpalette("RGB"), np.int64).reshape(-1, 3)
    if grey:  # Pascal VOC's seventh colour is grey, but its palette holds no white
        levels = bool((np.ptp(palette, axis=1) <= TOLERANCE).all())
        return not levels and int(colours.max(initial=0)) < FOREGROUND - TOLERANCE
    # Where black has another place than the first, colours were sorted by how common they are.
    black = bool((colours.sum(axis=0) == 0).any())
    return not black or not palette[0].any()


def _whole(file: Path, values: NDArray[np.generic]) -> Codes:
    """Return whole numbers in 0..65535; fractions of 1 become levels of 255."""
    numbers = values.astype(np.float64)
    if not np.isfinite(numbers).all() or (numbers < 0).any() or (numbers > _TOP).any():
        raise DataError(f"Mask {file} holds values that are no whole numbers: {MEND}.")
    if not (numbers % 1).any():
        return numbers.astype(np.int64)
    if abs(numbers.max() - 1) > TOLERANCE / FOREGROUND:
        raise DataError(f"Mask {file} holds values that are no whole numbers: {MEND}.")
    return np.rint(numbers * FOREGROUND).astype(np.int64)


def _eight_bits(values: Codes) -> Codes:
    """Return 16-bit levels as 0..255; numbers of things stay, and the highest value means 255."""
    top = int(values.max(initial=0))
    if top <= FOREGROUND:
        return values
    if ((values > 0) & (values <= FOREGROUND)).any():
        return np.where(values == _TOP, FOREGROUND, values)
    seen = np.rint(np.flatnonzero(np.bincount(values.ravel())) / 257)
    near = (np.abs(seen[:, None] - _LEVELS).min(axis=1) <= TOLERANCE).all()
    if (near and seen[-1] > TOLERANCE) or top >= _TOP - 257 * TOLERANCE:
        return np.rint(values / 257).astype(np.int64)  # 65535 = 255 * 257: 8 bits stretched to 16
    return values
