"""Meaning of the values of masks: decided on all masks of a source, not file by file.

A file alone may be ambiguous: 255 is the subject in one data set and no man's land in another.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from audit.core.errors import DataError
from audit.datasets.dataset import BACKGROUND, FOREGROUND, UNKNOWN
from audit.masks.pixels import MEND, TOLERANCE, Codes, Kind, Pixels, colour, read_pixels
from audit.masks.stated import NOTHING_SAID, Stated

VOID, WHITE = 0xE0E0C0, 0xFFFFFF  # Pascal VOC draws the border of its objects in the first
MOST = 64  # things of different numbers in a mask; more are shades
ONES = 0.8  # share of masks of 0 and 1 beyond which other values are errors
BLUR = 32  # grey levels that JPEG moves a pixel by, near an outline
BLURRED = 0.1  # share of pixels moved by more, beyond which it is no mask
_SHOWN = 12
# For each of 0..255 the nearest level, and how far that is.
_LEVELS = np.array([BACKGROUND, UNKNOWN, FOREGROUND])
_NEAREST = _LEVELS[np.abs(np.arange(256)[:, None] - _LEVELS).argmin(axis=1)].astype(np.uint8)
_AWAY = np.abs(np.arange(256) - _NEAREST)
_PETS = {1: FOREGROUND, 2: BACKGROUND, 3: UNKNOWN}

Trimap = NDArray[np.uint8]
Look = Literal["empty", "levels", "ones", "indices", "colours", "odd"]
Style = Literal["levels", "indices", "votes", "pets", "colours", "unclear"]


@dataclass(frozen=True)
class Seen:
    """Values of one mask.

    Attributes
    ----------
    counts : dict of int to int
        Pixels by value.
    edge : int
        The commonest value on the outermost pixels.
    """

    kind: Kind
    counts: dict[int, int]
    edge: int


@dataclass(frozen=True)
class Convention:
    """Meaning of each value of a source's masks.

    Attributes
    ----------
    style : str
        ``levels``: 0, 128, 255. ``indices``: all but 0 is the subject. ``votes``: even shares of
        255, from half on the subject, unknown below. ``pets``: 1, 2, 3 are
        subject, background, unknown. ``colours``: all but one colour. ``unclear``: none of them.
    void : bool
        Of indices: 255 is unknown.
    most : int
        Of indices: the highest that numbers a thing. Where nearly all masks are of 0 and 1, what is
        higher is an error.
    background : int
        Of colours: the code of the background.
    values : tuple of int
        All that were seen, ascending.
    looked : int
        Masks that this rests on.
    doubts : tuple of str
        What is ambiguous, in words.
    """

    style: Style
    void: bool = False
    most: int = 65535
    background: int = 0
    values: tuple[int, ...] = ()
    looked: int = 0
    doubts: tuple[str, ...] = ()
    stated: Stated = NOTHING_SAID

    @property
    def token(self) -> str:
        """Name of what is read otherwise than 0/128/255 and 0/1, for fingerprints; else ""."""
        plain = self.style == "levels" or set(self.values) <= {0, 1}
        if plain and self.stated == NOTHING_SAID:
            return ""
        said = [sorted(s) if s is not None else "auto" for s in vars(self.stated).values()]
        return f"{self.style}{'+void' * self.void}{self.background or ''}{said}"


def look(pixels: Pixels) -> Seen:
    """Count the values of a mask."""
    codes = pixels.codes
    edge = np.concatenate([codes[0], codes[-1], codes[:, 0], codes[:, -1]])
    return Seen(pixels.kind, _counts(codes), max(_counts(edge).items(), key=lambda c: c[1])[0])


def read_mask(file: Path) -> Trimap:
    """Read one mask, with no other to compare it with.

    Returns
    -------
    uint8 ``(h, w)``
        255 foreground, 0 background, 128 unknown.

    Raises
    ------
    DataError
        The file cannot be read, or its values are ambiguous.
    """
    pixels = read_pixels(file)
    return to_trimap(pixels, decide([look(pixels)]), file)


def decide(masks: Sequence[Seen], said: Stated = NOTHING_SAID) -> Convention:
    """Say what the values of a source's masks mean, by those of a sample.

    What the user ``said`` of unknown values is left out before, so that the rest may be plain.
    """
    known = [_without(seen, said.unknown or ()) for seen in masks]
    looks = [appearance(seen) for seen in known]
    count = Counter(looks)
    indexed, levels = count["ones"] + count["indices"], count["levels"]
    if count["colours"] > indexed + levels:
        found = _colours(known)
    elif indexed > max(levels, count["odd"]):  # blurred outlines of small things look like numbers
        found = _indices(known, looks)
    else:
        found = _graded(known, looks)
    values = tuple(sorted({value for seen in masks for value in seen.counts}))
    doubts = () if said.subject else (*found.doubts, *_outweighed(known, found))
    return replace(found, values=values, looked=len(masks), stated=said, doubts=doubts)


def appearance(seen: Seen) -> Look:
    """Return what the values of one mask look like by themselves."""
    if seen.kind == "colour":
        return "colours" if len(seen.counts) <= MOST else "odd"
    if seen.kind != "grey":
        return "levels"
    if set(seen.counts) <= {0, 1}:
        return "ones" if 1 in seen.counts else "empty"
    if _graded_alone(seen.counts):
        return "levels"
    return "indices" if _numbered(seen.counts) else "odd"


def to_trimap(pixels: Pixels, convention: Convention, file: Path) -> Trimap:
    """Give a mask's pixels their meaning.

    Returns
    -------
    uint8 ``(h, w)``
        255 foreground, 0 background, 128 unknown.

    Raises
    ------
    DataError
        It holds values that mean nothing under this convention; the message names ``file``.
    """
    said = convention.stated
    if said.subject is not None:
        return _as_stated(pixels, convention, file)
    hidden = np.isin(pixels.codes, list(said.unknown or ()))
    seen = _without(look(pixels), said.unknown or ())
    trimap, odd = _meaning(pixels, seen, convention, file)
    if (odd & ~hidden).any():
        raise DataError(_complaint(pixels.codes[odd & ~hidden], convention, file))
    return np.where(hidden, UNKNOWN, trimap).astype(np.uint8)


def shown_values(values: Collection[int], style: str = "") -> str:
    """Return values in a row, the middle left out of many; colours as ``#rrggbb``."""
    words = [f"#{v:06x}" if style == "colours" else str(v) for v in sorted(values)]
    if len(words) > _SHOWN:
        words = [*words[: _SHOWN - 2], "...", words[-1]]
    return ", ".join(words)


