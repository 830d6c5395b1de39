"""Readers of a folder's files that a stranger may have made: claims are checked beforehand.

No link is followed, nothing but plain files is opened, and nothing is unpacked before its size is
known. Where a function raises `ValueError`, its caller knows the file to name.
"""

from __future__ import annotations

import io
import json
import math
import os
import stat
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray
from PIL import Image

from audit.core.errors import RunFolderError
from audit.storage.paths import on_disk

MIB = 2**20
MOST_VALUES = 1_000_000  # of one JSON file: about 100 MB in memory
MOST_TEXT = 32_768  # characters of one text, in JSON and in tables
_MOST_ARRAYS = 512  # of one file: 11, and at most 7 an explainer
_DEEPEST = 32  # JSON: what a run writes is 6 deep
_DIGITS = 18  # of a whole number: fits into 64 bits
_MOST_FOOTER = 4 * MIB  # of a Parquet file: one of 60 columns has 20 KB
_RATIO, _SPARE = 64, 16 * MIB  # bytes of a table in memory, by one on disk, and for small ones
_MOST_BYTES = 4 * MOST_TEXT  # of one cell of a table
# What pandas and Arrow write by default: of Parquet's codecs and encodings others make far more of
# a few bytes.
_CODECS = {"SNAPPY", "UNCOMPRESSED"}
_ENCODINGS = {"PLAIN", "RLE", "BIT_PACKED", "RLE_DICTIONARY", "PLAIN_DICTIONARY"}
_KINDS: dict[str, tuple[Callable[[Any], bool], int, Any]] = {
    # Of a table's columns: which types they may be of, bytes in memory, the type they are read as.
    "text": (
        lambda t: pa.types.is_string(t) or pa.types.is_large_string(t),
        4,
        pa.large_string(),
    ),
    "bytes": (
        lambda t: pa.types.is_binary(t) or pa.types.is_large_binary(t),
        4,
        pa.large_binary(),
    ),
    "whole": (pa.types.is_signed_integer, 8, pa.int64()),
    "real": (
        lambda t: pa.types.is_floating(t) or pa.types.is_signed_integer(t),
        8,
        pa.float64(),
    ),
    "flag": (pa.types.is_boolean, 1, pa.bool_()),
}


def refuse_links(path: Path, root: Path) -> None:
    """Raise where anything on the way from ``root`` to ``path`` is a link; what is missing is none.

    Raises
    ------
    RunFolderError
        ``root`` itself may be a link: its user typed it.
    """
    if not on_disk(path):
        return
    below = path.relative_to(root)
    for part in (*reversed(below.parents[:-1]), below):
        if (root / part).is_symlink():
            raise RunFolderError(
                f"{root / part} is a link, and none is followed from a run folder: put there what "
                "it points to, if you trust it."
            )


def refuse_others(path: Path, root: Path, *, folder: bool) -> None:
    """Raise `RunFolderError` where ``path`` is there, but a link, or no folder or no plain file."""
    refuse_links(path, root)
    if on_disk(path) and path.exists() and not (path.is_dir() if folder else path.is_file()):
        raise RunFolderError(f"{path} is no plain {'folder' if folder else 'file'}: remove it.")


@contextmanager
def opened(file: Path, root: Path, most: int) -> Iterator[io.BufferedReader]:
    """Open a plain file below ``root`` to read at most ``most`` bytes.

    Raises
    ------
    RunFolderError
        It is a link, no plain file (a device, a pipe, a folder), or larger.
    FileNotFoundError
        It is not there.
    """
    refuse_links(file, root)
    if not on_disk(file):
        _refuse_larger(file, file.stat().st_size, most)
        with file.open("rb") as remote:
            yield remote
        return
    if not stat.S_ISREG(file.lstat().st_mode):  # else opening a pipe would wait for ever
        raise RunFolderError(f"{file} is no plain file: remove it.")
    with open(file, "rb", opener=_unfollowed) as local:
        _refuse_larger(file, os.fstat(local.fileno()).st_size, most)
        yield local


def _unfollowed(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)


def _refuse_larger(file: Path, size: int, most: int) -> None:
    if size > most:
        raise RunFolderError(
            f"{file} has {size:,} bytes, more than the {most:,} that such a file may have: it was "
            "not written by flower-audit."
        )


def content(file: Path, root: Path, most: int) -> bytes:
    """Return the bytes of a plain file; errors are those of `opened`."""
    with opened(file, root, most) as found:
        return found.read(most)


