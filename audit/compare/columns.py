"""Each image's value in a figure: one a row of the source, NaN where it does not count."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from audit.core.estimate import CLUSTER, Estimate, mean, share
from audit.core.registries import JUDGED
from audit.report import figures as f
from audit.report.source import Source
from audit.verdict.verdict import Verdict

Column = Callable[[Source], pd.Series]
Estimator = Callable[[pd.Series, int, pd.DataFrame], Estimate]


def share_of(values: pd.Series, seed: int, table: pd.DataFrame) -> Estimate:
    """Return the share of what counts, of the images of a table."""
    counts = values.notna()
    cluster = table.columns.intersection([CLUSTER])  # a copy of all columns would be a large one
    return share(values[counts].astype(bool), table.loc[counts.to_numpy(), cluster])


def hits(source: Source) -> pd.Series:
    """Return whether each prediction is right."""
    return (source.predictions["label"] == source.predictions["prediction"]).astype(float)


def accused(source: Source) -> pd.Series:
    """Return whether each right prediction, tested and judged, has the verdict wrong-reasons."""
    return _verdict(source, Verdict.WRONG_REASONS).where(_tested(source))


def _verdict(source: Source, word: str) -> pd.Series:
    records = source.explained
    judged = records["correct"].astype(bool) & (records["verdict"] != Verdict.UNDECIDED)
    return (records["verdict"] == word).astype(float).where(judged)


def _fragile(source: Source) -> pd.Series:
    records = source.explained
    return records["fragile"].astype(float).where(records["verdict"] != Verdict.UNDECIDED)


def _tested(source: Source) -> pd.Series:
    return source.explained["causal_reason"] == ""


def _of_right(column: str) -> Column:
    def values(source: Source) -> pd.Series:
        records = source.explained
        return records[column].where(_tested(source) & records["correct"].astype(bool))

    return values


def _without(source: Source) -> pd.Series:
    records = source.explained
    stays = (records["without_foreground"] == records["prediction"]).astype(float)
    return stays.where(_tested(source) & records["correct"].astype(bool))


def _answers(column: str) -> Column:
    def values(source: Source) -> pd.Series:
        records = source.explained
        right = (records[column] == records["label"]).astype(float)
        return right.where(_tested(source) & (records[column] >= 0))

    return values


def _gap(source: Source) -> pd.Series:
    return _answers("mixed_same")(source) - source.explained["mixed_rand"]


def _explained(column: str) -> Column:
    return lambda source: source.explained[column].astype(np.float64)


PROPORTIONS: dict[str, Column] = {
    f.ACCURACY.key: hits,
    "only_foreground": _answers("only_foreground"),
    "without_foreground": _answers("without_foreground"),
}
_COLUMNS: dict[str, tuple[Column, Estimator]] = {
    f.WRONG_REASONS.key: (accused, share_of),
    f.SUSPECTS.key: (lambda s: _verdict(s, Verdict.SUSPECT), share_of),
    f.FRAGILE.key: (_fragile, share_of),
    f.BACKGROUND_SHARE.key: (_of_right("background_share"), mean),
    f.SURVIVAL.key: (_of_right("survival"), mean),
    f.WITHOUT.key: (_without, share_of),
    f.BG_GAP.key: (_gap, mean),
    **{
        f"{key}_{column}": (_explained(f"{key}_{column}"), mean)
        for key in JUDGED
        for column in ("mass", "skill")
    },
}


def columns() -> dict[str, tuple[Column, Estimator]]:
    """Return what each image adds to a mean, and how that is estimated, by the figure's key."""
    of_checks = {own.metric.key: own.column for own in f.of_checks()}
    return _COLUMNS | {key: (column, mean) for key, column in of_checks.items() if column}
