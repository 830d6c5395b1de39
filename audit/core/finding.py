"""One thing that a run shows: how grave it is, in words, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from audit.core.estimate import NOTHING, Estimate

SEVERITIES = {
    "blocks": ("Blocks shipping", "\u25a0"),
    "look": ("Look at it", "\u25b2"),
    "info": ("For information", "\u25cf"),
}  # worst first: words, and a shape that tells them apart without colour
Severity = Literal["blocks", "look", "info"]
What = Literal["look", "collect", "crop", "check masks", "relabel", "split anew"]


@dataclass(frozen=True)
class Link:
    """Place to look at.

    Attributes
    ----------
    text : str
        Perhaps a name of any origin: not to be trusted in markup.
    address : str
        Relative to the report's root.
    anchor : str
        Of the case, where it is one.
    """

    text: str
    address: str
    anchor: str = ""


@dataclass(frozen=True)
class Step:
    """One thing to do, and where to begin."""

    words: str
    links: tuple[Link, ...] = ()


@dataclass(frozen=True)
class Action:
    """What a finding asks of one class.

    Attributes
    ----------
    label : int
        Index of the class.
    what : str
        To do, in a word or two.
    words : str
        To do, in a sentence.
    why : str
        Counts or the effect, with interval and n, in a sentence; perhaps with names of any origin.
    links : tuple of Link
        Its cases first.
    estimate : Estimate
        The figure that it rests on; undefined, with n = 0, where it rests on a count.
    """

    label: int
    what: What
    words: str
    why: str
    links: tuple[Link, ...]
    estimate: Estimate = NOTHING


@dataclass(frozen=True)
class Finding:
    """One thing that a run shows.

    Attributes
    ----------
    key : str
        Stable, for links and programs.
    title : str
        A few words with the number.
    words : str
        One sentence with the number, its interval and its n; no name of a class or an image.
    why : str
        Why it matters.
    steps : tuple of Step
        What to do about it, first things first.
    estimate : Estimate
        The figure that it rests on; undefined, with n = 0, where it rests on a count.
    """

    key: str
    severity: Severity
    title: str
    words: str
    why: str
    steps: tuple[Step, ...]
    estimate: Estimate = NOTHING

    @property
    def says(self) -> str:
        """Severity in words."""
        return SEVERITIES[self.severity][0]

    @property
    def shape(self) -> str:
        """Severity as a sign."""
        return SEVERITIES[self.severity][1]
