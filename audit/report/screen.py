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
    evidence : list of Strip
        One a class, what accuses most first: the first screen shows three, the page below it more.
    """

    figures: tuple[tuple[str, str], ...]
    decision: Decision
    evidence: list[Strip]

    @property
    def shown(self) -> list[Strip]:
        """Those that a page shows."""
        return self.evidence[:MOST]


def screen(content: Content) -> Screen:
    """Gather the first screen."""
    return Screen(_figures(content), decision(content), strips(content))


def _figures(content: Content) -> tuple[tuple[str, str], ...]:
    """Return the keys and short titles of the six figures, and of those that checks add."""
    source = content.source
    added = ((own.metric.key, own.tile) for own in of_checks() if own.tile)
    return (
        ("accuracy", content.figures["accuracy"].metric.title),
        *((key, title) for key, title in added if content.figures[key].estimate.n),
        ("wrong_reasons_share", "Wrong reasons"),
        ("suspect_share", "Suspect"),
        ("background_share", "Background share"),
        ("survives_without", f"Right without {source.subject}"),
        *((f"{key}_skill", f"{title} skill") for key, title in [*source.leading.items()][:1]),
    )
