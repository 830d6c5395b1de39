"""Groups of images: further columns of a manifest, or of ``groups.csv`` in an image folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from audit.core.errors import DataError
from audit.core.wording import some
from audit.datasets.classorder import whole_numbers
from audit.datasets.dataset import Dataset, Grouped, Item
from audit.datasets.filenames import composed
from audit.datasets.tables import OURS, find, read_table, require

FILE = "groups.csv"  # in an image folder: ``path`` relative to it, and further columns
_NOTHING = frozenset({"", "nan", "NaN"})  # what an empty cell is written as
_SHOWN = 8  # columns that an error names


def columns_of(dataset: Dataset) -> tuple[str, ...]:
    """Return the names of all columns by which images fall into groups; () where there are none.

    Raises
    ------
    DataError
        The table that holds them cannot be read.
    """
    return dataset.group_columns() if isinstance(dataset, Grouped) else ()


def groups_of(dataset: Dataset, items: Sequence[Item], column: str) -> list[str | None]:
    """Return the group of each image by one column; None where it has no value.

    Parameters
    ----------
    items : sequence of Item
        Of any split.

    Raises
    ------
    DataError
        There is no such column, or the table that holds it cannot be read.
    """
    refuse_unknown(dataset, [column])
    values = dataset.group_values(column) if isinstance(dataset, Grouped) else {}
    return [values.get(item.name) for item in items]


def refuse_unknown(dataset: Dataset, columns: Sequence[str], option: str = "--group") -> None:
    """Raise `DataError`, which names the columns there are, where one of these is not there."""
    if not columns:
        return
    known = columns_of(dataset)
    unknown = next((column for column in columns if column not in known), None)
    if unknown is None:
        return
    if known:
        mend = f"its further columns are {some(known, _SHOWN)}"
    else:
        mend = f"add columns to the manifest, or a {FILE} (path, {unknown}) to the image folder"
    raise DataError(f"{option} {unknown}: {dataset.name} has no such column; {mend}.")


class Further:
    """Further columns of a table of images, read when they are asked for.

    Parameters
    ----------
    file : Path
        The table, with a column ``path`` relative to its folder.
    names : mapping
        Images by the path of their file.
    """

    def __init__(self, file: Path, names: Mapping[str, str]) -> None:
        table = read_table(file)
        require(table, ("path",), file)
        paths = [str(file.parent / find(file.parent, path).read) for path in table["path"]]
        twice = table["path"][[path in names for path in paths]]
        if (again := twice[twice.duplicated()]).size:
            raise DataError(f"{file} lists {again.iloc[0]!r} twice: leave one row an image.")
        self._names = [names.get(path) for path in paths]
        self._table = table.drop(columns=[c for c in OURS if c in table])

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of all further columns that have a name."""
        return tuple(column for column in self._table.columns if column.strip())

    def values(self, column: str) -> dict[str, str]:
        """Return values by image name, spaces around them taken off; without those that are none.

        Whole numbers that a table has turned into floats are whole numbers again.
        """
        stripped = [composed(value.strip()) for value in self._table[column]]
        found = {
            name: value
            for name, value in zip(self._names, stripped, strict=True)
            if name is not None and value not in _NOTHING
        }
        whole = whole_numbers(set(found.values()))
        return {name: whole.get(value, value) for name, value in found.items()}
