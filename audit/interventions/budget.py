"""How much is asked of an image: what its verdict hangs on, and all of a sample."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from audit.explainers.base import seed_of
from audit.settings.verdict import Thresholds

SHARE = 1 / 8  # of the images are asked what tells of all, though no verdict of theirs hangs on it
FEWEST = 64  # of them, where there are as many


@dataclass(frozen=True)
class Budget:
    """An adaptive budget: questions are left out whose answers could not change the verdict.

    Attributes
    ----------
    thresholds : Thresholds
        Of the verdict.
    sample : float
        Share of the images, 0..1, of which yardsticks and edits are asked whatever they show.
    """

    thresholds: Thresholds
    sample: float

    @classmethod
    def of(cls, thresholds: Thresholds, images: int) -> Self:
        """Make the budget of a sweep of so many images."""
        return cls(thresholds, min(1.0, max(SHARE, FEWEST / max(1, images))))

    def samples(self, name: str) -> bool:
        """Return whether an image is of the sample: by its name alone, the same in every run."""
        return seed_of(f"sample: {name}") < self.sample * 2**32
