"""Which group each image is in, as the data says."""

from __future__ import annotations

import pandas as pd

from audit.checks.context import Context
from audit.checks.groups.outputs import TABLE
from audit.datasets.dataset import SPLITS
from audit.datasets.groups import groups_of


def write(context: Context) -> None:
    """Keep the groups of all images of every split, by the columns that are asked for."""
    dataset = context.dataset
    items = [item for split in SPLITS for item in dataset.items(split)]
    rows = [
        (column, item.split, item.name, item.label, value or "")
        for column in context.config.checks.groups
        for item, value in zip(items, groups_of(dataset, items, column), strict=True)
    ]
    table = pd.DataFrame(rows, columns=["column", "split", "name", "label", "value"])
    context.folder.keep(TABLE.file(context.folder), table.to_parquet(index=False))
