"""The first screen: what a reviewer decides by who reads nothing else."""

from __future__ import annotations

from dataclasses import dataclass

from audit.report.content import Content
from audit.report.decision import Decision, decision
from audit.report.evidence import MOST, Strip, strips
from audit.report.figures import of_checks


@dataclass(frozen=True)
class Screen:
    """Content of the first screen beside the verdict in one sentence.

    Attributes
    ----------
    figures : tuple of str
        Keys of the tiles.
    evidence : list of Strip
        One a class, what accuses most first: the first screen shows three, the page below it more.
    """

    figures: tuple[str, ...]
    decision: Decision
    evidence: list[Strip]

    @property
    def shown(self) -> list[Strip]:
        """Those that a page shows."""
        return self.evidence[:MOST]


def screen(content: Content) -> Screen:
    """Gather the first screen."""
    return Screen(_figures(content), decision(content), strips(content))


def _figures(content: Content) -> tuple[str, ...]:
    """Return the keys of the six figures, and of those that checks add."""
    added = (own.metric.key for own in of_checks() if own.tile)
    return (
        "accuracy",
        *(key for key in added if content.figures[key].estimate.n),
        "wrong_reasons_share",
        "suspect_share",
        "background_share",
        "survives_without",
        *(f"{key}_skill" for key in [*content.source.leading][:1]),
    )
