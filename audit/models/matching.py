"""How good a model would be if its outputs stood for the classes in the best other order."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

_PERMUTATIONS = 200


class Matching(NamedTuple):
    """The best one-to-one assignment of outputs to classes.

    Attributes
    ----------
    accuracy : float
        Share of images that are right under it, 0..1.
    classes_of : int64 ``(classes,)``
        Class that each output stands for.
    chance : float
        Accuracy that the best assignment to shuffled labels reaches in at most 1 of 100 shuffles:
        with few images, some assignment always looks good.
    """

    accuracy: float
    classes_of: NDArray[np.int64]
    chance: float


def matched_accuracy(
    predictions: NDArray[np.int64], labels: NDArray[np.int64], classes: int, seed: int = 0
) -> Matching:
    """Accuracy of predictions ``(n,)`` under the best order of outputs; NaN of no images."""
    accuracy, classes_of = _best(predictions, labels, classes)
    random = np.random.default_rng(seed)
    shuffled = [
        _best(predictions, random.permutation(labels), classes)[0] for _ in range(_PERMUTATIONS)
    ]
    return Matching(accuracy, classes_of, float(np.quantile(shuffled, 0.99)))


def _best(
    predictions: NDArray[np.int64], labels: NDArray[np.int64], classes: int
) -> tuple[float, NDArray[np.int64]]:
    counts = np.zeros((classes, classes), np.int64)
    np.add.at(counts, (predictions, labels), 1)
    # Among equals the order as it is.
    rows, columns = linear_sum_assignment(2 * classes * counts + np.eye(classes), maximize=True)
    total = len(labels)
    return (counts[rows, columns].sum() / total if total else np.nan), columns
