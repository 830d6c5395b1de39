"""Samples of more than 8 bits, as a file stores them.

Pillow reads one channel of 16 or 32 bits whole, but keeps only the high byte of colours, so that
12 bits in 16 come out nearly black: OpenCV reads those.
"""

from __future__ import annotations

import io
import warnings
from typing import Any, BinaryIO

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, TiffImagePlugin

Samples = NDArray[np.generic]
_PNG, _TIFFS = b"\x89PNG\r\n\x1a\n", (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_COLOURS = (2, 4, 6)  # PNG: colours, grey with transparency, colours with transparency
_BITS, _CHANNELS, _PLANES, _TURNED, _HIGHEST = 258, 277, 284, 274, 281  # tags of TIFF
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def is_deep(stream: BinaryIO) -> bool:
    """Return whether the file in ``stream`` has samples of more than 8 bits, by its header."""
    head = stream.read(32)
    if head.startswith(_PNG):
        return head[24:25] == b"\x10"  # IHDR's bit depth: 16
    stream.seek(0)
    if head.startswith(_TIFFS):
        return _bits(_tags_in(stream)) > 8
    return head[:2] in (b"P5", b"P6") and _opens_deep(stream)


def is_for_opencv(content: bytes) -> bool:
    """Return whether a file holds deep samples that Pillow would cut or refuse."""
    if content.startswith(_PNG):
        return content[24:25] == b"\x10" and content[25] in _COLOURS
    if not content.startswith(_TIFFS):
        return False
    tags = _tags(content)
    return _bits(tags) > 32 or (_bits(tags) > 8 and tags.get(_CHANNELS, 1) > 1)


def by_opencv(content: bytes) -> Samples:
    """Return samples as stored, ``(h, w)`` or RGB(A) ``(h, w, 3 or 4)``; TIFFs are upright.

    Raises
    ------
    ValueError
        They are of a kind that OpenCV does not read either.
    """
    if content.startswith(_TIFFS) and _tags(content).get(_PLANES, 1) != 1:
        raise ValueError("its colours lie in planes: store them pixel by pixel")
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)  # it prints for torn files
    found = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    if found is None:
        raise ValueError(
            "its samples are torn, or of a kind that is not read: store them in 16 bits"
        )
    if found.ndim == 2:
        return found
    return found[..., [2, 1, 0, 3][: found.shape[2]]]


def turned(image: Image.Image, content: bytes) -> Image.Image:
    """Turn an image that OpenCV has read as its file's EXIF says; OpenCV does so for TIFF alone."""
    if content.startswith(_TIFFS):
        return image
    with Image.open(io.BytesIO(content)) as stored:
        turn = _TURNS.get(stored.getexif().get(_TURNED, 1))
    return image if turn is None else image.transpose(turn)


def stated_white(content: bytes) -> float | None:
    """Return the value that is white as the file itself states it; None where it does not.

    TIFF: MaxSampleValue. PNG: the bits that sBIT calls significant. PGM and PPM: Pillow has
    stretched them to 16 bits.
    """
    if content.startswith(_TIFFS):
        highest = _tags(content).get(_HIGHEST)
        return float(max(highest)) if isinstance(highest, tuple) else None
    if content.startswith(_PNG):
        head = content[: content.find(b"IDAT")]
        at = head.find(b"sBIT")
        length = int.from_bytes(head[at - 4 : at], "big") if at > 0 else 0
        bits = max(head[at + 4 : at + 4 + length], default=0)
        return float(2**bits - 1) if 8 < bits < 16 else None
    return 65535.0


def scaled(samples: Samples, white: float | None) -> NDArray[np.uint8]:
    """Bring samples to 0..255; ``white`` None takes the full range of what they are stored in.

    Raises
    ------
    ValueError
        Samples that are NaN or infinite.
    """
    values = samples.astype(np.float64)
    if not np.isfinite(values).all():
        raise ValueError("it holds pixels that are NaN or infinite")
    if white is None:
        white = _full_range(samples)
    # Eight bits stored as floats, k / 255, end a little below k.
    return np.clip(np.floor(values * (255 / white) + 1e-3), 0, 255).astype(np.uint8)


def _full_range(samples: Samples) -> float:
    top = float(samples.max(initial=0))
    if samples.dtype == np.uint16 or top > 255:
        return 65535.0
    return 1.0 if samples.dtype.kind == "f" and top <= 1 else 255.0


def _tags(content: bytes) -> dict[int, Any]:
    return _tags_in(io.BytesIO(content))


def _tags_in(stream: BinaryIO) -> dict[int, Any]:
    """Return the tags of a TIFF file's first image; none where it is torn."""
    head = stream.read(8)
    head += stream.read(8) if b"+" in head[2:4] else b""
    try:
        found = TiffImagePlugin.ImageFileDirectory_v2(head)
        stream.seek(found.next)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of torn tags: what reads the pixels says so
            found.load(stream)
            return dict(found)
    except Exception:  # Pillow raises many kinds for broken files
        return {}


def _bits(tags: dict[int, Any]) -> int:
    stored = tags.get(_BITS, (1,))
    return max(stored) if isinstance(stored, tuple) and stored else 1


def _opens_deep(stream: BinaryIO) -> bool:
    try:
        with Image.open(stream) as image:
            return image.mode == "I"
    except Exception:  # Pillow raises many kinds for broken files
        return False
