"""When interventions may stop: what no answer to the questions left could change is not asked."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from audit.settings.verdict import Thresholds

HALF = 0.5  # of the answer's probability: a region that takes more is suspicious by itself
KEPT = 0.5  # of other backgrounds: an answer that stays on more hangs on none of them
_SHARE = 0.15  # by which a mask that moves by 3 pixels may move the background's share, at most


def kept_elsewhere(told: Any) -> Any:
    """Return the share of other backgrounds that keep an answer, 0..1; NaN where none was tried.

    Survival counts its own background, softened, which still has its colours and its frame. Of
    right answers it is known what donors' backgrounds alone do.

    Parameters
    ----------
    told : mapping or DataFrame
        ``correct``, ``survival`` and ``mixed_rand`` of one record, or of many.
    """
    alone = np.where(told["correct"], told["mixed_rand"], math.nan)
    return np.fmin(told["survival"], alone)


def supported(told: Any, thresholds: Thresholds) -> Any:
    """Return whether the background's share or the swap agrees that the background decides."""
    return (told["background_share"] > thresholds.least_support) | (told["survival"] == 0)


def hangs(told: Any) -> Any:
    """Return whether an answer hangs on its background, so that an edit of that may accuse it.

    An answer that stays on most backgrounds of other classes is accused for no edit: an edit may
    put in another class's cue.

    Parameters
    ----------
    told : mapping or DataFrame
        As for `kept_elsewhere`.
    """
    return ~(kept_elsewhere(told) > KEPT)


def owed(told: Mapping[str, Any], thresholds: Thresholds) -> bool:
    """Return whether an answer is owed to its background by share and swap alike.

    What accuses it most is then known in full.
    """
    return bool(_carries(told["background_share"], thresholds) and told["survival"] == 0)


def edits_may_accuse(told: Any, thresholds: Thresholds) -> Any:
    """Return whether an edit of the background may accuse an answer; see `hangs`.

    By fixed thresholds, edits that are proven of its class accuse what stays elsewhere, too.
    """
    return hangs(told) | (thresholds.thresholds == "fixed")


def no_region_decides(
    told: Mapping[str, Any], thresholds: Thresholds, lost: float, *, turned: bool
) -> bool:
    """Return whether no region of the background decides, as one that is filled in shows.

    One that turns the answer may, and so may another where this one costs as much as one that
    decides has to; one that takes half of the answer's probability is suspicious where that hangs
    on its background.

    Parameters
    ----------
    told : mapping
        As for `hangs`, with ``background_share`` and ``log_odds``.
    lost : float
        Log-odds that the region costs; below 0 where the answer gains.
    turned : bool
        Whether the answer changes without it.
    """
    costly = lost >= thresholds.least_effect and supported(told, thresholds)
    suspicious = taken_by(told["log_odds"], lost) > HALF and hangs(told)
    return not (turned or costly or suspicious)


def no_mask_decides(
    told: Mapping[str, Any], thresholds: Thresholds, *, turned: bool, kept: bool
) -> bool:
    """Return whether a mask grown or shrunk by 3 pixels could change no verdict.

    A verdict hangs on the side of its threshold that the share is on, on whether any background
    keeps the answer, and, where an intervention turned it, on whether share and swap agree.

    Parameters
    ----------
    told : mapping
        As for `hangs`, and ``background_share``.
    turned : bool
        Whether an edit or the region turned the answer.
    kept : bool
        Whether a background keeps it that no moved mask is tried on.
    """
    share = told["background_share"]
    if math.isnan(share):  # nothing speaks for the answer, but with another mask it may
        return False
    near = abs(share - thresholds.suspicious_share) <= _SHARE
    doubted = turned and abs(share - thresholds.least_support) <= _SHARE
    return not (near or doubted or not (_carries(share, thresholds) or kept))


def _carries(share: float, thresholds: Thresholds) -> bool:
    """Return whether the background has a suspicious share of an answer."""
    return share > thresholds.suspicious_share


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
