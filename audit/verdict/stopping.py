"""When interventions may stop: what no answer to the questions left could change is not asked."""

from __future__ import annotations

import math

from audit.core.questions import NO_MASK, NO_REGION
from audit.settings.verdict import Thresholds

HALF = 0.5  # of the answer's probability: a region that takes more is suspicious by itself
_SHARE = 0.1  # by which a mask that moves by 3 pixels may move the background's share, at most
_REDRAWN = 0.5  # of an answer's survival hangs on donors that a moved mask is tried on anew


def stopped_by(share: float, survival: float, taken: float, thresholds: Thresholds) -> str:
    """Return why no more need be asked, of `audit.core.questions.STOPS`; "" where more must be.

    A region decides where the background's share or the swap agrees alone, and casts suspicion
    where it takes half of the answer's probability.

    Parameters
    ----------
    share : float
        Of the background, 0..1; NaN where it is undefined.
    survival : float
        Share of other backgrounds that keep the answer, 0..1; NaN where none was tried.
    taken : float
        Share of the answer's probability that the region that is looked at most takes, at most 1.
    thresholds : Thresholds
        Those of the verdict.
    """
    if taken > HALF or not unsupported(share, survival, thresholds):
        return ""
    near = share > thresholds.least_support - _SHARE or survival <= _REDRAWN
    return NO_REGION if near else NO_MASK


def unsupported(share: float, survival: float, thresholds: Thresholds) -> bool:
    """Return whether neither share nor swap agrees that a region decides; False of NaN."""
    return share <= thresholds.least_support and survival > 0


def taken_by(before: float, lost: float) -> float:
    """Return the share of an answer's probability that losing log-odds takes, at most 1.

    Parameters
    ----------
    before : float
        Log-odds of the answer.
    lost : float
        Log-odds that it loses; below 0 where it gains.
    """
    return 1 - _probability(before - lost) / _probability(before)


def _probability(log_odds: float) -> float:
    return 1 / (1 + math.exp(min(-log_odds, 700.0)))  # exp overflows beyond 709
