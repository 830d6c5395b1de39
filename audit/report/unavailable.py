"""What a run does not tell, as its model gives answers alone or images several labels, and why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from audit.checks.base import Check
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
    because : str
        The same without what it needs that for: what all of a kind have in common.
    """

    key: str
    title: str
    why: str
    because: str


SEVERAL = "images have several labels"


def unavailable(source: Source) -> list[Unavailable]:
    """Return explainers, then checks, that the run's model lacks what they need for."""
    return [*explainers(source), *_checks(source)]


def explainers(source: Source) -> list[Unavailable]:
    """Return the explainers that are not available."""
    return [
        Unavailable(key, EXPLAINERS[key].of(source.config).title, why, why)
        for key, why in source.lacks.items()
    ]


def _checks(source: Source) -> Iterator[Unavailable]:
    why = why_closed(source.lacks)
    for check in every():
        needs, because = check.looks_inside if why else "", why
        if source.several and check.needs_one_label:
            needs, because = check.needs_one_label, SEVERAL
        if needs and check.page:
            yield Unavailable(check.key, check.page.title, f"{needs}, and {because}", because)


def is_unavailable(source: Source, check: Check) -> bool:
    """Return whether a check has nothing to say as images have several labels."""
    return source.several and bool(check.needs_one_label)
