"""Errors under corruptions, of runs that measured them."""

from __future__ import annotations

import pandas as pd

from audit.errors import RunFolderError, first_line
from audit.report.source import Source

COLUMNS = ["name", "corruption", "severity", "correct"]


def corruption_errors(source: Source, other: Source) -> pd.Series | None:
    """Share of corrupted versions of each image that are misread, by name.

    Only kinds and severities that both runs tried count. None where a run tried none.
    """
    ours, theirs = _tried(source), _tried(other)
    if ours is None or theirs is None:
        return None
    both = ours.merge(theirs[["corruption", "severity"]].drop_duplicates())
    return 1 - both.groupby("name")["correct"].mean()


def _tried(source: Source) -> pd.DataFrame | None:
    """One row an image, corruption and severity; the clean image has severity 0."""
    file = source.run.root / "robustness.parquet"
    if not file.is_file():
        return None
    try:
        table = pd.read_parquet(file, columns=COLUMNS).astype({"correct": float})
    except (OSError, ValueError) as error:
        raise RunFolderError(f"{file} is torn ({first_line(error)}): measure it again.") from None
    return table[table["severity"] > 0]
