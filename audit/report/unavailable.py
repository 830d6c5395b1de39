"""What a run does not tell because its model gives answers alone, and why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from audit.checks.registry import every
from audit.core.registries import EXPLAINERS
from audit.core.wording import why_closed
from audit.report.source import Source


@dataclass(frozen=True)
class Unavailable:
    """One explainer or check that is not available.

    Attributes
    ----------
    key : str
        Of its registry.
    why : str
        In words of any origin, to be read after "because".
    """

    key: str
    title: str
    why: str


def unavailable(source: Source) -> list[Unavailable]:
    """Return explainers, then checks, that the run's model lacks what they need for."""
    return [*explainers(source), *_checks(source)]


def explainers(source: Source) -> list[Unavailable]:
    """Return the explainers that are not available."""
    lacks = source.lacks.items()
    return [Unavailable(key, EXPLAINERS[key].of(source.config).title, why) for key, why in lacks]


def _checks(source: Source) -> Iterator[Unavailable]:
    why = why_closed(source.lacks)
    for check in every() if why else ():
        if check.looks_inside and check.page:
            yield Unavailable(check.key, check.page.title, f"{check.looks_inside}, and {why}")
