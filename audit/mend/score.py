"""What a way of teaching is judged by: the worst group of photographs that were held out."""

from __future__ import annotations

from math import hypot
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

DOUBT = 1.96  # standard errors
NEAR = 0.01  # of the mean accuracy of groups: what a better worst group may cost


class Score(NamedTuple):
    """Accuracy on held-out photographs, 0..1.

    Attributes
    ----------
    worst, mean : float
        Of the worst group, and of all groups in the mean.
    error : float
        Standard error of the first.
    """

    worst: float
    mean: float
    error: float


def scored(keys: NDArray[np.int64], right: NDArray[np.bool_]) -> Score:
    """Score answers by group; nothing where there are none."""
    groups = [right[keys == key] for key in np.unique(keys)]
    if not groups:
        return Score(0.0, 0.0, 0.0)
    worst = min(groups, key=np.mean)
    rate = float(worst.mean())
    error = float(np.sqrt(rate * (1 - rate) / len(worst)))
    return Score(rate, float(np.mean([g.mean() for g in groups])), error)


def pays(block: Score, alone: Score) -> bool:
    """Return whether the block is better than the last layer alone, beyond doubt.

    Its worst group is, by `DOUBT` standard errors as of two samples (both answer the same
    photographs, so that is too much rather than too little); and the mean of all groups is not
    lower by more than `NEAR`.
    """
    gained = block.worst - alone.worst
    return gained > DOUBT * hypot(block.error, alone.error) and block.mean >= alone.mean - NEAR
