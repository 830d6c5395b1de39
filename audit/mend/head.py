"""Last layers by multinomial logistic regression under an l1 penalty."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from audit.training.logistic import Features, Head, Labels

_STEPS = 120  # of proximal gradient descent, at most
_SETTLED = 3e-4  # largest change of a weight, in shares of the largest, at which it ends
_POWER = 12  # iterations that find the steepest curvature
_MARGIN = 1.05  # on that curvature, of which too little makes steps too long


@dataclass(frozen=True)
class Scale:
    """Standardisation of features.

    Attributes
    ----------
    mean, spread : float32 ``(channels,)``
    """

    mean: Features
    spread: Features

    @classmethod
    def of(cls, features: Features) -> Scale:
        """Measure features ``(n, channels)``; what never varies keeps its scale."""
        spread = features.std(axis=0)
        return cls(features.mean(axis=0), np.where(spread > 0, spread, 1).astype(np.float32))

    def scaled(self, features: Features) -> Features:
        """Return features with mean 0 and deviation 1 where they were measured."""
        return np.asarray((features - self.mean) / self.spread, np.float32)

    def undone(self, weights: Features) -> Head:
        """Return weights ``(channels + 1, classes)`` of scaled features as a head of plain ones."""
        kernel = weights[:-1] / self.spread[:, None]
        bias = weights[-1] - self.mean @ kernel
        return Head(kernel.astype(np.float32), bias.astype(np.float32))


def sparse(
    scaled: Features, labels: Labels, classes: int, strength: float, start: Features | None = None
) -> Features:
    """Fit weights ``(channels + 1, classes)`` to scaled features, the biases in the last row.

    Minimises the summed cross-entropy times ``strength`` plus the sum of absolute weights, biases
    left out, by accelerated proximal gradients with restarts (Beck and Teboulle 2009, O'Donoghue
    and Candes 2015). For two classes that is what scikit-learn calls ``l1_ratio=1``,
    ``C=strength``; its solvers take one class or one image at a time, and minutes for 100 classes.

    Parameters
    ----------
    scaled : float32 ``(n, channels)``
    start : float32 ``(channels + 1, classes)``, optional
        Weights to begin from; zeros otherwise.
    """
    inputs = np.hstack([scaled, np.ones((len(scaled), 1), np.float32)])
    wanted = np.eye(classes, dtype=np.float32)[labels]
    step = 1 / _curvature(inputs)
    shrink = np.float32(step / (strength * len(labels)))
    weights = np.zeros((inputs.shape[1], classes), np.float32) if start is None else start
    ahead, pace = weights, 1.0
    for _ in range(_STEPS):
        slope = inputs.T @ (softmax(inputs @ ahead, axis=1) - wanted) / len(labels)
        new = _shrunk(ahead - np.float32(step) * slope, shrink)
        change = new - weights
        if np.abs(change).max() <= _SETTLED * max(float(np.abs(new).max()), _SETTLED):
            return new
        overshot = float(((ahead - new) * change).sum()) > 0
        following = 1.0 if overshot else (1 + np.sqrt(1 + 4 * pace**2)) / 2
        ahead = new if overshot else new + np.float32((pace - 1) / following) * change
        weights, pace = new, following
    return weights


def _curvature(inputs: Features) -> float:
    """Return the most that the mean cross-entropy bends: half of the largest eigenvalue."""
    vector = np.asarray(np.random.default_rng(0).normal(size=inputs.shape[1]), np.float32)
    size = 1.0
    for _ in range(_POWER):
        vector = inputs.T @ (inputs @ (vector / np.linalg.norm(vector)))
        size = float(np.linalg.norm(vector))
    return _MARGIN * size / (2 * len(inputs))


def _shrunk(weights: Features, by: np.float32) -> Features:
    """Return weights drawn to 0; the biases in the last row stay."""
    weights[:-1] = np.sign(weights[:-1]) * np.maximum(np.abs(weights[:-1]) - by, 0)
    return weights


def mean_of(heads: list[Head]) -> Head:
    """Return the head whose logits are the mean of those of all."""
    kernels, biases = ([getattr(h, part) for h in heads] for part in ("kernel", "bias"))
    return Head(_mean(kernels), _mean(biases))


def _mean(values: list[NDArray[np.float32]]) -> NDArray[np.float32]:
    return np.asarray(np.mean(values, axis=0), np.float32)
