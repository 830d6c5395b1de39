"""Cues: numbers that describe an image without its foreground."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from audit.datasets.dataset import BACKGROUND
from audit.datasets.decode import open_regular

RING = 8  # pixels of the border, at the image's own scale
CELLS = 8  # along each side of it
RADII = (1, 2, 4)  # pixels, of local binary patterns
_PATTERNS = 10  # rotation-invariant uniform ones of eight neighbours, and all others
_EXIF = {"make": 0x010F, "model": 0x0110, "software": 0x0131}
Pixels = NDArray[np.uint8]
Region = NDArray[np.bool_]
Vector = NDArray[np.float32]


class Cue(NamedTuple):
    """A kind of description.

    Attributes
    ----------
    words : str
        What it holds, after "by".
    learner : str
        What is taught to name the class by it: a forest where few numbers mean something each, a
        linear rule for the model's many features, as its own head is one.
    """

    key: str
    title: str
    words: str
    learner: Literal["forest", "linear"]


BORDER = Cue("border", "Border pixels", "the pixels along the border", "forest")
COLOUR = Cue("colour", "Colours of the background", "the colours of the background", "forest")
TEXTURE = Cue("texture", "Texture of the background", "the texture of the background", "forest")
FEATURES = Cue("features", "The model’s own features", "the model’s own features", "linear")
METADATA = Cue("metadata", "The file", "size and format of the file", "forest")
CUES = (BORDER, COLOUR, TEXTURE, FEATURES, METADATA)


def border(image: Pixels, trimap: Pixels | None) -> Vector | None:
    """Return the mean colours of cells along the border, foreground left out.

    Parameters
    ----------
    image : uint8 ``(h, w, 3)``
    trimap : uint8 ``(h, w)``, optional
        255 foreground, 0 background, 128 unknown. Without one the whole border is taken.

    Returns
    -------
    float32 ``(4 * CELLS * 3,)``
        Top, bottom, left, right, 0..255; where the foreground hides a cell, the mean of those
        that are seen. None where it hides all.
    """
    seen = np.ones(image.shape[:2], bool) if trimap is None else trimap == BACKGROUND
    width = max(1, min(RING, *(side // 4 for side in seen.shape)))
    first, last = slice(width), slice(-width, None)
    whole = slice(None)
    sides = ((first, whole), (last, whole), (whole, first), (whole, last))
    cells = np.concatenate([_cells(image[side], seen[side]) for side in sides])
    colours, weights = cells[:, :3], cells[:, 3:]
    if weights.sum() <= 0:
        return None
    mean = colours.sum(axis=0) / weights.sum()
    known = np.where(weights > 0, colours / np.maximum(weights, 1e-6), mean)
    return known.astype(np.float32).ravel()


def _cells(strip: Pixels, seen: Region) -> Vector:
    """Return each cell's mean colour times the share that is seen, and that share, ``(n, 4)``."""
    across = strip.shape[1] > strip.shape[0]
    weighted = np.dstack([strip * seen[..., None], seen]).astype(np.float32)
    shape = (CELLS, 1) if across else (1, CELLS)
    return np.asarray(cv2.resize(weighted, shape, interpolation=cv2.INTER_AREA)).reshape(-1, 4)


def colour(image: Pixels, off: Region) -> Vector:
    """Return mean, spread and skewness of the background's channels (Stricker and Orengo 1995).

    Parameters
    ----------
    off : bool ``(h, w)``
        The background: at least one pixel.

    Returns
    -------
    float32 ``(9,)``
        In CIELAB, the cube root of the third central moment for skewness.
    """
    pixels = cv2.cvtColor(image, cv2.COLOR_RGB2LAB)[off].astype(np.float32)
    mean = pixels.mean(axis=0)
    apart = pixels - mean
    squared = apart * apart
    third = (squared * apart).mean(axis=0)  # a power of 3 takes ten times as long
    moments = [mean, np.sqrt(squared.mean(axis=0)), np.cbrt(third)]
    return np.concatenate(moments).astype(np.float32)


def texture(image: Pixels, off: Region) -> Vector | None:
    """Return how often each local binary pattern comes in the background (Ojala et al. 2002).

    Only pixels count all of whose neighbours are background, so the foreground's outline is no
    pattern.

    Returns
    -------
    float32 ``(len(RADII) * 10,)``
        Shares, adding up to 1 for each radius; None where the background is too thin for one.
    """
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    found = []
    for radius in RADII:
        square = np.ones((2 * radius + 1, 2 * radius + 1), np.uint8)
        inside = cv2.erode(off.astype(np.uint8), square)[radius:-radius, radius:-radius] > 0
        if not inside.any():
            return None
        counts = np.bincount(_patterns(grey, radius)[inside], minlength=_PATTERNS)
        found.append(counts / counts.sum())
    return np.concatenate(found).astype(np.float32)


def _numbered() -> NDArray[np.uint8]:
    """Return the number of each of 256 patterns: bits that are set; 9 where they alternate."""
    bits = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1)
    changes = (bits != np.roll(bits, 1, axis=1)).sum(axis=1)
    return np.where(changes <= 2, bits.sum(axis=1), _PATTERNS - 1).astype(np.uint8)


_NUMBERS = _numbered()


def _patterns(grey: Pixels, radius: int) -> Pixels:
    """Return the number of the pattern of every pixel that has neighbours on all sides."""
    height, width = (side - 2 * radius for side in grey.shape)
    r, centre = radius, grey[radius:-radius, radius:-radius]
    around = (
        (0, 0),
        (0, r),
        (0, 2 * r),
        (r, 2 * r),
        (2 * r, 2 * r),
        (2 * r, r),
        (2 * r, 0),
        (r, 0),
    )
    bits = [grey[y : y + height, x : x + width] >= centre for y, x in around]
    return _NUMBERS[np.packbits(bits, axis=0)[0]]


@dataclass(frozen=True)
class Metadata:
    """What a file says besides its pixels.

    Attributes
    ----------
    width, height : int
        Of the upright image.
    bytes : int
        Size of the file; 0 where there is none.
    words : tuple of str
        Format, mode, and the camera's make, model and software as EXIF has them; "" where there
        is none.
    """

    width: int
    height: int
    bytes: int = 0
    words: tuple[str, ...] = ("",) * 5


def metadata(image: Pixels, file: Path | None) -> Metadata:
    """Read an image's metadata; what its file does not tell stays empty."""
    height, width = image.shape[:2]
    if file is None:
        return Metadata(width, height)
    try:
        with open_regular(file) as stream, Image.open(stream) as opened:
            exif = opened.getexif()
            told = [str(exif.get(tag, "")).strip("\0 ") for tag in _EXIF.values()]
            words = (str(opened.format), opened.mode, *told)
        return Metadata(width, height, file.stat().st_size, words)
    except Exception:  # Pillow raises many kinds; the pixels were read by other means
        return Metadata(width, height)


def as_numbers(found: list[Metadata]) -> NDArray[np.float32]:
    """Return metadata as a table ``(n, 9)``, each word by its place among all of them."""
    sizes = [[m.width, m.height, m.width / m.height, m.bytes] for m in found]
    words = np.array([m.words for m in found])
    codes = [np.unique(column, return_inverse=True)[1].ravel() for column in words.T]
    return np.column_stack([np.array(sizes, np.float32), *codes]).astype(np.float32)
