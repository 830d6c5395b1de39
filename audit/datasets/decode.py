"""Decoding of an image file's bytes to RGB pixels; every failure is one `BrokenImageError`."""

from __future__ import annotations

import errno
import io
import warnings
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from audit.core.errors import BrokenImageError
from audit.datasets import deep
from audit.datasets.formats import heif, is_heif, mend

MOST_PIXELS = 300_000_000  # telephones take 200 million
PIXELS_AT_ONCE = 89_478_485  # images of more are read at half their size, so that memory lasts
Image.MAX_IMAGE_PIXELS = MOST_PIXELS  # Pillow's own limit is PIXELS_AT_ONCE


def open_regular(file: Path) -> BinaryIO:
    """Open a file; `OSError` for a folder, device or pipe, which could wait for ever."""
    if file.exists() and not file.is_file():
        raise OSError(errno.EINVAL, "Not a regular file", str(file))
    return file.open("rb")


def read_regular(file: Path) -> bytes:
    """Read the content of a file; `OSError` as `open_regular`."""
    with open_regular(file) as stream:
        return stream.read()


def decode(content: bytes, name: str, white_level: float | None = None) -> NDArray[np.uint8]:
    """Decode an image file of any kind that Pillow reads to upright RGB.

    Grey, palette and CMYK images are converted, transparency is laid on white, EXIF orientation is
    honoured, and of an animation the first frame is taken. An image of more than 89 million pixels
    is read at half its size.

    Parameters
    ----------
    white_level : float, optional
        Value that is white in images of more than 8 bits, in their own units (default: the full
        range of what they are stored in, 65535 for 16 bits). Other images do not need it.

    Returns
    -------
    uint8 ``(h, w, 3)``

    Raises
    ------
    BrokenImageError
        The file is torn, empty, of no known format, of more than 300 million pixels, or holds
        pixels that are no numbers.
    """
    try:
        if deep.is_for_opencv(content):
            return np.asarray(_to_rgb(_deep_colours(content, white_level), white_level))
        return np.asarray(_to_rgb(upright(content), white_level))
    except Exception as error:  # Pillow raises many kinds for broken files
        raise BrokenImageError(f"{name}: {_why(error, content)}") from None


def _why(error: Exception, content: bytes) -> str:
    reason = str(error).replace("\n", " ") or type(error).__name__
    if "cannot identify" not in reason:
        return reason
    if is_heif(content) and not heif():
        return f"it is HEIC inside: {mend('.heic')}"
    return "not an image of a known format" if content else "the file is empty"


def upright(content: bytes) -> Image.Image:
    """Load a whole image, turned as its EXIF says; where it is none, Pillow's errors."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        with Image.open(io.BytesIO(content)) as image:
            # Pillow leaves black what the strips of a TIFF do not reach.
            ends = [box[3] for _, box, *_ in image.tile if box]
            if image.format == "TIFF" and max(ends, default=0) < image.height:
                raise ValueError("its strips end before the image does")
            return ImageOps.exif_transpose(_loaded(image))


def _loaded(image: Image.Image) -> Image.Image:
    """Return the image in memory, at half its size where it is very large."""
    if image.width * image.height <= PIXELS_AT_ONCE:
        return image
    if image.format == "JPEG":
        image.draft(None, (image.width // 2, image.height // 2))
        return image
    half = image.reduce(2) if image.mode != "P" else image.convert("RGBA").reduce(2)
    half.info["exif"] = image.getexif().tobytes()
    return half


def _deep_colours(content: bytes, white_level: float | None) -> Image.Image:
    if not content.startswith((b"II", b"MM")):
        upright(content)  # of a torn PNG, OpenCV gives what there is
    pixels = deep.scaled(deep.by_opencv(content), white_level)
    return deep.turned(Image.fromarray(pixels), content)


def _to_rgb(image: Image.Image, white_level: float | None) -> Image.Image:
    if image.mode.startswith(("I", "F")):  # 16 or 32 bits a pixel
        image = Image.fromarray(deep.scaled(np.asarray(image), white_level))
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image)
    return image.convert("RGB")


def resize(image: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """Resize RGB to the model's input, uint8 ``(size, size, 3)``: bilinear with antialiasing."""
    if image.shape[:2] == (size, size):
        return image
    resized = Image.fromarray(image).resize((size, size), Image.Resampling.BILINEAR)
    return np.asarray(resized)
