"""Backgrounds of other images on which foregrounds were tried, each drawn once for all cases."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from audit.interventions.edits import Colours
from audit.report.shapes import Shapes
from audit.report.trials import Trials

FOLDER = "pictures"  # beside those of the cases
# In place of a row: a case's own background, blurred until hardly more than a colour is left; and
# one that the run has lost.
EVENED, LOST = -1, -2
Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Behind:
    """Backgrounds of a run.

    Attributes
    ----------
    donors : sequence of uint8 ``(H, W, 3)``
        Decoded when they are asked for.
    """

    donors: Sequence[Pixels]

    @cached_property
    def usual(self) -> Colours:
        """Mean colour of all, and the deviation of colours within one."""
        # One by one: hundreds would fill the memory.
        told = [(d.mean(axis=(0, 1)), d.std(axis=(0, 1))) for d in self.donors]
        mean, deviation = np.mean(told or np.full((1, 2, 3), 127.5), axis=0)
        return Colours(mean.astype(np.float32), deviation.astype(np.float32))

    @property
    def evened(self) -> Pixels:
        """A picture of the mean colour."""
        return np.full((16, 16, 3), np.rint(self.usual.mean), np.uint8)


def tried(shapes: Shapes, trials: Trials) -> list[int]:
    """Return the row of the background of each of a case's swaps, or `EVENED`, or `LOST`."""
    swaps = len(trials.swaps)
    return [*shapes.donors, EVENED, *[LOST] * swaps][:swaps]


def file_of(row: int) -> str:
    """Return the picture of a background, relative to the report's root."""
    return f"{FOLDER}/background-{'evened' if row == EVENED else row}.webp"


def all_tried(found: Iterable[Shapes]) -> list[int]:
    """Return the rows of all backgrounds that these cases were tried on."""
    return sorted({row for shapes in found for row in shapes.donors if row >= 0})