def parsed(text: bytes, values: int = MOST_VALUES) -> Any:
    """Parse JSON of a bounded number of values, depth, digits and length of texts.

    Raises
    ------
    ValueError
        It is no JSON, no UTF-8, or beyond the bounds.
    """
    most = sum(map(text.count, (b",", b"[", b"{")))  # signs inside texts count, too
    if most > values:
        raise ValueError(f"it holds up to {most:,} values, more than {values:,}")
    try:
        found = json.loads(text.decode(), parse_int=_whole)
    except RecursionError:
        raise ValueError("it is nested without end") from None
    _refuse_wild(found, 0)
    return found


def _whole(digits: str) -> int:
    if len(digits.lstrip("-")) > _DIGITS:
        raise ValueError(f"it holds a number of {len(digits):,} digits")
    return int(digits)


def _refuse_wild(found: Any, depth: int) -> None:
    if isinstance(found, str) and len(found) > MOST_TEXT:
        raise ValueError(f"it holds a text of {len(found):,} characters")
    if not isinstance(found, dict | list):
        return
    if depth == _DEEPEST:
        raise ValueError(f"it is nested more than {_DEEPEST} deep")
    for value in (*found, *found.values()) if isinstance(found, dict) else found:
        _refuse_wild(value, depth + 1)


def columns(text: bytes, names: Iterable[str], rows: int) -> pd.DataFrame:
    """Read columns of numbers of a CSV file, and no others.

    Raises
    ------
    ValueError
        It is no CSV, lacks one, has more rows, or holds what is no number.
    """
    found = pd.read_csv(io.BytesIO(text), usecols=list(names), dtype=float, nrows=rows + 1)
    if len(found) > rows:
        raise ValueError(f"it has more than {rows:,} rows")
    if np.isinf(found.to_numpy()).any():
        raise ValueError("it holds infinity")
    return found


