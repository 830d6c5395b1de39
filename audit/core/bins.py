"""A bin of answers of like confidence."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Bin:
    """Answers of like confidence: above ``low`` up to and with ``high``; the first with its low.

    Attributes
    ----------
    confidence : float
        Mean confidence, 0..1; NaN in an empty bin.
    accuracy, accuracy_low, accuracy_high : float
        Share of right answers with its 95% Wilson interval, 0..1; NaN in an empty bin.
    """

    low: float
    high: float
    n: int
    confidence: float
    accuracy: float
    accuracy_low: float
    accuracy_high: float

    @property
    def gap(self) -> float:
        """Mean confidence less accuracy: above 0 is too sure."""
        return self.confidence - self.accuracy

    @property
    def differs(self) -> bool:
        """True where the mean confidence lies outside the interval of the accuracy."""
        return self.n > 0 and not self.accuracy_low <= self.confidence <= self.accuracy_high
