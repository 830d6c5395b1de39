"""Heads by multinomial logistic regression on pooled features, in seconds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Features = NDArray[np.float32]
Labels = NDArray[np.int64]
STRENGTHS = (1.0, 0.1, 0.01, 0.001)  # scikit-learn's C, tried from the weakest penalty on
_STEPS = 300  # of L-BFGS: logits hardly move beyond
_NEVER = -30.0  # logit of a class that no image shows, in place of minus infinity


class Head(NamedTuple):
    """A dense layer behind global average pooling, whose outputs are logits.

    Attributes
    ----------
    kernel : float32 ``(channels, classes)``
    bias : float32 ``(classes,)``
    """

    kernel: NDArray[np.float32]
    bias: NDArray[np.float32]

    def logits(self, features: Features) -> NDArray[np.float32]:
        """Return logits ``(n, classes)`` of pooled features ``(n, channels)``."""
        return features @ self.kernel + self.bias


def fit_head(features: Features, labels: Labels, classes: int, strength: float) -> Head:
    """Fit a head to pooled features ``(n, channels)``; two classes or more among the labels.

    Features are standardised for the fit, which the kernel and the bias then undo.
    """
    mean, deviation = features.mean(axis=0), features.std(axis=0)
    scale = np.where(deviation > 0, deviation, 1)
    fitted = _regression(strength).fit((features - mean) / scale, labels)
    weights, offsets = _each_class(fitted)
    kernel = np.zeros((features.shape[1], classes))
    bias = np.full(classes, _NEVER)
    kernel[:, fitted.classes_] = weights.T / scale[:, None]
    bias[fitted.classes_] = offsets - (mean / scale) @ weights.T
    return Head(kernel.astype(np.float32), bias.astype(np.float32))


def _regression(strength: float) -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=strength, max_iter=_STEPS)


def _each_class(fitted: Any) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return weights and offsets of every class: of two, scikit-learn has the second's alone."""
    weights, offsets = fitted.coef_, fitted.intercept_
    if len(weights) > 1:
        return weights, offsets
    return np.concatenate([-weights, weights]) / 2, np.concatenate([-offsets, offsets]) / 2


def chosen_strength(
    learnt: tuple[Features, Labels],
    held: tuple[Features, Labels],
    classes: int,
    strengths: Sequence[float] = STRENGTHS,
) -> float:
    """Return the strength whose head, fitted to ``learnt``, names most of ``held`` rightly.

    Of several that do, the one under which the right classes are likeliest: log-odds of such a
    head are worth what they say.
    """
    ranked = [(_worth(fit_head(*learnt, classes, s), *held), s) for s in strengths]
    return max(ranked, key=lambda each: each[0])[1]


def _worth(head: Head, features: Features, labels: Labels) -> tuple[float, float]:
    """Return accuracy and mean log-probability of the right classes."""
    from scipy.special import log_softmax

    logits = head.logits(features)
    likely = log_softmax(logits.astype(np.float64), axis=1)[np.arange(len(labels)), labels]
    return float((logits.argmax(axis=1) == labels).mean()), float(likely.mean())
