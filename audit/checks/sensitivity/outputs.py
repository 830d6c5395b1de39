"""Sensitivity of classes to edits of the background, on disk."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from audit.core.errors import RunFolderError, quoted
from audit.core.estimate import Estimate
from audit.core.paired import Difference
from audit.storage.outputs import Table
from audit.storage.run import RunFolder
from audit.verdict.sensitivity import KEYS, SCENE, Sensitivity, sensitivities

_ESTIMATES = ("flips", "others")
_BOUNDS = ("value", "low", "high")
TABLE = Table(
    "sensitivity.parquet",
    {
        "target": "whole",
        "edit": "text",
        **{f"{e}_{b}": "real" for e in (*_ESTIMATES, "excess") for b in _BOUNDS},
        **{f"{e}_n": "whole" for e in _ESTIMATES},
        **dict.fromkeys(("lost", "others_lost", "p", "corrected"), "real"),
    },
    more={"kept": "real", "beyond": "real"},
)


def keep_sensitivities(run: RunFolder) -> None:
    """Hold every class against the others, from the records alone, and keep what is found."""
    found = table_of(sensitivities(run.evidence()))
    run.keep(TABLE.file(run), found.to_parquet(index=False))


def table_of(found: Sequence[Sensitivity]) -> pd.DataFrame:
    """Return one row a class and edit, as `TABLE` has them."""
    return pd.DataFrame([_row(each) for each in found], columns=[*TABLE.columns, *TABLE.more])


def _row(each: Sensitivity) -> dict[str, Any]:
    spread = {
        f"{name}_{bound}": getattr(getattr(each, name), bound)
        for name in (*_ESTIMATES, "excess")
        for bound in _BOUNDS
    }
    counts = {f"{name}_n": getattr(each, name).n for name in _ESTIMATES}
    plain = ("target", "edit", "lost", "others_lost", "p", "corrected", "kept", "beyond")
    return {name: getattr(each, name) for name in plain} | spread | counts


def read_sensitivities(run: RunFolder) -> list[Sensitivity] | None:
    """Read what was measured; None where nothing was.

    Raises
    ------
    RunFolderError
        The file is torn, or names an edit that there is none of.
    """
    table = TABLE.read(run)
    return None if table is None else list(_read(table, run))


def _read(table: pd.DataFrame, run: RunFolder) -> Iterator[Sensitivity]:
    rows: list[Any] = table.to_dict("records")
    for row in rows:
        if row["edit"] not in KEYS:
            file = TABLE.file(run)
            raise RunFolderError(f"{file} has no edit that there is: {quoted(row['edit'])}.")
        yield Sensitivity(
            target=int(row["target"]),
            edit=str(row["edit"]),
            flips=_estimate(row, "flips"),
            others=_estimate(row, "others"),
            excess=Difference(row["excess_value"], row["excess_low"], row["excess_high"]),
            **{key: float(row[key]) for key in ("lost", "others_lost", "p", "corrected")},
            **{key: float(row.get(key, math.nan)) for key in TABLE.more},
        )


def _estimate(row: Mapping[str, Any], name: str) -> Estimate:
    value, low, high = (float(row[f"{name}_{bound}"]) for bound in _BOUNDS)
    method = "bootstrap" if row["edit"] == SCENE else "wilson"
    return Estimate(value, low, high, int(row[f"{name}_n"]), method=method)
