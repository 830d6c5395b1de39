"""Several labels an image: cells of a manifest such as ``a|b``, of which each label is one row."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from audit.core.errors import DataError
from audit.core.observation import Observation
from audit.core.wording import are, plural
from audit.datasets.listed import Photo

BETWEEN = "|"  # what stands between the labels of a cell, and between their masks
_TITLE = "Labels of an image"


def parts(cell: str) -> tuple[str, ...]:
    """Return what a cell holds, each once, spaces around taken off."""
    return tuple(dict.fromkeys(part.strip() for part in cell.split(BETWEEN)))


def are_several(cells: Collection[str], asked: str) -> bool:
    """Say whether cells such as ``a|b`` are several labels, or the name of one class.

    Where that is not ``asked``, they are several if a part is a label by itself elsewhere: nobody
    calls one class ``rose`` and another one ``rose|daisy``.

    Parameters
    ----------
    asked : str
        ``one``, ``several`` or ``auto``.
    """
    if asked != "auto":
        return asked == "several"
    whole = {cell.strip() for cell in cells}
    return any(not whole.isdisjoint(parts(cell)) for cell in whole if BETWEEN in cell)


def rows_of(file: Path, photos: Sequence[Photo]) -> list[Photo]:
    """Return one row a label of each photograph, with the mask of that label where it has one.

    Raises
    ------
    DataError
        A cell has an empty label, or more masks than one and not as many as labels.
    """
    return [row for photo in photos for row in _rows(file, photo)]


def named(rows: Sequence[Photo]) -> list[Photo]:
    """Call each row by its image and its label: ``roses/1.jpg [rose]``."""
    return [replace(row, name=f"{row.name} [{row.label}]", of=row.name) for row in rows]


def seen(photos: Sequence[Photo], rows: Sequence[Photo]) -> Observation:
    """Observe how many images have several labels."""
    many = sum(BETWEEN in photo.label for photo in photos)
    words = (
        f"{many:,} of {plural(len(photos), 'image')} have several labels, written with "
        f"{BETWEEN} between: {plural(len(rows), 'row')}, one a label that is there"
    )
    mend = f"give --labels one if {BETWEEN} is part of the classes' names"
    return Observation("labels-an-image", _TITLE, words, mend=mend)


def unread(cells: Collection[str]) -> Iterator[Observation]:
    """Observe labels that may be several, but are read as one each."""
    held = sorted({cell for cell in cells if BETWEEN in cell})
    if held:
        words = f"{are(len(held), 'label')} read as one class each, as {held[0]!r}"
        mend = f"give --labels several if {BETWEEN} stands between labels"
        yield Observation("labels-an-image", _TITLE, words, mend=mend)


def _rows(file: Path, photo: Photo) -> Iterator[Photo]:
    labels, masks = parts(photo.label), photo.masks
    if "" in labels:
        raise DataError(
            f"{file}: the label {photo.label!r} of {photo.name!r} has an empty part: write one "
            f"label, or several with {BETWEEN} between."
        )
    if len(masks) > 1 and len(masks) != len(labels):
        raise DataError(
            f"{file}: {photo.name!r} has {len(masks)} masks and {plural(len(labels), 'label')}: "
            "give one mask for all, or one a label in the order of the labels."
        )
    for place, label in enumerate(labels):
        own = tuple(filter(None, masks[place : place + 1] if len(masks) > 1 else masks))
        yield replace(photo, label=label, masks=own)
