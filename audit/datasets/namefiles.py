"""Files that name the classes in the order of a model's outputs."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from audit.core.errors import DataError, first_line
from audit.datasets.filenames import composed

_NUMBERED = re.compile(r"(\d+)\s*(?:[:,]|[.]?\s)\s*(\S.*)")
_KEYS = ("class_names", "classes", "labels", "names")
_HALF_LETTER = re.compile(r"[\ud800-\udfff]")  # JSON can write half of a pair; no file can


def read_names(file: Path, labels: Collection[str] = ()) -> tuple[str, ...]:
    """Read classes from a file, in the order of a model's outputs.

    One a line; or numbered lines, ``0 Cat``, as Teachable Machine writes them; or JSON: a list,
    ``{"0": "cat"}`` or ``{"cat": 0}``, as a whole or under a key such as ``classes``; of entries
    that are lists themselves, as ImageNet's ``["n01440764", "tench"]``, the last.

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
    numbered = [found for line in lines if (found := _NUMBERED.fullmatch(line))]
    in_order = [found[1] for found in numbered] == [str(k) for k in range(len(lines))]
    return [found[2] for found in numbered] if in_order else lines


def _from_json(file: Path, text: str) -> list[str]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise DataError(f"--class-order {file} is not valid JSON: write it anew.") from None
    names = _listed(found)
    if names is None or not all(map(_is_name, names)):
        raise DataError(
            f"--class-order {file} is JSON of another kind: write a list of names, "
            '{"0": "cat"} or {"cat": 0}, with every number from 0.'
        )
    return names


def _listed(found: Any) -> list[Any] | None:
    """Return entries in order, names if all is well; None without a list and without an order."""
    if isinstance(found, dict):
        inner = next((found[key] for key in _KEYS if isinstance(found.get(key), list)), None)
        found = _by_index(found) if inner is None else inner
    if not isinstance(found, list):
        return None
    return [entry[-1] if isinstance(entry, list) and entry else entry for entry in found]


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and not _HALF_LETTER.search(value)


def _by_index(found: Mapping[str, Any]) -> list[Any] | None:
    """Return names by their numbers, whichever is the key; None where numbers are missing."""
    if all(isinstance(index, int) for index in found.values()):
        pairs = {int(index): name for name, index in found.items()}
    elif all(key.isdecimal() for key in found):
        pairs = {int(key): name for key, name in found.items()}
    else:
        return None
    every = len(pairs) == len(found) and sorted(pairs) == list(range(len(pairs)))
    return [pairs[k] for k in range(len(pairs))] if every else None
