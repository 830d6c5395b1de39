"""The groups of all images, on disk."""

from __future__ import annotations

import pandas as pd

from audit.core.errors import RunFolderError
from audit.report.source import Source
from audit.storage.outputs import Table

# One row an image of any split and a column that was asked for; "" is no value.
TABLE = Table(
    "groups.parquet",
    {**dict.fromkeys(("column", "split", "name", "value"), "text"), "label": "whole"},
)


def columns_of(source: Source) -> dict[str, pd.DataFrame]:
    """Return the images of each column, in the order in which the columns were asked for.

    Raises
    ------
    RunFolderError
        An image stands twice in a column.
    """
    told = source.output(TABLE)
    if told is None:
        return {}
    if told.duplicated(["column", "split", "name"]).any():
        file = TABLE.file(source.run)
        raise RunFolderError(f"{file} lists an image twice: remove it and sweep again.")
    return {str(column): rows for column, rows in told.groupby("column", sort=False)}
