"""A threshold of the score that accuses few clean images, by split conformal prediction.

Vovk, Gammerman and Shafer 2005: where clean images of known truth and those to be judged are
exchangeable, the k-th smallest of n scores, k = ceil((n + 1)(1 - ALARMS)), is exceeded by a new
clean image with a probability of at most `ALARMS`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

ALARMS = 0.05  # of clean images, accused at most in expectation
CONFIDENCE = 0.95  # of the bound
# With fewer clean images even the highest of their scores may be exceeded by more than 5% of all
# clean ones: 0.95^n is above 5%.
FEWEST = 59
LEAST = 19  # with fewer no score is high enough


@dataclass(frozen=True)
class Calibration:
    """A threshold of the score, with what is known of its false alarms.

    Attributes
    ----------
    threshold : float
        From it on a score accuses; NaN where there were too few clean images.
    bound : float
        The share of clean images that it accuses is at most this, with 95% confidence over the
        choice of the clean images; NaN without a threshold.
    n : int
        Clean images that it rests on.
    """

    threshold: float
    bound: float
    n: int

    @property
    def reason(self) -> str:
        """Say why there is no threshold; "" where there is one."""
        if not math.isnan(self.threshold):
            return ""
        return f"not calibrated, too few clean images (n = {self.n:,})"


def calibrated(scores: ArrayLike, alarms: float = ALARMS, fewest: int = FEWEST) -> Calibration:
    """Set the threshold so that at most ``alarms`` of clean images reach it, in expectation.

    Parameters
    ----------
    scores : float ``(n,)``
        Of right answers that are clean; NaN, of images that nothing was tested on, is left out.
    fewest : int
        Scores below which there is no threshold; `LEAST` is enough for its expectation alone.

    Returns
    -------
    Calibration
        Its threshold lies just above a score, as what reaches it is accused.
    """
    given = np.asarray(scores, dtype=np.float64)
    known = np.sort(given[~np.isnan(given)])
    if known.size < fewest:
        return Calibration(math.nan, math.nan, known.size)
    rank = rank_of(known.size, alarms)
    quantile = known[rank - 1] if rank <= known.size else math.inf
    return Calibration(
        float(np.nextafter(quantile, math.inf)), bound_of(known.size, alarms), known.size
    )


def rank_of(n: int, alarms: float = ALARMS) -> int:
    """Return ``ceil((n + 1)(1 - alarms))``; more than ``n`` where no score is high enough."""
    return math.ceil(round((n + 1) * (1 - alarms), 9))  # 60 * 0.95 is 57, not a trifle more


def bound_of(n: int, alarms: float = ALARMS) -> float:
    """Return what the realised share of false alarms stays below, with 95% confidence.

    Of scores without ties it follows a Beta distribution with parameters ``n + 1 - k`` and ``k``
    (Vovk 2012); ties only lower it.
    """
    from scipy.stats import beta

    rank = rank_of(n, alarms)
    return float(beta.ppf(CONFIDENCE, n + 1 - rank, rank)) if rank <= n else 0.0
