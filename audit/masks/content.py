"""Signs that an image is a mask: a few flat levels, where a photograph has many."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from audit.datasets import deep
from audit.datasets.decode import PIXELS_AT_ONCE, open_regular
from audit.datasets.listed import spread

SAMPLE = 128  # photographs that are looked at
SUSPECT, SURE = 0.02, 0.2  # shares of them that look like masks: worth a look; beyond doubt
DRAWN = 0.95  # from where on there is nothing else that they could be masks of
_FEW = 16  # files of one rule that are looked at
_MOST_BYTES = 300_000_000  # of the files looked at: a few seconds of reading
_SIDE = 256  # an image is looked at on a grid of at most so many pixels a side
_FLAT = 8  # levels or colours that a mask has at most; digits of 8 x 8 pixels have more
_NEAR = 8  # grey levels around the two most frequent ones: what JPEG and resizing leave
_WITHIN, _LEAST_NEAR_RARER = 0.95, 0.01  # share of the pixels near the two; and near the rarer one


def looks_like_mask(image: NDArray[np.generic]) -> bool:
    """Tell a mask from a photograph by its levels.

    Parameters
    ----------
    image : ``(h, w)`` or ``(h, w, channels)``, any number type

    Returns
    -------
    bool
        True for 2 to 8 levels or colours, or for grey of which nearly all lies near two levels,
        as a mask stored as JPEG. False for one level, which says nothing, and tiny images.
    """
    step = max(1, -(-max(image.shape[:2]) // _SIDE))
    small = image[::step, ::step].reshape(-1, *image.shape[2:3])
    rows = small[:, None] if small.ndim == 1 else small
    levels = len(np.unique(_packed(rows)))
    if levels <= _FLAT:
        return 1 < levels <= len(rows) / 8
    return image.dtype == np.uint8 and _two_greys(rows.astype(np.int16))


def _packed(rows: NDArray[np.generic]) -> NDArray[np.generic]:
    """Return one number a pixel; of colours in floats or over 16 bits, the first channel alone."""
    if rows.dtype not in (np.uint8, np.uint16):
        return rows[:, 0]
    packed = rows[:, 0].astype(np.uint64)
    for channel in rows.T[1:]:
        packed = (packed << np.uint64(16)) | channel
    return packed


def _two_greys(rows: NDArray[np.int16]) -> bool:
    if np.ptp(rows, axis=1).max() > 2 * _NEAR:
        return False
    counts = np.bincount(rows[:, 0], minlength=256)
    far = np.abs(np.arange(256) - counts.argmax()) > 3 * _NEAR
    first = counts[np.abs(np.arange(256) - counts.argmax()) <= _NEAR].sum() / len(rows)
    top = np.where(far, counts, -1).argmax()
    second = counts[np.abs(np.arange(256) - top) <= _NEAR].sum() / len(rows)
    return bool(first + second >= _WITHIN and second >= _LEAST_NEAR_RARER)


def file_looks_like_mask(file: str | Path) -> bool:
    """Apply `looks_like_mask` to a file, JPEG at a fraction of its size; False where unreadable."""
    try:
        with open_regular(Path(file)) as stream:
            samples = _cut_by_pillow(stream)
            if samples is None:
                samples = _small(stream)
            return samples is not None and looks_like_mask(samples)
    except Exception:  # Pillow raises many kinds for broken files
        return False


def _cut_by_pillow(stream: BinaryIO) -> deep.Samples | None:
    """Read samples of over 8 bits that Pillow would cut: 12 bits in 16 come out nearly black."""
    if not deep.is_deep(stream):
        return None
    stream.seek(0)
    content = stream.read()
    return deep.by_opencv(content) if deep.is_for_opencv(content) else None


def _small(stream: BinaryIO) -> NDArray[np.generic] | None:
    """Return what Pillow reads; None of what is too large and can only be read whole."""
    stream.seek(0)
    with Image.open(stream) as image:
        if image.width * image.height > PIXELS_AT_ONCE and image.format != "JPEG":
            return None
        image.draft(None, (_SIDE, _SIDE))
        numbers = image.mode in ("L", "1") or image.mode.startswith(("I", "F"))
        return np.asarray(image if numbers else image.convert("RGB"))


def share_like_masks(files: Sequence[str | Path], count: int = SAMPLE) -> tuple[float, int]:
    """Return the share of a sample of files that look like masks, and how many were looked at.

    At most ``count``, evenly spaced, and no more than there are 300 MB of, so that it takes
    seconds.
    """
    looked, alike, spent = 0, 0, 0
    for file in spread(files, count):
        if spent > _MOST_BYTES:
            break
        looked, alike = looked + 1, alike + file_looks_like_mask(file)
        spent += os.path.getsize(file) if os.path.isfile(file) else 0  # noqa: PTH113, PTH202
    return (alike / looked if looked else 0.0), looked


def mostly_like_masks(files: Sequence[str | Path]) -> bool:
    """Return whether most of a small sample of files look like masks."""
    return bool(files) and share_like_masks(files, _FEW)[0] > 0.5
