"""A table too large for memory: packed into a file batch by batch, read column by column."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import IO

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

_TOGETHER = 256  # small tables that are joined: an array of 32 values takes ten times what it holds
_IN_MEMORY = 64 * 2**20  # bytes of a file that need not go to a disk


def joined(tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """Yield the rows of many small tables as few large ones, in the same order."""
    left = iter(tables)
    while some := list(islice(left, _TOGETHER)):
        yield pa.concat_tables(some).combine_chunks()


class Packed:
    """Rows of a table by their places, in a file that goes with the process.

    Parameters
    ----------
    batches : iterable of DataFrame
        One or more, of the same columns.
    """

    def __init__(self, batches: Iterable[pd.DataFrame]) -> None:
        # Where temporary files lie, not beside what was read: that may be on a read-only disk.
        self._file: IO[bytes] = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115
        left = (pa.Table.from_pandas(batch, preserve_index=False) for batch in batches)
        first = next(left)
        with pq.ParquetWriter(self._file, first.schema) as writer:
            writer.write_table(first)
            for table in left:
                writer.write_table(table)
        self._found = pq.ParquetFile(self._file)

    @property
    def columns(self) -> list[str]:
        """Names of all columns, in their order."""
        return list(self._found.schema_arrow.names)

    def read(self, columns: Iterable[str], places: NDArray[np.int64] | None = None) -> pd.DataFrame:
        """Return some columns of all rows, or of those at ``places`` in their order.

        One column is unpacked at a time, so that no more is in memory than what is returned.
        """
        found = {name: self._column(name, places).to_pandas() for name in columns}
        # Arrow keeps what it took to unpack for the next time: half of what is returned.
        pa.default_memory_pool().release_unused()
        return pd.DataFrame(found, copy=False)

    def _column(self, name: str, places: NDArray[np.int64] | None) -> pa.ChunkedArray:
        whole = self._found.read([name]).column(0)
        return whole if places is None else whole.take(pa.array(places))

    def batches(self) -> Iterator[pd.DataFrame]:
        """Yield all columns, batch by batch as they were given; the index is the rows' places."""
        start = 0
        for group in range(self._found.num_row_groups):
            batch = self._found.read_row_group(group).to_pandas()
            batch.index = pd.RangeIndex(start, start + len(batch))
            start += len(batch)
            yield batch
