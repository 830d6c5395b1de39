"""Answers that logits give.

Logits of classes that exclude each other are one answer. Those of several labels an image are one
answer each: of *n* labels there are 2 *n* logits, ``z / 2`` for each label that it is there, then
``-z / 2`` for each that it is not, as one unit is read as two classes. `of_label` rules all others
out, and what is left is an answer like any other.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

_RULED_OUT = np.float32(-1e30)  # finite, so that an answer can be told from none
Seen = Callable[[NDArray[Any], int], NDArray[Any]]
"""Logits and the label that an image was asked about to the logits that answer it."""


def predicted(logits: NDArray[Any]) -> NDArray[np.int64]:
    """Return the class with the greatest logit; -1, which no label is, where logits are no numbers.

    Parameters
    ----------
    logits : float ``(..., classes)``

    Returns
    -------
    int64 ``(...)``
        -1 where any logit is NaN or infinite.
    """
    return np.where(np.isfinite(logits).all(axis=-1), logits.argmax(axis=-1), -1)


def absent(label: int, logits: int) -> int:
    """Return which of some ``logits`` of several labels says that a label is not there."""
    return label + logits // 2


def label_of(answer: int, logits: int) -> int:
    """Return which label one of some ``logits`` of several labels is of: there, or not."""
    return answer % (logits // 2)


def of_label(logits: NDArray[Any], label: int) -> NDArray[Any]:
    """Return logits of several labels with all but those of one label ruled out.

    Parameters
    ----------
    logits : float ``(..., 2 labels)``
    label : int

    Returns
    -------
    float ``(..., 2 labels)``
        Their log-odds are the label's logit, or its negative for its absence.
    """
    found = np.full_like(logits, _RULED_OUT)
    for kept in (label, absent(label, logits.shape[-1])):
        found[..., kept] = logits[..., kept]
    return found


def seen_by(*, independent: bool) -> Seen:
    """Return how the logits of an image are read: all together, or those of its label alone."""
    return of_label if independent else lambda logits, label: logits
