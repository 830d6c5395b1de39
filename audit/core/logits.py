"""Answers that logits give."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


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