class Table:
    """A Parquet file whose claims are looked at before its columns are read.

    Texts are read as dictionaries, so that one that is repeated a million times is there once
    until their length is known.

    Parameters
    ----------
    file : BinaryIO
        Seekable; stays open as long as the table is read.

    Raises
    ------
    ValueError, pyarrow.ArrowException
        It is no Parquet, or its footer is beyond all measure.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._size = file.seek(0, os.SEEK_END)
        file.seek(max(0, self._size - 8))
        footer = int.from_bytes(file.read(4), "little")
        if footer > _MOST_FOOTER:
            raise ValueError(f"its footer claims {footer:,} bytes")
        self._found = pq.ParquetFile(file)

    @property
    def names(self) -> list[str]:
        """Names of its columns."""
        return list(self._found.schema_arrow.names)

    def read(self, kinds: Mapping[str, str], rows: int) -> pa.Table:
        """Read columns of given kinds.

        Parameters
        ----------
        kinds : mapping
            By name: text, bytes, whole, real or flag. Other columns are left where they are.
        rows : int
            It may have at most so many.

        Raises
        ------
        ValueError, pyarrow.ArrowException
            A column is missing or of another kind, or the table would be larger in memory than a
            file of its size can hold.
        """
        self._refuse_columns(kinds)
        self._refuse_claims(kinds, rows)
        texts = [name for name, kind in kinds.items() if kind in ("text", "bytes")]
        packed = pq.ParquetFile(self._file, metadata=self._found.metadata, read_dictionary=texts)
        table = packed.read(columns=list(kinds))
        there = dict(zip(table.column_names, table.columns, strict=True))
        written = (there[name] for name in texts)
        _refuse_long((c for c in written if not pa.types.is_null(c.type)), self._most)
        plain = [_plain(name, there[name], kind) for name, kind in kinds.items()]
        return pa.table(plain, names=list(kinds))

    @property
    def _most(self) -> int:
        return _RATIO * self._size + _SPARE

    def _refuse_columns(self, kinds: Mapping[str, str]) -> None:
        schema = self._found.schema_arrow
        times, types = Counter(schema.names), dict(zip(schema.names, schema.types, strict=True))
        for name, kind in kinds.items():
            if times[name] != 1:
                raise ValueError(f"it has no column {name}, or several")
            found = types[name]  # null where nothing but gaps was written
            if not (_KINDS[kind][0](found) or pa.types.is_null(found)):
                raise ValueError(f"its column {name} is of type {found!s:.60}")

    def _refuse_claims(self, kinds: Mapping[str, str], rows: int) -> None:
        claimed = self._found.metadata
        groups = [claimed.row_group(k) for k in range(claimed.num_row_groups)]
        count = max(claimed.num_rows, sum(group.num_rows for group in groups))
        if count > rows:
            raise ValueError(f"it claims {count:,} rows, of at most {rows:,}")
        if count * sum(_KINDS[kind][1] for kind in kinds.values()) > self._most:
            raise ValueError(f"it claims {count:,} rows in {self._size:,} bytes")
        for chunk in (group.column(k) for group in groups for k in range(group.num_columns)):
            if chunk.compression not in _CODECS or not set(chunk.encodings) <= _ENCODINGS:
                raise ValueError(f"it is packed by {chunk.compression}, {chunk.encodings}")


def _refuse_long(columns: Iterable[pa.ChunkedArray], most: int) -> None:
    """Refuse texts that are long, or that fill more memory than a file of such a size can hold."""
    total = 0
    for chunk in (chunk for column in columns for chunk in column.chunks):
        lengths = pc.binary_length(chunk.dictionary).cast(pa.int64())
        longest = pc.max(lengths).as_py() or 0
        if longest > _MOST_BYTES:
            raise ValueError(f"it holds a text of {longest:,} bytes")
        total += pc.sum(lengths.take(chunk.indices)).as_py() or 0
        if total > most:
            raise ValueError("its texts are longer than a file of its size can hold")


def _plain(name: str, column: pa.ChunkedArray, kind: str) -> pa.ChunkedArray:
    if kind in ("whole", "flag") and column.null_count:
        raise ValueError(f"its column {name} has gaps")
    made = column.cast(_KINDS[kind][2])
    if kind == "real" and pc.any(pc.is_inf(made)).as_py():
        raise ValueError(f"its column {name} holds infinity")
    return made


def arrays(file: BinaryIO, kind_of: Callable[[str], str | None]) -> dict[str, NDArray[Any]]:
    """Read the arrays of an ``.npz`` of known names and types, stored as they are.

    Parameters
    ----------
    kind_of : callable
        From a name to what `numpy.dtype.kind` and ``itemsize`` must be, ``u1``; ``U`` is of any
        length. Arrays that it gives None for are left where they are.

    Raises
    ------
    ValueError, zipfile.BadZipFile
        An array is compressed, there twice, of another type, or claims another size than it has;
        or there are too many.
    """
    with zipfile.ZipFile(file) as archive:
        if len(archive.infolist()) > _MOST_ARRAYS:
            raise ValueError(f"it holds {len(archive.infolist()):,} arrays")
        named = [(m.filename.removesuffix(".npy"), m) for m in archive.infolist()]
        known = [(name, member, kind) for name, member in named if (kind := kind_of(name))]
        if len({name for name, *_ in known}) < len(known):
            raise ValueError("it holds an array twice")
        return {name: _array(archive, member, kind) for name, member, kind in known}


def _array(archive: zipfile.ZipFile, member: zipfile.ZipInfo, kind: str) -> NDArray[Any]:
    stored = member.compress_type == zipfile.ZIP_STORED
    if not stored or member.file_size != member.compress_size:
        raise ValueError(f"{member.filename} is compressed")
    packed = io.BytesIO(archive.read(member))
    shape, dtype = _header(packed)
    if dtype.hasobject or f"{dtype.kind}{'' if kind == 'U' else dtype.itemsize}" != kind:
        raise ValueError(f"{member.filename} is of type {dtype!s:.60}")
    if math.prod(shape) * dtype.itemsize != member.file_size - packed.tell():
        raise ValueError(f"{member.filename} claims a shape that it has not")
    packed.seek(0)
    return np.asarray(np.lib.format.read_array(packed, allow_pickle=False))


def _header(packed: BinaryIO) -> tuple[tuple[int, ...], np.dtype[Any]]:
    version = np.lib.format.read_magic(packed)
    read = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }[version]
    shape, _, dtype = read(packed)
    return shape, dtype


def picture(
    encoded: bytes, kind: str, most: int, size: tuple[int, int] | None = None
) -> NDArray[np.uint8]:
    """Decode one picture of a known format as RGB.

    Parameters
    ----------
    kind : str
        JPEG, PNG or WEBP, and no other, whatever the file's name says.
    most : int
        Pixels that it may have.
    size : (int, int), optional
        Width and height that it must have.

    Returns
    -------
    uint8 ``(H, W, 3)``

    Raises
    ------
    ValueError
        It is of another format or size, torn, or would have more pixels.
    """
    try:
        with Image.open(io.BytesIO(encoded), formats=[kind]) as found:
            if found.width * found.height > most or found.size != (size or found.size):
                raise ValueError(f"a picture of {found.width:,} by {found.height:,} pixels")
            return np.asarray(found.convert("RGB"))
    except ValueError:
        raise
    except Exception as error:  # Pillow raises many kinds
        raise ValueError(f"no whole {kind} picture ({type(error).__name__})") from None
