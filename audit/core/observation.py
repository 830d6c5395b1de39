"""Observations of the inputs before a model is judged by them, and how sure they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Strength = Literal["fine", "weak", "strong"]


@dataclass(frozen=True)
class Observation:
    """One thing that a reader saw, or took for something.

    Attributes
    ----------
    key : str
        Stable, for pages and programs: ``splits``, ``mask-values``, ``scaling``, ...
    title : str
        What was looked at, in a few words.
    words : str
        What was seen and what it was taken for: one sentence with its numbers and n.
    strength : str
        ``fine``: as it should be. ``weak``: worth a look, a finding. ``strong``: inputs are read
        otherwise than their makers meant beyond doubt, so the run stops.
    mend : str
        The option or the act that mends it, as an order: ``give --class-order number``. "" where
        all is fine.
    """

    key: str
    title: str
    words: str
    strength: Strength = "fine"
    mend: str = ""

    @property
    def line(self) -> str:
        """Observation and its mend, as the one line that a run stops with."""
        words = self.words.rstrip(".")
        return f"{words}: {self.mend.rstrip('.')}." if self.mend else f"{words}."
