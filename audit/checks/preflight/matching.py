"""Assignment of a model's outputs to classes, in the best order other than the given one."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_PERMUTATIONS = 200  # enough for a 99th percentile; each solves an assignment
Indices = NDArray[np.int64]


class Matching(NamedTuple):
    """The best one-to-one assignment of outputs to classes.

    Attributes
    ----------
    accuracy : float
        Share of images that are right under it, 0..1; NaN of no images.
    output_of : int64 ``(classes,)``
        Output that stands for each class.
    chance : float
        Accuracy that the best assignment to shuffled labels reaches in at most 1 of 100 shuffles:
        with few images, some assignment always looks good.
    """

    accuracy: float
    output_of: Indices
    chance: float


def assignment(predictions: Indices, labels: Indices, classes: int) -> Indices:
    """Return each class's output under the one-to-one assignment that names most images rightly.

    Parameters
    ----------
    predictions : int64 ``(n,)``
        -1 where there is none.
    labels : int64 ``(n,)``
    classes : int

    Returns
    -------
    int64 ``(classes,)``
    """
    from scipy.optimize import linear_sum_assignment

    times, known = np.zeros((classes, classes)), predictions >= 0
    np.add.at(times, (labels[known], predictions[known]), 1)
    times[np.diag_indices(classes)] += 0.5  # a class of which little is known stays where it is
    return np.asarray(linear_sum_assignment(times, maximize=True)[1])


def match(predictions: Indices, labels: Indices, classes: int, seed: int = 0) -> Matching:
    """Find the best order of outputs, and how good one would be by chance; see `assignment`."""
    random = np.random.default_rng(seed)
    output_of = assignment(predictions, labels, classes)
    shuffled = [random.permutation(labels) for _ in range(_PERMUTATIONS)]
    chance = [_share(predictions, s, assignment(predictions, s, classes)) for s in shuffled]
    found = _share(predictions, labels, output_of)
    return Matching(found, output_of, float(np.quantile(chance, 0.99)))


def _share(predictions: Indices, labels: Indices, output_of: Indices) -> float:
    return float((predictions == output_of[labels]).mean()) if labels.size else np.nan