def _counts(codes: Codes) -> dict[int, int]:
    if codes.max(initial=0) > 65535:  # colours: bincount would take 16 million counters a mask
        values, times = np.unique(codes, return_counts=True)
    else:
        every = np.bincount(codes.ravel())
        values = np.flatnonzero(every)
        times = every[values]
    return dict(zip(values.tolist(), times.tolist(), strict=True))


def _without(seen: Seen, values: Collection[int]) -> Seen:
    counts = {value: n for value, n in seen.counts.items() if value not in values}
    return Seen(seen.kind, counts, seen.edge)


def _near_levels(values: Collection[int]) -> bool:
    return all(value <= 255 and _AWAY[value] <= TOLERANCE for value in values)


def _graded_alone(counts: dict[int, int]) -> bool:
    """Return whether values are 0, 128 and 255 with a little noise, and no numbers of things."""
    if not _near_levels(counts) or max(counts) <= TOLERANCE:
        return False
    small = sum(n for value, n in counts.items() if 0 < value <= TOLERANCE)
    exact = set(counts) <= {*range(TOLERANCE + 1), FOREGROUND}  # noise would be above, too
    return not (exact and 10 * small >= counts.get(FOREGROUND, 0))


def _numbered(counts: dict[int, int]) -> bool:
    """Return whether values number things (255 perhaps unknown): few, no mere blurred outline."""
    things = {value: n for value, n in counts.items() if value not in (BACKGROUND, FOREGROUND)}
    small = max(things, default=0) <= TOLERANCE
    outweigh = sum(things.values()) > counts.get(FOREGROUND, 0)
    noise = any(FOREGROUND - TOLERANCE <= value < FOREGROUND for value in things)
    return len(things) <= MOST and (small or outweigh) and not noise


def _graded(masks: Sequence[Seen], looks: Sequence[Look]) -> Convention:
    graded = [m for m, look in zip(masks, looks, strict=True) if look == "levels"]
    exact = [max(m.counts) for m in graded if m.kind == "grey"]
    highest = max(exact, default=FOREGROUND)
    alike = len(exact) == len(masks) - looks.count("empty")
    if alike and highest < FOREGROUND - TOLERANCE:
        doubt = f"no mask holds 255, so {highest} is taken for the subject"
        return Convention("indices", doubts=(doubt,))
    ones = looks.count("ones")
    mixed = f"{ones} of {len(masks)} masks hold 0 and 1, the others 0 and 255: each is read alone"
    return Convention("levels", doubts=(mixed,) if ones and graded else ())


