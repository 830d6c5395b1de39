"""Files of the corruptions that were tried."""

from __future__ import annotations

import pandas as pd

from audit.core.errors import RunFolderError
from audit.core.registries import JUDGED
from audit.storage.outputs import Picture, Table
from audit.storage.run import RunFolder

TABLE = Table(
    "robustness.parquet",
    {
        **dict.fromkeys(("name", "corruption"), "text"),
        "severity": "whole",
        **dict.fromkeys(("correct", "holds"), "flag"),
        **dict.fromkeys((f"{e}_{c}" for e in JUDGED for c in ("rank", "mass_change")), "real"),
    },
    {"prediction": "whole"},
)
PICTURE = Picture("robustness.webp", "WEBP", vouched=False)


def robustness_table(run: RunFolder) -> pd.DataFrame | None:
    """Return one row an image, corruption and severity; None where none were tried."""
    table = TABLE.read(run)
    if table is not None and table.duplicated(["name", "corruption", "severity"]).any():
        raise RunFolderError(f"{TABLE.file(run)} has a version of an image twice.")
    return table
