"""Bytes of an image file to RGB pixels; every failure is one `BrokenImageError`."""

from __future__ import annotations

import errno
import io
import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from audit.errors import BrokenImageError


def read_regular(file: Path) -> bytes:
    """Content of a file; `OSError` for a folder, device or pipe, which could wait for ever."""
    if file.exists() and not file.is_file():
        raise OSError(errno.EINVAL, "Not a regular file", str(file))
    return file.read_bytes()


def decode(content: bytes, name: str) -> NDArray[np.uint8]:
    """Decode a JPEG, PNG, WebP, BMP, GIF or TIFF file to upright RGB.

    Grey, palette, CMYK and 16-bit images are converted, transparency is laid on white, EXIF
    orientation is honoured, and of an animation the first frame is taken.

    Returns
    -------
    uint8 ``(h, w, 3)``

    Raises
    ------
    BrokenImageError
        The file is torn, empty, of no known format, absurdly large, or holds pixels that are no
        numbers.
    """
    try:
        return np.asarray(_to_rgb(upright(content)))
    except Exception as error:  # Pillow raises many kinds for broken files
        reason = str(error).replace("\n", " ") or type(error).__name__
        if "cannot identify" in reason:
            reason = "not an image of a known format" if content else "the file is empty"
        raise BrokenImageError(f"{name}: {reason}") from None


def upright(content: bytes) -> Image.Image:
    """A whole image, loaded and turned as its EXIF says; where it is none, Pillow's errors."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        with Image.open(io.BytesIO(content)) as image:
            # Pillow leaves black what the strips of a TIFF do not reach.
            ends = [box[3] for _, box, *_ in image.tile if box]
            if image.format == "TIFF" and max(ends, default=0) < image.height:
                raise ValueError("its strips end before the image does")
            return ImageOps.exif_transpose(image)


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith(("I", "F")):  # 16 or 32 bits a pixel
        values = np.asarray(image, dtype=np.float64)
        if not np.isfinite(values).all():
            raise ValueError("it holds pixels that are NaN or infinite")
        sixteen = image.mode.startswith("I;16") or values.max(initial=0) > 255
        scale = 255 / 65535 if sixteen else 1.0
        image = Image.fromarray(np.clip(values * scale, 0, 255).astype(np.uint8))
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
