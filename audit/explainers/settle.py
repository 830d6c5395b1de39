"""Rules for when an image has enough nodes of Integrated Gradients."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from audit.datasets.dataset import FOREGROUND, UNKNOWN
from audit.explainers.localisation import Localisation, localise
from audit.masks.sample import Sample

SETTLED = 0.03  # how far mass and rank accuracy may still move: the error left is a third of it


@dataclass
class ScoresSettled:
    """Rule to stop once the scores have settled and the verdict no longer hangs on them.

    Parameters
    ----------
    samples : Sequence[Sample]
        The images in the order in which they are attributed.
    on_foreground_skill : float
        The verdict's threshold.
    """

    samples: Sequence[Sample]
    on_foreground_skill: float
    _before: dict[int, Localisation] = field(default_factory=dict)

    def __call__(self, index: int, heatmap: NDArray[np.float32], error: float) -> bool:
        """Return whether the heatmap of image ``index`` will do."""
        trimap = self.samples[index].trimap
        score = localise(heatmap, trimap == FOREGROUND, trimap != UNKNOWN)
        before = self._before.get(index)
        self._before[index] = score  # whatever this one settles: the next rule is compared with it
        if score.reason.endswith("mask"):
            return True  # nothing is scored, so nothing can settle
        return before is not None and settled(before, score, self.on_foreground_skill)


@dataclass(frozen=True)
class Complete:
    """Rule to stop once the completeness error is within ``tolerance``."""

    tolerance: float

    def __call__(self, index: int, heatmap: NDArray[np.float32], error: float) -> bool:
        """Return whether the heatmap will do."""
        return error <= self.tolerance


def settled(before: Localisation, now: Localisation, on_foreground_skill: float) -> bool:
    """Return whether doubled nodes moved no score beyond `SETTLED` and could move no verdict.

    The last move stands for the error that remains; the verdict's threshold must lie outside it.
    """
    if before.reason or now.reason:
        return bool(before.reason and now.reason)
    moved = max(abs(now.mass - before.mass), abs(now.rank_accuracy - before.rank_accuracy))
    doubt = abs(now.skill - before.skill)
    return moved <= SETTLED and abs(now.skill - on_foreground_skill) > doubt
