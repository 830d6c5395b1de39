"""Worst-group accuracy: a figure of the headline table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from audit.checks.base import Headline
from audit.checks.groups.outputs import columns_of
from audit.checks.groups.statistics import Cell, Worst, cells, worst
from audit.core.estimate import CLUSTER, OURS, Estimate, Metric, effective_size
from audit.report.source import Source

SAGAWA = "Sagawa et al. 2020, arXiv 1911.08731"

WORST = Metric(
    key="worst_group_accuracy",
    title="Worst-group accuracy",
    description=(
        "The lowest accuracy of a class in a group of at least 10 test images; undefined where no "
        "groups were given. The interval holds the lowest of all of them together."
    ),
    formula="min over classes and groups of right answers / test images of the class in the group",
    direction="higher is better; near the accuracy is best",
    paper=SAGAWA,
)
BELOW = Metric(
    key="worst_group_gap",
    title="Worst group below all images",
    description="How far the worst class in a group is below all test images.",
    formula="share of all named rightly - that of the worst class in a group",
    direction="lower is better",
    paper=OURS,
)


def answers(source: Source) -> pd.DataFrame:
    """Return label, correctness and cluster, if any, of every test image by its name."""
    table = source.predictions[source.predictions.columns.intersection(["name", "label", CLUSTER])]
    table = table.copy()
    table["right"] = source.predictions["label"] == source.predictions["prediction"]
    return table.set_index("name")


def groups_by_name(rows: pd.DataFrame) -> pd.Series:
    """Return the group of each test image by its name, of one column; "" where it has no value."""
    of_test = rows[rows["split"] == "test"]
    return of_test.set_index("name")["value"].astype(str)


def cells_of(source: Source) -> dict[str, list[Cell]]:
    """Return classes in groups, by column; {} where no groups were given."""
    right = answers(source)
    found = {}
    for column, rows in columns_of(source).items():
        table = right.assign(group=groups_by_name(rows).reindex(right.index, fill_value=""))
        found[column] = cells(column, table[table["group"] != ""])
    return found


def worst_of(source: Source) -> Worst:
    """Return the worst class in a group, of all columns together."""
    return worst_among(source, cells_of(source))


def worst_among(source: Source, found: Mapping[str, Sequence[Cell]]) -> Worst:
    """Return the worst of the classes in groups that `cells_of` found."""
    return worst_in([cell for column in found.values() for cell in column], answers(source))


def worst_in(found: Sequence[Cell], tested: pd.DataFrame) -> Worst:
    """Return the worst of some cells; ``tested`` is what `answers` returned."""
    right = tested["right"]
    return worst(found, int(right.sum()), len(right), effective_size(right, tested))


def _worst(source: Source) -> Estimate:
    return worst_of(source).accuracy


HEADLINE = (Headline(WORST, _worst, after="accuracy", tile=True),)
