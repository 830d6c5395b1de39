"""In which order a data set's classes are a model's outputs."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from audit.data.filenames import composed
from audit.errors import DataError, first_line

_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")
_WHOLE = re.compile(r"([+-]?\d+)\.0+")
_HALF_LETTER = re.compile(r"[\ud800-\udfff]")  # JSON can write half of a pair; no file can


@dataclass(frozen=True)
class Names:
    """Names of classes, and what is known of their order.

    Attributes
    ----------
    listed : tuple of str
        As they were first seen, each once.
    spelled : Mapping of str
        How the disk spells a name, where that is another way: Keras sorts by that.
    table : bool
        They stand in a manifest, not on folders.
    """

    listed: tuple[str, ...]
    spelled: Mapping[str, str]
    table: bool = False


def arrange(names: Names, order: str | Sequence[str]) -> tuple[tuple[str, ...], str]:
    """Put classes in the order of a model's outputs.

    Parameters
    ----------
    order : str or sequence of str
        ``text``; ``number``; ``auto``: text, but number for a manifest whose labels all are; the
        path of a file (see `read_order`); or the names themselves.

    Returns
    -------
    classes, used : tuple of str, str
        Names without images here, which a file may hold, stay. ``used`` says which order that is.

    Raises
    ------
    DataError
        A label is no number, or not among the names given; the file cannot be read.
    """
    if not isinstance(order, str):
        return _named(names.listed, tuple(map(composed, order)), "the names given"), "names given"
    if order == "auto":
        order = "number" if names.table and all(map(_is_number, names.listed)) else "text"
    if order == "text":
        return _by_text(names), "text"
    if order == "number":
        return _by_number(names.listed), "number"
    known = read_order(Path(order), names.listed)
    return _named(names.listed, known, f"--class-order {order}"), f"file {order}"


def others(names: Names, used: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Other orders that the same names may well have, by what they are called."""
    own = tuple(sorted(used))
    found = {
        "text": tuple(sorted(own)),
        "case-insensitive text": tuple(sorted(own, key=str.casefold)),
        "text with its numbers by value": tuple(sorted(own, key=_by_parts)),
        "as listed in the manifest" if names.table else "as listed": names.listed,
    }
    if all(map(_is_number, own)):
        found = {"number": _by_number(own)} | found
    if len(own) == 2:
        found["reversed"] = tuple(used)[::-1]
    kept: dict[str, tuple[str, ...]] = {}
    for key, order in found.items():
        new = order != tuple(used) and order not in kept.values()
        if new and sorted(order) == list(own):
            kept[key] = order
    return kept


def whole_numbers(labels: Collection[str]) -> dict[str, str]:
    """Labels that a table has turned into floats, as the whole numbers they are.

    Returns
    -------
    dict of str
        ``{"10.0": "10"}``; empty where any label is no number.
    """
    if not all(map(_is_number, labels)):
        return {}
    return {label: found[1] for label in labels if (found := _WHOLE.fullmatch(label))}


def read_order(file: Path, labels: Collection[str] = ()) -> tuple[str, ...]:
    """Read classes from a file, in the order of a model's outputs.

    One a line; or numbered lines, ``0 Cat``, as Teachable Machine writes them; or JSON: a list,
    ``{"0": "cat"}`` or ``{"cat": 0}``.

    Parameters
    ----------
    labels : collection of str
        Names that the data has: where they are numbered themselves, lines stay as they are.

    Raises
    ------
    DataError
        The file is missing, empty, not UTF-8, or names a class twice.
    """
    text = _text(file)
    begins = text.lstrip()[:1]
    found = _from_json(file, text) if begins in ("[", "{") else _from_lines(text, labels)
    names = tuple(map(composed, found))
    if not names:
        raise DataError(f"--class-order {file} names no class: write one a line.")
    twice = next((name for name, count in Counter(names).items() if count > 1), None)
    if twice is not None:
        raise DataError(f"--class-order {file} names {twice!r} twice: write each class once.")
    return names


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise DataError(f"--class-order {file} is not UTF-8: save it as such.") from None
    except (OSError, ValueError) as error:  # ValueError: a null byte in the path
        raise DataError(
            f"--class-order {file} cannot be read ({_reason(error)}): give text, number, or a "
            "file with one class a line."
        ) from None


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or first_line(error)


def _from_lines(text: str, labels: Collection[str]) -> list[str]:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if labels and set(labels) <= set(map(composed, lines)):
        return lines
    parts = [line.split(maxsplit=1) for line in lines]
    numbered = all(len(p) == 2 and p[0].rstrip(":,.") == str(k) for k, p in enumerate(parts))
    return [part[1] for part in parts] if numbered else lines


def _from_json(file: Path, text: str) -> list[str]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise DataError(f"--class-order {file} is no whole JSON: write it anew.") from None
    names = found if isinstance(found, list) else _by_place(found)
    if names is None or not all(map(_is_name, names)):
        raise DataError(
            f"--class-order {file} is JSON of another kind: write a list of names, "
            '{"0": "cat"} or {"cat": 0}, with every number from 0.'
        )
    return names


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and not _HALF_LETTER.search(value)


def _by_place(found: Mapping[str, Any]) -> list[Any] | None:
    """Names by their numbers, whichever of both is the key; None where numbers are missing."""
    if all(isinstance(place, int) for place in found.values()):
        pairs = {int(place): name for name, place in found.items()}
    elif all(key.isdecimal() for key in found):
        pairs = {int(key): name for key, name in found.items()}
    else:
        return None
    every = len(pairs) == len(found) and sorted(pairs) == list(range(len(pairs)))
    return [pairs[k] for k in range(len(pairs))] if every else None


def _named(listed: Sequence[str], known: tuple[str, ...], source: str) -> tuple[str, ...]:
    missing = next((label for label in listed if label not in set(known)), None)
    if missing is None:
        return known
    near = next((name for name in known if name.casefold() == missing.casefold()), known[0])
    raise DataError(
        f"{source} lacks the class {missing!r}, which the images have (it names "
        f"{len(known)}, {near!r} among them): write it as the folders and labels are written."
    )


def _by_text(names: Names) -> tuple[str, ...]:
    """By code point, as Keras and torchvision sort the folders that they find on the disk."""
    return tuple(sorted(names.listed, key=lambda n: (os.fsencode(names.spelled.get(n, n)), n)))


def _by_number(names: Collection[str]) -> tuple[str, ...]:
    odd = next((name for name in names if not _is_number(name)), None)
    if odd is not None:
        raise DataError(f"The class {odd!r} is no number: give --class-order text, or a file.")
    return tuple(sorted(names, key=lambda name: (float(name), name)))


def _by_parts(name: str) -> list[tuple[int, str]]:
    """Sorts class2 before class10."""
    parts = re.split(r"(\d+)", name)
    return [(int(p), "") if k % 2 and len(p) < 300 else (-1, p) for k, p in enumerate(parts)]


def _is_number(name: str) -> bool:
    return bool(_NUMBER.fullmatch(name)) and len(name) < 300
