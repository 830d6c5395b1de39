"""What causes a prediction: log-odds under interventions, the two-player Shapley share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

NAN = float("nan")


def log_odds(logits: NDArray[Any], target: int) -> NDArray[np.float64]:
    """Log-odds of class ``target`` under a softmax: ``log(p / (1 - p))``.

    Parameters
    ----------
    logits : float ``(..., classes)``
        Two classes or more.

    Returns
    -------
    float64 ``(...)``
        Unbounded; above 0 the class is likelier than all others together.
    """
    values = np.asarray(logits, dtype=np.float64)
    others = np.delete(values, target, axis=-1)
    highest = others.max(axis=-1)
    rest = highest + np.log(np.exp(others - highest[..., None]).sum(axis=-1))
    return np.asarray(values[..., target] - rest)


@dataclass(frozen=True)
class Shares:
    """Two-player Shapley values of flower and background, in log-odds.

    Attributes
    ----------
    flower, background : float
        Mean gain by adding the part; their sum is ``full - nothing`` (efficiency).
    share : float
        ``max(background, 0) / (max(background, 0) + max(flower, 0))``, 0..1, lower is better: how
        much of what speaks for the class comes from the background. NaN, with the ``reason``,
        where nothing speaks for it.
    """

    flower: float = NAN
    background: float = NAN
    share: float = NAN
    reason: str = ""


def shapley(full: float, flower: float, background: float, nothing: float) -> Shares:
    """Share out ``full - nothing`` between flower and background (Shapley 1953, two players).

    Parameters
    ----------
    full, flower, background, nothing : float
        Log-odds with both parts, with the flower alone, with the background alone, with neither.
    """
    by_flower = ((flower - nothing) + (full - background)) / 2
    by_background = ((background - nothing) + (full - flower)) / 2
    speaks = max(by_flower, 0) + max(by_background, 0)
    if not np.isfinite(speaks) or speaks <= 0:
        return Shares(by_flower, by_background, NAN, "neither part speaks for the class")
    return Shares(by_flower, by_background, max(by_background, 0) / speaks)
