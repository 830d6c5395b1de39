"""Groups: how each fares, by itself and class by class."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from audit.checks.groups.headline import answers, cells_of, groups_by_name, worst_among, worst_in
from audit.checks.groups.outputs import columns_of
from audit.checks.groups.statistics import LEAST, SHOWN, Cell, Worst
from audit.core.estimate import CLUSTER, Estimate, as_json
from audit.core.wording import plural
from audit.report.figures import (
    BACKGROUND_SHARE,
    BG_GAP,
    WRONG_REASONS,
    accuracy,
    estimate,
    hit_rate,
)
from audit.report.source import Source
from audit.report.verdicts import VERDICT_KINDS

# Of records, as all columns of each group would be a second copy of all.
_COLUMNS = ("name", "skipped", "label", "prediction", "correct", "verdict", "causal_reason",
            "background_share", "mixed_same", "mixed_rand")  # fmt: skip
_CLASSES, _GROUPS = 30, 12  # rows and columns of the picture


@dataclass(frozen=True)
class Row:
    """The test images of one group, or of one class in it.

    Attributes
    ----------
    group : str
        As given: not to be trusted in markup.
    label : int
        -1 for all classes together.
    trained : int
        Training images of the same kind.
    counts : dict
        Explained images by verdict key.
    """

    group: str
    label: int
    trained: int
    accuracy: Estimate
    explained: int
    counts: dict[str, int]
    wrong_reasons: Estimate
    share: Estimate
    gap: Estimate

    @property
    def few(self) -> bool:
        """Whether it has too few images to be called the worst."""
        return self.accuracy.n < LEAST


@dataclass(frozen=True)
class Picture:
    """Accuracy of classes in groups, rows and columns: the worst classes, the largest groups."""

    groups: list[str]
    labels: list[int]
    cells: Mapping[tuple[int, str], Cell]
    left_out: int


@dataclass(frozen=True)
class Column:
    """Groups by one column.

    Attributes
    ----------
    groups, cells : list of Row
        At most `SHOWN` groups, and classes in groups, the worst first.
    sizes : int
        Groups that have test images.
    all_cells : list of Cell
        Classes in groups that have test images, the worst first.
    without, tested : int
        Test images without a value, and all of them.
    elsewhere, unseen : list of str
        Groups of which no image was tested, and tested ones of which none is for training.
    worst : Worst
        Of this column alone.
    """

    name: str
    groups: list[Row]
    cells: list[Row]
    sizes: int
    all_cells: list[Cell]
    without: int
    tested: int
    elsewhere: list[str]
    unseen: list[str]
    worst: Worst
    picture: Picture

    least = LEAST

    @property
    def words(self) -> str:
        """What there is, in words."""
        return plural(self.sizes, "group") + f" of {self.tested - self.without:,} test images"


@dataclass(frozen=True)
class Groups:
    """Groups by all columns.

    Attributes
    ----------
    worst : Worst
        Of all columns.
    of : mapping
        By column, the group of each test image that has one.
    classes : mapping
        Names by label: not to be trusted in markup.
    rate : str
        What the share of right predictions is called.
    """

    columns: list[Column]
    worst: Worst
    of: Mapping[str, Mapping[str, str]]
    classes: Mapping[int, str]
    rate: str

    least = LEAST


def find_groups(source: Source) -> Groups | None:
    """Gather what is told by group; None where no groups were given."""
    given = columns_of(source)
    if not given:
        return None
    cells = cells_of(source)
    columns = [_column(source, name, rows, cells[name]) for name, rows in given.items()]
    of = {name: _with_value(groups_by_name(rows)) for name, rows in given.items()}
    return Groups(columns, worst_among(source, cells), of, source.classes, hit_rate(source))


def _with_value(groups: pd.Series) -> dict[str, str]:
    return {str(name): str(value) for name, value in groups[groups != ""].items()}


def _column(source: Source, name: str, rows: pd.DataFrame, found: list[Cell]) -> Column:
    right = answers(source)
    groups = groups_by_name(rows).reindex(right.index, fill_value="")
    values = {split: set(some) - {""} for split, some in rows.groupby("split")["value"]}
    trained = rows[rows["split"] == "train"]
    tested = set(groups) - {""}
    parts = _Parts(source, groups, trained)
    return Column(
        name=name,
        groups=parts.of_groups(),
        cells=[parts.cell(cell) for cell in found[:SHOWN]],
        sizes=len(tested),
        all_cells=found,
        without=int((groups == "").sum()),
        tested=len(right),
        elsewhere=sorted(set().union(*values.values()) - tested),
        unseen=sorted(tested - values.get("train", set())) if "train" in values else [],
        worst=worst_in(found, right),
        picture=_picture(found),
    )


class _Parts:
    """Rows of a column's tables: each of a part of the run."""

    def __init__(self, source: Source, groups: pd.Series, trained: pd.DataFrame) -> None:
        records = source.records[source.records.columns.intersection([*_COLUMNS, CLUSTER])]
        self._source = replace(source, records=records)
        self._records = dict(iter(records.groupby(_aligned(records, groups))))
        table = source.predictions
        self._predictions = dict(iter(table.groupby(_aligned(table, groups))))
        self._trained = trained

    def of_groups(self) -> list[Row]:
        """Return the groups of the lowest accuracy, those with few images last."""
        sized = {g: len(t) for g, t in self._predictions.items() if g != ""}
        right = {g: _hits(self._predictions[g]) for g in sized}
        order = sorted(sized, key=lambda g: (sized[g] < LEAST, right[g] / sized[g], -sized[g]))
        return [self._row(str(group)) for group in order[:SHOWN]]

    def cell(self, cell: Cell) -> Row:
        """Return one class in one group."""
        return self._row(cell.group, cell.label)

    def _row(self, group: str, label: int = -1) -> Row:
        records, predictions = self._records.get(group), self._predictions[group]
        records = self._source.records.iloc[:0] if records is None else records
        trained = self._trained[self._trained["value"] == group]
        if label >= 0:
            records, predictions, trained = (
                table[table["label"] == label] for table in (records, predictions, trained)
            )
        part = replace(self._source, records=records, predictions=predictions)
        verdicts = part.explained["verdict"].value_counts()
        return Row(
            group=group,
            label=label,
            trained=len(trained),
            accuracy=accuracy(predictions),
            explained=len(part.explained),
            counts={kind.key: int(verdicts.get(kind.key, 0)) for kind in VERDICT_KINDS},
            wrong_reasons=estimate(part, WRONG_REASONS),
            share=estimate(part, BACKGROUND_SHARE),
            gap=estimate(part, BG_GAP),
        )


