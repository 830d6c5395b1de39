"""Standing of a figure to a limit, which is broken only where noise cannot be the reason."""

from __future__ import annotations

import math
from typing import Literal

Bound = Literal["at most", "at least"]
Standing = Literal["holds", "doubtful", "broken", "undefined"]


def standing(value: float, low: float, high: float, limit: float, bound: Bound) -> Standing:
    """Return where a figure with its interval stands to a limit.

    Parameters
    ----------
    value, low, high, limit : float
        On one scale; ``low <= high``. Where ``value``, ``low`` or ``high`` is NaN the figure is
        undefined.
    bound : "at most" or "at least"
        What the limit is.

    Returns
    -------
    Standing
        ``broken`` where the whole interval lies beyond the limit, ``doubtful`` where the value
        does and the interval does not, else ``holds``. A figure equal to its limit keeps to it.
    """
    if math.isnan(value + low + high):  # NaN if any of the three is
        return "undefined"
    if bound == "at least":
        return standing(-value, -high, -low, -limit, "at most")
    if low > limit:
        return "broken"
    return "doubtful" if value > limit else "holds"


def keeps(low: float, high: float, limit: float, bound: Bound) -> bool:
    """Return whether a whole interval keeps to a limit; not where it is undefined (NaN)."""
    return low >= limit if bound == "at least" else high <= limit


def shared_level(groups: int, level: float = 0.95) -> float:
    """Return the level of each of many intervals that all hold together at ``level`` (Bonferroni).

    Parameters
    ----------
    groups : int
        At least 1.
    level : float
        Confidence level of all together, between 0 and 1.
    """
    return 1 - (1 - level) / groups
