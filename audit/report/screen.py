"""The first screen: what a reviewer decides by who reads nothing else."""

from __future__ import annotations

from dataclasses import dataclass

from audit.report.cases import Case
from audit.report.content import Content
from audit.report.decision import Decision, decision
from audit.report.figures import of_checks

_EVIDENCE = 3


@dataclass(frozen=True)
class Screen:
    """Content of the first screen beside the verdict in one sentence."""

    figures: tuple[tuple[str, str], ...]
    decision: Decision
    evidence: list[Case]


def screen(content: Content) -> Screen:
    """Gather the first screen."""
    return Screen(_figures(content), decision(content), content.strongest(_EVIDENCE))


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
