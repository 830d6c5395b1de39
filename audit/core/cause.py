"""Proof that answers of one class rest on something in their backgrounds."""

from __future__ import annotations

from dataclasses import dataclass

from audit.core.estimate import Estimate
from audit.core.finding import Link


@dataclass(frozen=True)
class Cause:
    """What a check proves of one class.

    Attributes
    ----------
    target : int
        The class, as it is answered.
    kind : str
        Of `audit.core.edits.KINDS`; "" where it is not known of what kind the cue is.
    estimate : Estimate
        Its effect.
    style : str
        Of the effect, as of a metric.
    words : str
        What the effect is, to follow the figure and a colon.
    where : Link
        Where it is shown.
    caution : str
        What to look at before anything is done about it, in a sentence; "" where nothing is.
    """

    target: int
    kind: str
    estimate: Estimate
    style: str
    words: str
    where: Link
    caution: str = ""
