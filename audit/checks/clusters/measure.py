"""Which cluster each test image is in, as the data says."""

from __future__ import annotations

import pandas as pd

from audit.checks.context import Context
from audit.datasets.groups import groups_of
from audit.report.clusters import GIVEN


def write(context: Context) -> None:
    """Keep the clusters of all test images that have a value of the column that is asked for."""
    column, folder = context.config.checks.cluster, context.folder
    items = context.dataset.items("test")
    values = groups_of(context.dataset, items, column)
    rows = [
        (column, item.name, value)
        for item, value in zip(items, values, strict=True)
        if value is not None
    ]
    table = pd.DataFrame(rows, columns=["column", "name", "cluster"]).astype("str")
    folder.keep(GIVEN.file(folder), table.to_parquet(index=False))
