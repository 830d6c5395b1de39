"""Two runs by the groups of their images."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from audit.checks.base import Compared
from audit.checks.groups.headline import answers, groups_by_name
from audit.checks.groups.outputs import columns_of
from audit.checks.groups.statistics import LEAST, LEVEL, SHOWN
from audit.core.estimate import OURS, Estimate, Metric, share, share_change
from audit.core.paired import Difference
from audit.gate.bounds import shared_level
from audit.report.source import Source

ALIKE = Metric(
    key="group_alike_accuracy",
    title="Accuracy, all groups alike",
    description=(
        "Mean accuracy of the classes in groups of at least 10 shared images, so that small groups "
        "count as much as large ones."
    ),
    formula="mean over classes and groups of right answers / images",
    direction="higher is better",
    paper=OURS,
)


@dataclass(frozen=True)
class Change:
    """One class in one group, on the images of both runs.

    Attributes
    ----------
    difference : Difference
        Of accuracies, B minus A; its interval holds together with those of all others.
    """

    column: str
    group: str
    name: str
    a: Estimate
    b: Estimate
    difference: Difference


class Changes(list[Change]):
    """All changes, the lowest accuracy of A first."""

    least = LEAST

    @property
    def shown(self) -> list[Change]:
        """Those that a page has room for."""
        return self[:SHOWN]


def by_groups(a: Source, b: Source) -> Compared | None:
    """Compare accuracies by class and group, on shared images; None where neither has groups.

    What is found are `Changes`.
    """
    given = columns_of(a) or columns_of(b)
    ours, theirs = answers(a), answers(b)
    both = ours.join(theirs["right"].rename("right_b"), how="inner")
    parts = []
    for column, rows in given.items():
        groups = groups_by_name(rows).reindex(both.index, fill_value="")
        parts.append(both.assign(column=column, group=groups)[groups != ""])
    cells = _cells(pd.concat(parts)) if parts else []
    if not cells:
        return None
    changes = [_change(a, key, cell, len(cells)) for key, cell in cells]
    ordered = Changes(sorted(changes, key=lambda c: (c.a.value, -c.a.n)))
    return Compared(ALIKE, *_alike(cells), ordered)


def _cells(table: pd.DataFrame) -> list[tuple[tuple[str, str, int], pd.DataFrame]]:
    found = dict(iter(table.groupby(["column", "group", "label"], sort=False)))
    cells: dict[tuple[str, str, int], pd.DataFrame] = found  # type: ignore[assignment]
    return [(key, cell) for key, cell in cells.items() if len(cell) >= LEAST]


def _change(a: Source, key: tuple[str, str, int], cell: pd.DataFrame, cells: int) -> Change:
    column, group, label = key
    before, after = cell["right"], cell["right_b"]
    return Change(
        column,
        group,
        a.classes.get(label, ""),
        share(before, cell),
        share(after, cell),
        share_change(before, after, cell, shared_level(cells, LEVEL)),
    )


def _alike(
    cells: list[tuple[tuple[str, str, int], pd.DataFrame]],
) -> tuple[pd.Series, pd.Series]:
    """Weigh each image so that the mean over images is the mean over classes in groups."""
    weighed = pd.concat(
        [cell[["right", "right_b"]].astype(np.float64) / (len(cell) * len(cells))
         for _, cell in cells]
    )  # fmt: skip
    sums = weighed.groupby(level=0).sum()
    scaled = sums * len(sums)
    return scaled["right"], scaled["right_b"]
