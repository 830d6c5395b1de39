"""Tables that people write of their images: CSV or Parquet, every value as text."""

from __future__ import annotations

import csv
import os
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq

from audit.core.errors import DataError, first_line
from audit.core.wording import some
from audit.datasets.formats import ARCHIVES

MOST = 100_000_000  # rows
OURS = ("path", "label", "split", "mask")  # columns that mean something; all others are further
_SEPARATORS = (";", "\t", "|")  # which others write for commas


@dataclass(frozen=True)
class Found:
    """A path of a table, as it is found on the disk."""

    written: str
    read: str
    there: bool


def read_table(file: Path) -> pd.DataFrame:
    """Read a table, all of its columns text, "" where nothing stands.

    Raises
    ------
    DataError
        It is missing, an archive, or no readable table.
    """
    if not file.is_file():
        raise DataError(f"No image folder or manifest {file}.")
    if file.suffix.lower() in ARCHIVES:
        raise DataError(f"{file} is an archive: unpack it and give its folder as --images.")
    try:
        read = _read_parquet if file.suffix.lower() in (".parquet", ".pq") else _read_csv
        table = read(file)
    except Exception as error:  # csv, pandas and pyarrow raise many kinds
        reason = first_line(error)
        raise DataError(f"{file} is not a readable CSV or Parquet manifest: {reason}.") from None
    return table


def require(table: pd.DataFrame, columns: Sequence[str], file: Path) -> None:
    """Raise `DataError` where a table lacks one of these columns."""
    missing = sorted(set(columns) - set(table.columns))
    if missing:
        has, lacks = some(map(str, table.columns), 8), " and ".join(missing)
        raise DataError(f"{file} lacks the column {lacks}: rename one of those it has ({has}).")


def find(folder: Path, path: str) -> Found:
    """Look for a file as it is written, with slashes for backslashes, composed and decomposed."""
    if "\0" not in path:
        for read in _spellings(path):
            if os.path.isfile(os.path.join(folder, read)):  # noqa: PTH113, PTH118
                return Found(path, read, True)
    return Found(path, path, False)


def _read_parquet(file: Path) -> pd.DataFrame:
    if pq.read_metadata(file).num_rows > MOST:
        raise ValueError(f"it has more than {MOST} rows")
    stored = pq.read_table(file, partitioning=None)
    stored.validate(full=True)
    table = stored.to_pandas()
    table.columns = pd.Index(_headings([str(column) for column in table.columns]))
    return table.astype(str).mask(table.isna(), "")


def _read_csv(file: Path) -> pd.DataFrame:
    """Read CSV without pandas, which moves the columns of a row that is too long."""
    with file.open(encoding="utf-8-sig", newline="") as lines:
        rows = [row for row in csv.reader(lines, strict=True) if row]
    if not rows:
        raise ValueError("it is empty")
    header, *rows = rows
    if len(header) == 1 and (other := next((c for c in _SEPARATORS if c in header[0]), "")):
        raise ValueError(f"its columns are separated by {other!r}, write commas")
    for row in rows:
        if len(row) != len(header):
            raise ValueError(f"{row[0]!r} has {len(row)} fields, but the header {len(header)}")
    return pd.DataFrame(rows, columns=_headings(header), dtype=str)


def _headings(header: Sequence[str]) -> list[str]:
    """Return column names, whatever their case and the spaces around them where these are ours."""
    found = [small if (small := name.strip().lower()) in OURS else name for name in header]
    if len(set(found)) < len(found):
        raise ValueError("two columns have one name")
    return found


def _spellings(path: str) -> Iterator[str]:
    yield path
    for text in (path, path.replace("\\", "/")):
        yield unicodedata.normalize("NFC", text)
        yield unicodedata.normalize("NFD", text)
