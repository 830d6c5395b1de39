"""Accuracy by class and group, and of the worst of them: pure functions on arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from audit.core.estimate import NOTHING, Estimate, effective_size, share
from audit.core.statistics import clopper_pearson
from audit.gate.bounds import shared_level

LEAST = 10  # images of a class in a group, from which on it may be called the worst
LEVEL = 0.95
SHOWN = 40  # rows of a table: bootstraps of more would take longer than anybody reads


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
    accuracy : Estimate
        With an interval that stands for itself.
    effective : float
        Independent images that would tell as much, at most ``n``.
    """

    column: str
    group: str
    label: int
    right: int
    n: int
    accuracy: Estimate
    effective: float

    @property
    def counts(self) -> bool:
        """Whether it holds images enough to be called the worst."""
        return self.n >= LEAST


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
        ``label``, ``group`` and ``right`` of each test image that has a group, and `CLUSTER`
        where images are not independent.

    Returns
    -------
    list of Cell
        Lowest accuracy first, those with too few images last, the larger ones of these first.
    """
    parts = table.groupby(["label", "group"], observed=True)
    return sorted((_cell(column, str(key[1]), part) for key, part in parts), key=rank)


def _cell(column: str, group: str, images: pd.DataFrame) -> Cell:
    right = images["right"]
    return Cell(
        column=column,
        group=group,
        label=int(images["label"].iloc[0]),
        right=int(right.sum()),
        n=len(images),
        accuracy=share(right, images),
        effective=effective_size(right, images),
    )


def rank(cell: Cell) -> tuple[bool, float, int]:
    """Sort the lowest accuracy first, and what has too few images last."""
    if not cell.counts:
        return True, -cell.n, 0
    return False, cell.right / cell.n, -cell.n


def worst(
    found: Sequence[Cell], right: int, n: int, effective: float, level: float = LEVEL
) -> Worst:
    """Find the class and group of the lowest accuracy (Sagawa et al. 2020, arXiv 1911.08731).

    The lowest of many rates is low by chance, too: its interval reaches from the lowest lower to
    the lowest upper bound of exact intervals that hold for all cells and for all images together
    (Clopper and Pearson 1934, Bonferroni). So it holds the lowest *true* accuracy at ``level`` or
    more, whichever cell has it, and whatever cell looks worst. Cells of fewer than `LEAST` images
    are left out: one of one image would be the worst in every other run. Where images are not
    independent, intervals are those of as many images as would tell as much (Korn and Graubard
    1998).

    Parameters
    ----------
    found : sequence of Cell
        Of one column, or of several: then each image stands in several cells.
    right, n : int
        Right answers among all test images, whether they have a group or not.
    effective : float
        Independent images that would tell as much as all of these.
    level : float
        Confidence level of the intervals.
    """
    counted = [cell for cell in found if cell.counts]
    small = len(found) - len(counted)
    if not counted:
        return Worst(None, NOTHING, NOTHING, 0, small)
    lowest = min(counted, key=rank)
    each = shared_level(len(counted) + 1, level)
    sizes = np.array([cell.effective for cell in counted])
    hits = [cell.right * (cell.effective / cell.n) for cell in counted]
    lows, highs = clopper_pearson(hits, sizes, each)
    (low,), (high,) = clopper_pearson([right * (effective / n)], [effective], each)
    value, least, most = lowest.right / lowest.n, float(lows.min()), float(highs.min())
    accuracy = Estimate(value, least, most, lowest.n, method="exact")
    below = Estimate(
        right / n - value, float(low) - most, float(high) - least, lowest.n, method="exact"
    )
    return Worst(lowest, accuracy, below, len(counted), small)
