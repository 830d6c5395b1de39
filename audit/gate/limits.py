"""Limits in words, beside figures that must not read like them."""

from __future__ import annotations

from audit.core.estimate import Estimate
from audit.gate.bounds import Bound, keeps

WRONG_REASONS = 0.05  # of the right predictions: the default, where no gate asks for another


def as_given(limit: float) -> str:
    """Return a limit with no digit lost: 0.05 as 5%."""
    return f"{100 * limit:.6g}%"


def reach(found: Estimate, limit: float, bound: Bound) -> str:
    """Say of a figure that keeps to its limit that its interval does not; "" where it does."""
    whole = keeps(found.low, found.high, limit, bound)
    return "" if whole else ", but the interval reaches across it"


def digits(found: Estimate, limit: float) -> int:
    """Return a percentage's digits: one; more where what is not the limit would read like it."""
    shown, beside = 1, [v for v in (found.value, found.low, found.high) if v != limit]
    while shown < 4 and any(f"{100 * v:.{shown}f}" == f"{100 * limit:.{shown}f}" for v in beside):
        shown += 1
    return shown
