"""Names of a model's classes in the order of its outputs, where a file beside it has them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from audit.core.errors import DataError
from audit.datasets.namefiles import read_names

_BESIDE = ("labels.txt", "class_names.txt", "classes.txt", "class_indices.json",
           "class_names.json", "classes.json", "labels.json")  # fmt: skip
_OWN = (".labels.txt", ".labels.json", ".class_names.txt", ".class_names.json", ".classes.txt",
        ".classes.json", ".class_indices.json", ".txt", ".json")  # fmt: skip


class ClassNames(NamedTuple):
    """Names of classes in the order of a model's outputs, and the file that has them."""

    names: tuple[str, ...]
    where: Path


def class_names(model: Path, classes: int) -> ClassNames | None:
    """Return the names that lie beside a model's file, or in a SavedModel's ``assets``.

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
        if names and len(names) == classes:
            return ClassNames(names, file)
    return None


def _candidates(model: Path) -> Iterator[Path]:
    stem = model.name.removesuffix(model.suffix) if model.is_file() else model.name
    yield from (model.with_name(stem + ending) for ending in _OWN)
    if model.is_dir():
        yield from (model / "assets" / name for name in _BESIDE)
        yield from (model / name for name in _BESIDE)
    yield from (model.parent / name for name in _BESIDE)


def _read(file: Path) -> tuple[str, ...]:
    """Return the names in a file; none where it is missing or holds something else."""
    try:
        return read_names(file)
    except DataError:
        return ()