def _indices(masks: Sequence[Seen], looks: Sequence[Look]) -> Convention:
    graded = ("levels", "empty", "colours")
    numbered = [m for m, look in zip(masks, looks, strict=True) if look not in graded]
    numbered = [m for m in numbered if len(m.counts) <= MOST]
    values = {value for seen in masks for value in seen.counts if seen.kind == "grey"}
    if 0 not in values and values != {1}:
        return Convention("pets" if values == {1, 2, 3} else "unclear")
    if _even_shares(values - {0}):
        doubt = "taken for shares of 255, as of votes"
        return Convention("votes", doubts=(doubt,))
    void = any(FOREGROUND in seen.counts for seen in numbered)
    doubts = []
    several = sum(len(set(seen.counts) - {0, FOREGROUND}) > 1 for seen in numbered)
    if several:
        held = f"{several} of {len(masks)} masks hold several numbers"
        doubts.append(f"{held}, all taken for the subject")
    levels = looks.count("levels")
    if levels and not void:
        doubts.append(f"{levels} of {len(masks)} masks hold 0 and 255: each is read alone")
    few = looks.count("ones") >= ONES * len(masks)
    return Convention("indices", void=void, most=TOLERANCE if few else 65535, doubts=tuple(doubts))


def _even_shares(values: Collection[int]) -> bool:
    """Return whether values are 255 and thirds to tenths of it, as where annotators vote."""
    # Halves are left out: 128 of 255 already means unknown.
    shares = ({round(FOREGROUND * i / k) for i in range(1, k + 1)} for k in range(3, 11))
    return len(values) > 2 and FOREGROUND in values and any(set(values) <= s for s in shares)


def _outweighed(masks: Sequence[Seen], found: Convention) -> list[str]:
    """Return doubts where what is left out of most masks has more pixels than the subject."""
    grey = [m.counts for m in masks if m.kind == "grey" and set(m.counts) - {BACKGROUND}]
    doubts = []
    for value, what in _left_out(grey, found):
        subject = (_subject(counts, found) for counts in grey)
        more = sum(counts.get(value, 0) > n for counts, n in zip(grey, subject, strict=True))
        if 2 * more > len(grey):
            doubts.append(f"in {more} of {len(masks)} masks {value}, taken for {what}, covers "
                          "more than the subject")  # fmt: skip
    return doubts


def _left_out(grey: Sequence[dict[int, int]], found: Convention) -> list[tuple[int, str]]:
    """Return the values other than 0 that are not the subject, and what they are taken for."""
    if found.style == "levels":
        small = sorted({v for counts in grey for v in counts if 0 < v <= TOLERANCE})
        return [(UNKNOWN, "unknown"), *((value, "background") for value in small)]
    return [(FOREGROUND, "unknown")] if found.style == "indices" and found.void else []


def _subject(counts: dict[int, int], found: Convention) -> int:
    """Return how many pixels of a mask are the subject's."""
    if found.style == "levels":
        return sum(n for value, n in counts.items() if value >= FOREGROUND - TOLERANCE)
    return sum(n for value, n in counts.items() if value not in (BACKGROUND, FOREGROUND))


def _colours(masks: Sequence[Seen]) -> Convention:
    held = [seen.counts for seen in masks]
    if sum(0 in counts for counts in held) > len(held) / 2:
        several = sum(len(set(counts) - {0, VOID}) > 1 for counts in held)
        doubt = f"{several} of {len(held)} masks hold several colours, all taken for the subject"
        return Convention("colours", doubts=(doubt,) if several else ())
    edges = sum(seen.edge == WHITE for seen in masks)
    # White on nearly every outer edge is a ground; on fewer it may be part of a scene.
    if any(0 in counts for counts in held) or edges <= 0.9 * len(held):
        return Convention("unclear")
    return Convention("colours", background=WHITE, doubts=("white is taken for the background",))


def _meaning(
    pixels: Pixels, seen: Seen, convention: Convention, file: Path
) -> tuple[Trimap, NDArray[np.bool_]]:
    """Return the trimap of a mask, and which of its pixels mean nothing."""
    style = convention.style
    if pixels.kind in ("lossy", "opacity"):
        return _by_level(pixels.codes, lossy=pixels.kind == "lossy")
    if style == "colours":
        return _by_colour(pixels, convention)
    if pixels.kind == "colour":
        raise DataError(f"Mask {file} is in colour: {MEND}.")
    if style in ("pets", "unclear"):
        return _by_pets(pixels.codes, convention)
    if style == "votes":
        return _by_votes(pixels.codes, convention)
    return _by_number(pixels.codes, seen, convention)


