"""Images of any subject: a folder with one sub-folder a class, or a CSV/Parquet manifest."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from numpy.typing import NDArray

from audit.data.dataset import SPLITS, Decoded, Item, fingerprint
from audit.data.decode import decode, read_regular
from audit.data.maskvalues import read_mask
from audit.errors import BrokenImageError, DataError, first_line

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff"}
_SPLIT_NAMES = {"train": "train", "validation": "validation", "val": "validation",
                "valid": "validation", "test": "test"}  # fmt: skip
MOST = 100_000_000  # rows of a manifest
_SHARES = (("test", 0.2), ("validation", 0.3))  # below 0.2: test; below 0.3: validation


@dataclass(frozen=True)
class _File:
    name: str
    path: Path
    label: str
    split: str
    mask: Path | None = None


class ImageFiles:
    """Images in files, each read when it is its turn.

    Parameters
    ----------
    source : Path
        Folder ``CLASS/*.jpg``, or ``SPLIT/CLASS/*.jpg`` with splits named train, validation (val,
        valid) and test; or a ``.csv`` or ``.parquet`` manifest with the columns path, label,
        optionally split and mask (paths relative to the manifest). Without splits each class is
        divided 70 / 10 / 20, by a hash of the file's name and ``seed``.
    seed : int

    Raises
    ------
    DataError
        Nothing there, no class, no image, a column missing, or a split of another name.
    """

    mask_source = "manifest"

    def __init__(self, source: Path, *, seed: int = 0) -> None:
        files = _from_folder(source, seed) if source.is_dir() else _from_manifest(source, seed)
        self.name = source.absolute().name if source.is_dir() else source.stem
        self.classes: tuple[str, ...] = tuple(sorted({f.label for f in files}, key=_natural))
        label = {name: i for i, name in enumerate(self.classes)}
        # An order by hash mixes the classes, so that a stream can be shuffled in a small buffer.
        files.sort(key=lambda f: _hash(f.name))
        self._files = {f.name: f for f in files}
        self._items = [Item(f.name, label[f.label], f.split) for f in files]
        if len(self.classes) < 2:
            raise DataError(f"{source} has {len(self.classes)} class: a classifier needs two.")

    def items(self, split: str) -> list[Item]:
        """Items of one split, classes mixed, in an order that does not change."""
        return [item for item in self._items if item.split == split]

    def images(self, items: Sequence[Item]) -> Iterator[tuple[Item, Decoded]]:
        """Yield each item with its RGB image, or with the error that reading it gave."""
        for item in items:
            yield item, self._read(item.name)

    def trimap(self, item: Item) -> NDArray[np.uint8] | None:
        """The mask that the manifest names for this image, 255 on the subject; None without."""
        mask = self._files[item.name].mask
        if mask is None:
            return None
        return read_mask(mask)

    def paths(self) -> set[Path]:
        """Files of all images: none of them is a mask."""
        return {f.path for f in self._files.values()}

    def mask_paths(self) -> dict[str, Path]:
        """Masks that the manifest names, by image name."""
        return {f.name: f.mask for f in self._files.values() if f.mask is not None}

    def fingerprint(self) -> str:
        """Short hash of names, labels and splits."""
        return fingerprint(self._items)

    def _read(self, name: str) -> Decoded:
        try:
            return decode(read_regular(self._files[name].path), name)
        except BrokenImageError as error:
            return error
        except OSError as error:
            return BrokenImageError(f"{name}: {error.strerror}")


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest()


def _natural(label: str) -> tuple[int, str]:
    """Whole numbers in their order (class 10 after class 9), other names by the alphabet."""
    return (int(label) if label.isdecimal() else -1, label)


def _from_folder(root: Path, seed: int) -> list[_File]:
    parts = sorted(p for p in root.iterdir() if p.is_dir() and not _hidden(p.relative_to(root)))
    if parts and all(p.name in _SPLIT_NAMES for p in parts):
        files = [
            _File(f"{p.name}/{f.name}", f.path, f.label, _SPLIT_NAMES[p.name])
            for p in parts
            for f in _class_folders(p)
        ]
    else:
        files = _divide(_class_folders(root), seed)
    if not files:
        raise DataError(
            f"{root} holds no images in class sub-folders: expected {root}/CLASS/*.jpg."
        )
    return files


def _class_folders(root: Path) -> list[_File]:
    return [
        _File(path.relative_to(root).as_posix(), path, folder.name, "")
        for folder in sorted(p for p in root.iterdir() if p.is_dir())
        for path in sorted(folder.rglob("*"))
        if path.suffix.lower() in SUFFIXES
        and path.is_file()
        and not _hidden(path.relative_to(root))
    ]


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _divide(files: Sequence[_File], seed: int) -> list[_File]:
    """Split each class 70 / 10 / 20: the files' hashes decide who goes where."""
    divided: list[_File] = []
    for label in sorted({f.label for f in files}):
        members = sorted(
            (f for f in files if f.label == label), key=lambda f: _hash(f"{seed}/{f.name}")
        )
        for place, f in enumerate(members):
            share = (place + 0.5) / len(members)
            split = next((name for name, end in _SHARES if share < end), "train")
            divided.append(_File(f.name, f.path, f.label, split, f.mask))
    return divided


def _from_manifest(file: Path, seed: int) -> list[_File]:
    table = _read_table(file)
    missing = {"path", "label"} - set(table.columns)
    if missing:
        raise DataError(f"{file} lacks the column {', '.join(sorted(missing))}.")
    if table.empty:
        raise DataError(f"{file} lists no images.")
    files = [_row(file, row) for row in table.to_dict("records")]
    twice = table["path"][table["path"].duplicated()]
    if len(twice):
        raise DataError(f"{file} lists {twice.iloc[0]!r} twice.")
    return files if "split" in table.columns else _divide(files, seed)


def _read_table(file: Path) -> pd.DataFrame:
    if not file.is_file():
        raise DataError(f"No image folder or manifest {file}.")
    try:
        return _read_parquet(file) if file.suffix == ".parquet" else _read_csv(file)
    except Exception as error:  # csv, pandas and pyarrow raise many kinds
        reason = first_line(error)
        raise DataError(f"{file} is not a readable CSV or Parquet manifest: {reason}.") from None


def _read_parquet(file: Path) -> pd.DataFrame:
    if pq.read_metadata(file).num_rows > MOST:
        raise ValueError(f"it has more than {MOST} rows")
    stored = pq.read_table(file, partitioning=None)
    stored.validate(full=True)
    table = stored.to_pandas()
    return table.astype(str).mask(table.isna(), "")


def _read_csv(file: Path) -> pd.DataFrame:
    """Not by pandas, which moves the columns of a row that is too long."""
    with file.open(encoding="utf-8-sig", newline="") as lines:
        rows = [row for row in csv.reader(lines, strict=True) if row]
    if not rows:
        raise ValueError("it is empty")
    header, *rows = rows
    for row in rows:
        if len(row) != len(header):
            raise ValueError(f"{row[0]!r} has {len(row)} fields, but the header {len(header)}")
    if len(set(header)) < len(header):
        raise ValueError("two columns have one name")
    return pd.DataFrame(rows, columns=header, dtype=str)


def _row(manifest: Path, row: dict[Any, Any]) -> _File:
    path, label, mask = row["path"], row["label"], row.get("mask", "")
    if not path:
        raise DataError(f"{manifest} has a row without a path.")
    if "\0" in f"{path}{label}{mask}":
        raise DataError(f"{manifest} has a null byte in the row of {path!r}: write it anew.")
    if not label:
        raise DataError(f"{manifest} names no label for {path!r}.")
    split = row.get("split", "train")
    if split not in _SPLIT_NAMES:
        raise DataError(f"{manifest}: unknown split {split!r}; use {', '.join(SPLITS)}.")
    return _File(
        name=path,
        path=manifest.parent / path,
        label=label,
        split=_SPLIT_NAMES[split],
        mask=manifest.parent / mask if mask else None,
    )
