"""Names of a model's classes in the order of its outputs, where a file beside it has them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

_BESIDE = ("labels.txt", "class_names.txt", "classes.txt", "class_indices.json",
           "class_names.json", "classes.json", "labels.json")  # fmt: skip
_OWN = (".labels.txt", ".labels.json", ".class_names.txt", ".class_names.json", ".classes.txt",
        ".classes.json", ".class_indices.json", ".txt", ".json")  # fmt: skip
_NUMBERED = re.compile(r"(\d+)\s*[\s:,]\s*(\S.*)")


class ClassNames(NamedTuple):
    """Names of classes in the order of a model's outputs, and the file that has them."""

    names: tuple[str, ...]
    where: Path


def class_names(model: Path, classes: int) -> ClassNames | None:
    """The names that lie beside a model's file, or in a SavedModel's ``assets``.

    Parameters
    ----------
    model : Path
        A file, or the folder of a SavedModel.
    classes : int
        Number of the model's outputs: a file with another number of names is not its own.

    Returns
    -------
    ClassNames or None
        Of the first file that fits; one that is called like the model comes first.
    """
    for file in _candidates(model):
        names = _read(file)
        if names is not None and len(names) == len(set(names)) == classes:
            return ClassNames(tuple(names), file)
    return None


def _candidates(model: Path) -> Iterator[Path]:
    stem = model.name.removesuffix(model.suffix) if model.is_file() else model.name
    yield from (model.with_name(stem + ending) for ending in _OWN)
    if model.is_dir():
        yield from (model / "assets" / name for name in _BESIDE)
        yield from (model / name for name in _BESIDE)
    yield from (model.parent / name for name in _BESIDE)


def _read(file: Path) -> list[str] | None:
    """The names in a file; None where it is missing or holds something else."""
    try:
        text = file.read_text(encoding="utf-8-sig")
        return _of_lines(text) if file.suffix == ".txt" else _of_json(json.loads(text))
    except (OSError, ValueError, RecursionError):
        return None


def _of_lines(text: str) -> list[str]:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    numbered = [_NUMBERED.fullmatch(line) for line in lines]
    counted = [int(found.group(1)) if found else -1 for found in numbered]
    if counted == list(range(len(lines))):  # as Teachable Machine writes them: "0 Cat"
        return [found.group(2) for found in numbered if found]
    return lines


def _of_json(content: Any) -> list[str] | None:
    if isinstance(content, dict):
        return _of_object(content)
    if isinstance(content, list):
        # ImageNet's list has an identifier before each name.
        flat = [entry[-1] if isinstance(entry, list) and entry else entry for entry in content]
        return flat if all(isinstance(entry, str) for entry in flat) else None
    return None


def _of_object(content: dict[str, Any]) -> list[str] | None:
    """``{"cat": 0}`` as Keras' generators have it, ``{"0": "cat"}``, or a list under one key."""
    if content and all(isinstance(v, int) for v in content.values()):
        return _in_order({v: k for k, v in content.items()}, len(content))
    if content and all(key.isdigit() for key in content):
        return _in_order({int(k): v for k, v in content.items()}, len(content))
    inner = [
        content[key] for key in ("class_names", "classes", "labels", "names") if key in content
    ]
    return _of_json(inner[0]) if inner else None


def _in_order(by_index: dict[int, Any], count: int) -> list[str] | None:
    if sorted(by_index) != list(range(count)):
        return None
    return _of_json([by_index[index] for index in range(count)])
