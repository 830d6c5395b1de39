"""The value that is white in a data set's images of more than 8 bits, found on a sample of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from audit.core.observation import Observation, Strength
from audit.datasets import deep
from audit.datasets.decode import open_regular, read_regular, upright
from audit.datasets.listed import spread

HEADERS, SAMPLE = 512, 32  # files whose header is read, and deep ones whose samples are
# White of floats, and of 8, 10, 12, 14 and 16 bits.
LEVELS = (1.0, 255.0, 1023.0, 4095.0, 16383.0, 65535.0)
_OVERSHOOT = 1.5  # resampling carries floats a little beyond white
_FAR = 0.5  # largest values below this share of white are worth a look
_NEGATIVE = 0.05  # share of the samples below 0 from which they were not stored to be seen
_MAY_BE_DEEP = (".png", ".tif", ".tiff", ".pgm", ".ppm", ".pnm")
_MEND = "give --white-level VALUE"


@dataclass(frozen=True)
class Sampled:
    """Content of one deep file: largest sample, share below 0, whether floats, stated white."""

    top: float
    negative: float
    floats: bool
    stated: float | None


@dataclass(frozen=True)
class Depth:
    """Deep images of a data set.

    Attributes
    ----------
    headers : int
        Files that were looked at; only those that may be deep.
    deep : int
        How many of them hold more than 8 bits.
    sampled : tuple of Sampled
    white : float or None
        The value taken for white; None where no image is deep.
    """

    headers: int
    deep: int
    sampled: tuple[Sampled, ...]
    white: float | None


def measure(files: Sequence[str], white_level: float | None = None) -> Depth:
    """Look at the headers of a sample of ``files``, and into some of those that are deep."""
    likely = [file for file in files if file.lower().endswith(_MAY_BE_DEEP)]
    heads = spread(likely, HEADERS)
    found = [file for file in heads if _is_deep(file)]
    sampled = tuple(one for file in spread(found, SAMPLE) if (one := _sample(file)) is not None)
    white = (white_level or _white(sampled)) if sampled else white_level
    return Depth(len(heads), len(found), sampled, white)


def observe(depth: Depth, given: bool) -> list[Observation]:
    """Observe what the samples hold and which value was taken for white; [] where none is deep."""
    if not depth.sampled or depth.white is None:
        return []
    top = max(one.top for one in depth.sampled)
    words = (
        f"{depth.deep} of {depth.headers} sampled files hold more than 8 bits; the largest value "
        f"in {len(depth.sampled)} of them is {top:.6g}, and {depth.white:.6g} is read as white"
    )
    doubt = _doubt(depth, top)
    if doubt:
        return [_observation(f"{words}, but {doubt[0]}", doubt[1], doubt[2])]
    weak = top < _FAR * depth.white or (given and top > depth.white)
    return [_observation(words, "weak" if weak else "fine", _MEND if weak else "")]


def _doubt(depth: Depth, top: float) -> tuple[str, Strength, str] | None:
    kinds = {one.floats and one.top <= _OVERSHOOT for one in depth.sampled}
    if len(kinds) > 1 and top > _OVERSHOOT:
        return "some hold floats of 0 to 1, others do not", "strong", "store all in one kind"
    negative = np.mean([one.negative for one in depth.sampled])
    if negative > _NEGATIVE:
        what = f"{negative:.0%} of the values lie below 0 and are read as black"
        return what, "strong", "store the images as 0 to 255, or 0 to 65535"
    # 12 bits stored as 16, the usual mix-up, stay below a sixteenth.
    dark = sum(one.top <= depth.white / 15 for one in depth.sampled) if depth.white else 0
    if dark >= max(2, len(depth.sampled) / 4):
        return f"{dark} of them stay below a fifteenth of that", "weak", "store all in one depth"
    return None


def _observation(words: str, strength: Strength, mend: str) -> Observation:
    return Observation("depth", "Depth of the images", words, strength, mend)


def _white(sampled: Sequence[Sampled]) -> float:
    """Return the next level above the largest sample, or what all files state, where they agree."""
    top = max(one.top for one in sampled)
    stated = {one.stated for one in sampled}
    if len(stated) == 1 and (said := next(iter(stated))) is not None and said >= top:
        return said
    slack = _OVERSHOOT if all(one.floats for one in sampled) else 1.0
    return next((level for level in LEVELS if top <= level * slack), top)


def _is_deep(file: str) -> bool:
    try:
        with open_regular(Path(file)) as stream:
            return deep.is_deep(stream)
    except OSError:  # missing: it is listed as such when it is its turn
        return False


def _sample(file: str) -> Sampled | None:
    try:
        content = read_regular(Path(file))
        opencv = deep.is_for_opencv(content)
        found = deep.by_opencv(content) if opencv else np.asarray(upright(content))
        values = found[np.isfinite(found)]
        top, negative = float(values.max()), float(np.mean(values.astype(np.float64) < 0))
        return Sampled(top, negative, found.dtype.kind == "f", deep.stated_white(content))
    except Exception:  # a broken file: it is listed as such when it is its turn
        return None
