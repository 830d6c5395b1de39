"""Orders in which a data set's classes are a model's outputs."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from audit.core.errors import DataError
from audit.datasets.filenames import composed
from audit.datasets.namefiles import read_names

_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")
_WHOLE = re.compile(r"([+-]?\d+)\.0+")


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
        path of a file (see `read_names`); or the names themselves.

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
    known = read_names(Path(order), names.listed)
    return _named(names.listed, known, f"--class-order {order}"), f"file {order}"


def others(names: Names, used: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return other orders that the same names may well have, by what they are called."""
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
    """Return labels that a table has turned into floats, as the whole numbers they are.

    Returns
    -------
    dict of str
        ``{"10.0": "10"}``; empty where any label is no number.
    """
    if not all(map(_is_number, labels)):
        return {}
    return {label: found[1] for label in labels if (found := _WHOLE.fullmatch(label))}


def _named(listed: Sequence[str], known: tuple[str, ...], source: str) -> tuple[str, ...]:
    missing = next((label for label in listed if label not in set(known)), None)
    if missing is None:
        return known
    near = next((name for name in known if name.casefold() == missing.casefold()), known[0])
    raise DataError(
        f"{source} lacks the class {missing!r}, which the images have (it names "
        f"{len(known)}, among them {near!r}): write it as the folders and labels are written."
    )


def _by_text(names: Names) -> tuple[str, ...]:
    """Sort by code point, as Keras and torchvision sort the folders that they find on the disk."""
    return tuple(sorted(names.listed, key=lambda n: (os.fsencode(names.spelled.get(n, n)), n)))


def _by_number(names: Collection[str]) -> tuple[str, ...]:
    odd = next((name for name in names if not _is_number(name)), None)
    if odd is not None:
        raise DataError(f"The class {odd!r} is no number: give --class-order text, or a file.")
    return tuple(sorted(names, key=lambda name: (float(name), name)))


def _by_parts(name: str) -> list[tuple[int, str]]:
    """Return a key that sorts class2 before class10."""
    parts = re.split(r"(\d+)", name)
    # Python's int() refuses digits by the thousand: so long a part sorts as text.
    return [(int(p), "") if k % 2 and len(p) < 300 else (-1, p) for k, p in enumerate(parts)]


def _is_number(name: str) -> bool:
    return bool(_NUMBER.fullmatch(name)) and len(name) < 300  # float() of over 308 digits is inf
