"""Accuracy by class and group, and of the worst of them: pure functions on arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from audit.core.estimate import NOTHING, Estimate, rate
from audit.core.statistics import clopper_pearson
from audit.gate.bounds import shared_level

LEAST = 10  # images of a class in a group, from which on it may be called the worst
LEVEL = 0.95


@dataclass(frozen=True)
class Cell:
    """The test images of one class in one group.

    Attributes
    ----------
    column, group : str
        What groups the images, and its value; of any origin.
    label : int
    right, n : int
        Images named rightly, and all of them: at least 1.
    """

    column: str
    group: str
    label: int
    right: int
    n: int

    @property
    def counts(self) -> bool:
        """Whether it holds images enough to be called the worst."""
        return self.n >= LEAST

    @property
    def accuracy(self) -> Estimate:
        """With an interval that stands for itself."""
        return rate(self.right, self.n)


@dataclass(frozen=True)
class Worst:
    """The class and group of the lowest accuracy.

    Attributes
    ----------
    cell : Cell or None
        None where none has images enough.
    accuracy : Estimate
        Of that cell; its interval holds the lowest true accuracy of all cells that count.
    below : Estimate
        By how much it is below the accuracy of all test images, -1..1; so honest, too.
    counted, small : int
        Cells that were compared, and those left out as they have too few images.
    """

    cell: Cell | None
    accuracy: Estimate
    below: Estimate
    counted: int
    small: int


def cells(column: str, table: pd.DataFrame) -> list[Cell]:
    """Count right answers by class and group.

    Parameters
    ----------
    table : DataFrame
        ``label``, ``group`` and ``right`` of each test image that has a group.

    Returns
    -------
    list of Cell
        Lowest accuracy first, those with too few images last, the larger ones of these first.
    """
    sums = table.groupby(["label", "group"], observed=True)["right"].agg(["sum", "size"])
    found = [
        Cell(column, str(group), int(label), int(right), int(n))
        for (label, group), right, n in zip(sums.index, sums["sum"], sums["size"], strict=True)
    ]
    return sorted(found, key=rank)


def rank(cell: Cell) -> tuple[bool, float, int]:
    """Sort the lowest accuracy first, and what has too few images last."""
    if not cell.counts:
        return True, -cell.n, 0
    return False, cell.right / cell.n, -cell.n


def worst(found: Sequence[Cell], right: int, n: int, level: float = LEVEL) -> Worst:
    """Find the class and group of the lowest accuracy (Sagawa et al. 2020, arXiv 1911.08731).

    The lowest of many rates is low by chance, too: its interval reaches from the lowest lower to
    the lowest upper bound of exact intervals that hold for all cells and for all images together
    (Clopper and Pearson 1934, Bonferroni). So it holds the lowest *true* accuracy at ``level`` or
    more, whichever cell has it, and whatever cell looks worst. Cells of fewer than `LEAST` images
    are left out: one of one image would be the worst in every other run.

    Parameters
    ----------
    found : sequence of Cell
        Of one column, or of several: then each image stands in several cells.
    right, n : int
        Right answers among all test images, whether they have a group or not.
    level : float
        Confidence level of the intervals.
    """
    counted = [cell for cell in found if cell.counts]
    small = len(found) - len(counted)
    if not counted:
        return Worst(None, NOTHING, NOTHING, 0, small)
    lowest = min(counted, key=rank)
    each = shared_level(len(counted) + 1, level)
    lows, highs = clopper_pearson([c.right for c in counted], [c.n for c in counted], each)
    (low,), (high,) = clopper_pearson([right], [n], each)
    value, least, most = lowest.right / lowest.n, float(lows.min()), float(highs.min())
    accuracy = Estimate(value, least, most, lowest.n, method="exact")
    below = Estimate(
        right / n - value, float(low) - most, float(high) - least, lowest.n, method="exact"
    )
    return Worst(lowest, accuracy, below, len(counted), small)