def _aligned(table: pd.DataFrame, groups: pd.Series) -> pd.Series:
    """Return the group of each row of a table; "" where it has none."""
    return table["name"].map(groups).fillna("")


def _hits(predictions: pd.DataFrame) -> int:
    return int((predictions["label"] == predictions["prediction"]).sum())


def _picture(found: Sequence[Cell]) -> Picture:
    """Choose the classes of the lowest accuracy in a group, and the largest groups."""
    sizes: dict[str, int] = {}
    for cell in found:
        sizes[cell.group] = sizes.get(cell.group, 0) + cell.n
    groups = sorted(sorted(sizes, key=lambda g: -sizes[g])[:_GROUPS])
    labels = list(dict.fromkeys(cell.label for cell in found))[:_CLASSES]
    shown = {(c.label, c.group): c for c in found if c.label in labels and c.group in groups}
    return Picture(groups, sorted(labels), shown, len(found) - len(shown))


def table(source: Source) -> pd.DataFrame | None:
    """Return every class in every group as a row, to download; None where there are none."""
    found = cells_of(source)
    if not found:
        return None
    rows = [
        {
            "column": cell.column,
            "group": cell.group,
            "class": source.classes.get(cell.label, ""),
            "images": cell.n,
            "right": cell.right,
            "accuracy": cell.accuracy.value,
            "low": cell.accuracy.low,
            "high": cell.accuracy.high,
        }
        for cells in found.values()
        for cell in cells
    ]
    return pd.DataFrame(rows, columns=["column", "group", "class", "images", "right", "accuracy",
                                       "low", "high"])  # fmt: skip


def summary_part(found: Groups) -> dict[str, Any]:
    """Give its part of summary.json."""
    columns = [_column_part(column, found.classes) for column in found.columns]
    return {"worst": _worst_part(found.worst, found.classes), "columns": columns}


def _column_part(column: Column, classes: Mapping[int, str]) -> dict[str, Any]:
    return {
        "column": column.name,
        "groups_tested": column.sizes,
        "images": column.tested - column.without,
        "without_value": column.without,
        "groups_without_test_images": len(column.elsewhere),
        "worst": _worst_part(column.worst, classes),
        "groups": list(_rows(column.groups, classes)),
        "cells": list(_rows(column.cells, classes)),
    }


def _worst_part(found: Worst, classes: Mapping[int, str]) -> dict[str, Any]:
    cell = found.cell
    return {
        "column": cell.column if cell else None,
        "group": cell.group if cell else None,
        "class": classes.get(cell.label) if cell else None,
        "accuracy": as_json(found.accuracy),
        "below_all": as_json(found.below),
        "compared": found.counted,
        "too_few_images": found.small,
    }


def _rows(rows: Iterable[Row], classes: Mapping[int, str]) -> Iterable[dict[str, Any]]:
    for row in rows:
        yield {
            "group": row.group,
            "class": classes.get(row.label),  # null for all classes together
            "training_images": row.trained,
            "accuracy": as_json(row.accuracy),
            "explained": row.explained,
            "verdicts": row.counts,
            "wrong_reasons": as_json(row.wrong_reasons),
            "background_share": as_json(row.share),
            "bg_gap": as_json(row.gap),
        }