def _by_number(
    codes: Codes, seen: Seen, convention: Convention
) -> tuple[Trimap, NDArray[np.bool_]]:
    """Read levels or indices, whichever this one mask holds; if it may be both, as all others."""
    found, highest = appearance(seen), max(seen.counts, default=0)
    graded = found == "levels" and highest >= FOREGROUND - TOLERANCE and not convention.void
    if (convention.style == "indices" and not graded) or found == "ones":
        return _by_index(codes, convention, len(seen.counts))
    trimap, odd = _by_level(codes, lossy=False)
    # What is no noise, for there is none above, may be the subject, and 255 its border.
    return trimap, odd | ((found == "indices") & (codes > 0) & (codes <= TOLERANCE))


def _by_level(codes: Codes, *, lossy: bool) -> tuple[Trimap, NDArray[np.bool_]]:
    narrow = np.minimum(codes, FOREGROUND)
    trimap, away = _NEAREST[narrow], np.where(codes > FOREGROUND, FOREGROUND, _AWAY[narrow])
    if not lossy:
        return trimap, away > TOLERANCE
    moved = away > BLUR
    faint = TOLERANCE >= codes.max(initial=0) > 0  # zeros and ones do not outlive JPEG
    odd = moved & (moved.mean() > BLURRED) | (codes > 0) & faint
    return np.where(moved, UNKNOWN, trimap).astype(np.uint8), odd


def _by_index(
    codes: Codes, convention: Convention, values: int
) -> tuple[Trimap, NDArray[np.bool_]]:
    trimap = np.where(codes > 0, FOREGROUND, BACKGROUND)
    if convention.void:
        trimap = np.where(codes == FOREGROUND, UNKNOWN, trimap)
    shades = values > MOST + 2  # beside 0 and 255
    odd = (codes > convention.most) | shades
    return trimap.astype(np.uint8), (codes > 0) & (codes != FOREGROUND) & odd


def _by_votes(codes: Codes, convention: Convention) -> tuple[Trimap, NDArray[np.bool_]]:
    trimap = np.where(codes > FOREGROUND // 2, FOREGROUND, np.where(codes > 0, UNKNOWN, BACKGROUND))
    return trimap.astype(np.uint8), ~np.isin(codes, list(convention.values))


def _by_pets(codes: Codes, convention: Convention) -> tuple[Trimap, NDArray[np.bool_]]:
    table = np.full(FOREGROUND + 1, BACKGROUND, np.uint8)
    table[list(_PETS)] = list(_PETS.values())
    odd = ~np.isin(codes, list(_PETS)) | (convention.style == "unclear")
    return table[np.minimum(codes, FOREGROUND)], odd


def _by_colour(pixels: Pixels, convention: Convention) -> tuple[Trimap, NDArray[np.bool_]]:
    codes = pixels.codes if pixels.kind == "colour" else pixels.codes * 0x010101
    trimap = np.where(codes == convention.background, BACKGROUND, FOREGROUND)
    trimap = np.where(codes == VOID, UNKNOWN, trimap).astype(np.uint8)
    shades = len(_counts(codes)) > MOST
    return trimap, (trimap == FOREGROUND) & shades


def _as_stated(pixels: Pixels, convention: Convention, file: Path) -> Trimap:
    """Read a mask by the values that the user states; all others are background."""
    if pixels.kind == "colour":
        raise DataError(f"Mask {file} is in colour: --mask-subject states values of grey ones.")
    said, codes = convention.stated, pixels.codes
    subject = said.subject or frozenset()
    if subject <= {*_LEVELS.tolist()} and appearance(look(pixels)) == "levels":
        codes = _by_level(codes, lossy=pixels.kind == "lossy")[0].astype(np.int64)
    unknown = (said.unknown if said.unknown is not None else _unknown(convention)) - subject
    trimap = np.where(np.isin(codes, list(unknown)), UNKNOWN, BACKGROUND)
    return np.where(np.isin(codes, list(subject)), FOREGROUND, trimap).astype(np.uint8)


def _unknown(convention: Convention) -> frozenset[int]:
    """Return the values that mean unknown where nobody says so."""
    if convention.style == "levels":
        return frozenset({UNKNOWN})
    if convention.style == "pets":
        return frozenset({3})
    return frozenset({FOREGROUND}) if convention.void else frozenset()


def _complaint(values: Codes, convention: Convention, file: Path) -> str:
    value = int(values[0])
    if convention.style == "unclear":
        held = shown_values(convention.values)
        return (
            f"Mask {file} holds the value {value}, and none of {held} is plainly the background: "
            "say which are the subject by --mask-subject."
        )
    if convention.style == "colours":
        return f"Mask {file} holds shades of colour {colour(value)}: {MEND}."
    return f"Mask {file} holds the value {value}: {MEND}."
