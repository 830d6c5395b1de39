"""Manifests: CSV or Parquet tables of images, their labels, splits and masks."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from audit.core.errors import DataError
from audit.core.observation import Observation, Strength
from audit.core.wording import are, plural, verb
from audit.datasets import several
from audit.datasets.classorder import Names, whole_numbers
from audit.datasets.dataset import SPLITS
from audit.datasets.filenames import composed
from audit.datasets.listed import Listed, Photo
from audit.datasets.several import BETWEEN
from audit.datasets.splitnames import split_of
from audit.datasets.tables import Found, find, read_table, require

_HALF = 0.5  # share of missing files from which a manifest is taken for another folder's


def read_manifest(file: Path, labels: str = "auto") -> Listed:
    """List what a manifest names; splits stay "" where it has no such column.

    Parameters
    ----------
    labels : str
        Whether cells such as ``a|b`` are ``several`` labels or ``one``; see `several.are_several`.

    Raises
    ------
    DataError
        The table cannot be read, lacks a column or a value, names a file twice or a split that is
        none; or none of its files is there.
    """
    table = read_table(file)
    require(table, ("path", "label"), file)
    if table.empty:
        raise DataError(f"{file} lists no images.")
    rows, many = table.to_dict("records"), several.are_several(set(table["label"]), labels)
    found = [find(file.parent, row["path"]) for row in rows]
    photos = [_photo(file, row, at, many) for row, at in zip(rows, found, strict=True)]
    photos = _named(_whole(photos))
    _refuse_twice(file, photos)
    seen = [*_missing(file, found), *_turned(found), *_trimmed(rows)]
    if many:
        cells, photos = photos, several.named(_whole(several.rows_of(file, photos)))
        seen.append(several.seen(cells, photos))
    elif labels == "auto":
        seen += several.unread(set(table["label"]))
    names = Names(tuple(dict.fromkeys(p.label for p in photos)), {}, table=True)
    return Listed(photos, names, observations=seen, several=many)


def _photo(manifest: Path, row: dict[Any, Any], at: Found, many: bool) -> Photo:
    path, label, mask = row["path"], row["label"].strip(), row.get("mask", "")
    if not path:
        raise DataError(f"{manifest} has a row without a path.")
    if "\0" in f"{path}{label}{mask}":
        raise DataError(f"{manifest} has a null byte in the row of {path!r}: write it anew.")
    if not label:
        raise DataError(f"{manifest} names no label for {path!r}.")
    masks = _masks(manifest, mask, many)
    split = _split(manifest, row["split"]) if "split" in row else ""
    name = composed(at.read)
    return Photo(name, str(manifest.parent / at.read), composed(label), split, masks)


def _masks(manifest: Path, cell: str, many: bool) -> tuple[str, ...]:
    """Return the files of a cell; "" for a label that has none beside others that have."""
    files = cell.split(BETWEEN) if many else [cell]
    found = [str(manifest.parent / find(manifest.parent, f).read) if f else "" for f in files]
    return tuple(found) if any(found) else ()


def _split(manifest: Path, word: str) -> str:
    found = split_of(word)
    if found is None or found[1]:
        raise DataError(f"{manifest}: unknown split {word!r}; use {', '.join(SPLITS)}.")
    return found[0]


def _refuse_twice(file: Path, photos: Sequence[Photo]) -> None:
    labels: dict[str, str] = {}
    for photo in photos:
        if photo.name in labels:
            one, other = labels[photo.name], photo.label
            mend = f": write all its labels into one cell, {one}{BETWEEN}{other}"
            raise DataError(f"{file} lists {photo.name!r} twice{mend if one != other else ''}.")
        labels[photo.name] = photo.label


def _whole(photos: list[Photo]) -> list[Photo]:
    """Turn labels 10.0 and 2.0, as tables write whole numbers, into 10 and 2."""
    whole = whole_numbers({photo.label for photo in photos})
    if not whole:
        return photos
    return [replace(p, label=whole.get(p.label, p.label)) for p in photos]


def _named(photos: list[Photo]) -> list[Photo]:
    """Name images outside the manifest's folder from the folder that all of these share.

    Names stand in everything that a run writes: whose disk it was, and where, is nobody's business.
    """
    outside = {p.name: Path(os.path.abspath(p.path)) for p in photos if _leads_out(p.name)}  # noqa: PTH100
    if not outside:
        return photos
    top = os.path.commonpath([path.parent for path in outside.values()])
    names = {name: path.relative_to(top).as_posix() for name, path in outside.items()}
    if not {p.name for p in photos}.isdisjoint(names.values()):
        names = {name: f"outside/{short}" for name, short in names.items()}
    return [replace(p, name=names.get(p.name, p.name)) for p in photos]


def _leads_out(name: str) -> bool:
    return Path(name).is_absolute() or ".." in Path(name).parts


def _missing(file: Path, found: Sequence[Found]) -> Iterator[Observation]:
    gone = [at for at in found if not at.there]
    if not gone:
        return
    first = f"{gone[0].written!r}, was looked for as {file.parent / gone[0].written}"
    mend = "write paths relative to the manifest, or move it to where these paths begin"
    if len(gone) == len(found):
        what = "its one file" if len(found) == 1 else f"any of its {len(found):,} files"
        raise DataError(f"{file}: cannot find {what}; the first, {first}: {mend}.")
    be = verb(len(gone), "is", "are")
    words = f"{len(gone):,} of {plural(len(found), 'file')} {be} missing; the first, {first}"
    strength: Strength = "strong" if len(gone) > _HALF * len(found) else "weak"
    yield Observation("missing-files", "Files of the manifest", words, strength, mend)


def _turned(found: Sequence[Found]) -> Iterator[Observation]:
    turned = [at for at in found if at.there and "\\" in at.written and "\\" not in at.read]
    if turned:
        words = (
            f"{are(len(turned), 'path')} written as on Windows in the manifest and found with "
            f"slashes: {turned[0].written} as {turned[0].read}"
        )
        yield Observation("windows-paths", "Paths of the manifest", words)


def _trimmed(rows: Sequence[dict[Any, Any]]) -> Iterator[Observation]:
    spaced = [row["label"] for row in rows if row["label"] != row["label"].strip()]
    if spaced:
        words = f"{plural(len(spaced), 'label')} with spaces around, as {spaced[0]!r}, are read "
        yield Observation("labels", "Labels of the manifest", f"{words}without them")
