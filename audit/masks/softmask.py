"""Soft masks, as learned segmenters give them, and the trimaps that they become."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from audit.core.errors import DataError, first_line
from audit.datasets.dataset import FOREGROUND, UNKNOWN
from audit.datasets.decode import read_regular
from audit.masks.grabcut import bordered

UNSURE = (64, 191)  # levels of 0..255 that are neither: probabilities from a quarter to three

Trimap = NDArray[np.uint8]


def trimap_of(soft: NDArray[np.uint8], size: tuple[int, int]) -> Trimap:
    """Make a trimap of an image of ``size`` (height, width) from its soft mask.

    Parameters
    ----------
    soft : uint8 ``(h, w)``
        Probability of the foreground, 0..255; or two values, 0 and 255, or 0 and 1.

    Returns
    -------
    uint8 ``(h, w)``
        255 foreground, 0 background, 128 unknown: where the probability lies from a quarter to
        three quarters, and along the outline as in GrabCut's masks.

    Raises
    ------
    DataError
        The mask has another size than its image.
    """
    _refuse_other_size(soft.shape, size)
    levels = soft * np.uint8(FOREGROUND) if soft.max(initial=0) == 1 else soft
    trimap = bordered(levels > FOREGROUND // 2)
    trimap[(levels >= UNSURE[0]) & (levels <= UNSURE[1])] = UNKNOWN
    return trimap


def read_soft(file: Path, size: tuple[int, int]) -> NDArray[np.uint8]:
    """Read the soft mask of an image of ``size`` (height, width): a grey PNG of 8 bits or one.

    Raises
    ------
    DataError
        There is none, it is torn, or of another kind or size.
    """
    if not file.is_file():
        raise DataError("it wrote no mask")
    try:
        with Image.open(io.BytesIO(read_regular(file)), formats=("PNG",)) as image:
            _refuse_other_size(image.size[::-1], size)  # before it is unpacked
            if image.mode not in ("L", "1"):
                raise DataError("its mask is not grey, of 8 bits")
            return np.asarray(image.convert("L"))
    except DataError:
        raise
    except Exception as error:  # Pillow raises many kinds for broken files
        why = "no PNG" if "cannot identify" in str(error) else first_line(error)
        raise DataError(f"its mask cannot be read: {why}") from None


def _refuse_other_size(own: tuple[int, ...], size: tuple[int, int]) -> None:
    if own != size:
        shown = " x ".join(map(str, own[::-1]))
        raise DataError(f"its mask is {shown}, but the image {size[1]} x {size[0]}")
