"""Classes: how each fares."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from audit.core.estimate import Estimate, share
from audit.core.statistics import stands_out
from audit.report.figures import accuracy
from audit.report.names import slug
from audit.report.source import Source
from audit.report.verdicts import VERDICT_KINDS
from audit.verdict.verdict import Verdict

_COLUMNS = ("label", "correct", "verdict", "causal_reason")


@dataclass(frozen=True)
class ClassRow:
    """One class: a row of the class table, and a page.

    Attributes
    ----------
    counts : dict
        Images by verdict key, of the explained.
    skill : dict
        Mean skill by explainer of every image, NaN where undefined everywhere.
    wrong_reasons : Estimate
        Share of the right predictions with a verdict; undefined where nothing was tested.
    stands_out : bool
        Whether that share is above the other classes', false discoveries controlled at 5%.
    """

    index: int
    name: str
    page: str
    accuracy: Estimate
    explained: int
    correct_explained: int
    counts: dict[str, int]
    skill: dict[str, float]
    wrong_reasons: Estimate
    stands_out: bool = False


def class_rows(source: Source) -> list[ClassRow]:
    """Return every class in the order of its index, also those without test images."""
    skills = [f"{key}_skill" for key in source.leading]
    records = source.some(source.explained["label"] >= 0, *_COLUMNS, *skills)
    tested, explained = by_label(source.predictions.drop(columns="name")), by_label(records)
    rows = [
        _class_row(index, name, tested(index), explained(index), source.leading)
        for index, name in source.labels.items()
    ]
    marked = stands_out(
        [row.counts[Verdict.WRONG_REASONS] for row in rows], [row.wrong_reasons.n for row in rows]
    )
    return [replace(row, stands_out=mark) for row, mark in zip(rows, marked, strict=True)]


def by_evidence(rows: Sequence[ClassRow]) -> list[ClassRow]:
    """Return classes by what accuses them, the most accused first.

    Those that stand out come first, then by the lower end of the interval of wrong reasons, by that
    rate and by suspects; classes without a right prediction that was tested and judged come last.
    """
    return sorted(rows, key=_evidence)


def _evidence(row: ClassRow) -> tuple[float, ...]:
    e, suspects = row.wrong_reasons, row.counts[Verdict.SUSPECT]
    told = (not row.stands_out, -e.low, -e.value) if e.n else (True, 1.0, 1.0)
    return (*told, -suspects, row.index)


def by_label(table: pd.DataFrame) -> Callable[[int], pd.DataFrame]:
    """Return what gives the images of a class; none of a class without any."""
    found = dict(iter(table.groupby("label")))
    return lambda index: found.get(index, table.iloc[:0])


def _class_row(
    index: int,
    name: str,
    predictions: pd.DataFrame,
    records: pd.DataFrame,
    leading: Iterable[str],
) -> ClassRow:
    return ClassRow(
        index=index,
        name=name,
        page=slug(f"{index}-{name}"),
        accuracy=accuracy(predictions),
        explained=len(records),
        correct_explained=int(records["correct"].astype(bool).sum()),
        counts={v.key: int((records["verdict"] == v.key).sum()) for v in VERDICT_KINDS},
        skill={key: float(records[f"{key}_skill"].mean()) for key in leading},
        wrong_reasons=_wrong_reasons(records),
    )


def _wrong_reasons(records: pd.DataFrame) -> Estimate:
    right = records[records["correct"].astype(bool) & (records["causal_reason"] == "")]
    judged = right[right["verdict"] != Verdict.UNDECIDED]
    return share(judged["verdict"] == Verdict.WRONG_REASONS, judged)
