"""Findings on classes that their background gives away."""

from __future__ import annotations

from audit.checks.opportunity.summary import ClassRow, Opportunity
from audit.core.estimate import Estimate
from audit.core.finding import Finding, Link, Step
from audit.core.wording import plural, verb
from audit.report.content import Content
from audit.report.finding import format_estimate
from audit.report.templating import percent

_NAMED = 3  # classes that a finding links to


def taken(content: Content) -> Finding | None:
    """Report classes whose background gives them away, and whose answers rest on it."""
    found: Opportunity | None = content.checks["opportunity"]
    rows = found.among("taken") if found else []
    if not rows:
        return None
    many = plural(len(rows), "class", "classes")
    return Finding(
        key="opportunity-taken",
        severity="look",
        title=f"{many} given away by the background, and the model uses it",
        words=f"{_best(rows)} Interventions show that the model rests on it.",
        why=(
            "The data teaches the background as well as the subject: accuracy on such data is no "
            "promise for another place, camera or setting."
        ),
        steps=(
            Step("See what gives which class away.", _links(rows)),
            Step(
                "Photograph these classes on the backgrounds of others, and others on theirs; "
                "or train with --augment-background. Then compare both runs."
            ),
        ),
        estimate=_recall(rows),
    )


def offered(content: Content) -> Finding | None:
    """Report classes whose background gives them away, without proof that the model uses it."""
    found: Opportunity | None = content.checks["opportunity"]
    rows = found.among("left") if found else []
    if not rows:
        return None
    many = plural(len(rows), "class", "classes")
    return Finding(
        key="opportunity-offered",
        severity="info",
        title=f"{many} given away by the background, which the model is not shown to use",
        words=_best(rows),
        why=(
            "Interventions do not show that this model uses it; the next one trained on this data "
            "may."
        ),
        steps=(
            Step("See what gives which class away.", _links(rows)),
            Step("Ask whether it will also come with the class where the model is used."),
        ),
        estimate=_recall(rows),
    )


def _best(rows: list[ClassRow]) -> str:
    """Say how far the background of the first class gives it away."""
    best = rows[0].best
    assert best is not None
    where = {"train": "training", "test": "test"}[best.split]
    first = verb(len(rows), "It", "The first")
    return (
        f"{first} can be told by {best.cue.words} alone in {format_estimate(best.recall)} of its "
        f"{where} images; chance would give {percent(best.chance)}."
    )


def _recall(rows: list[ClassRow]) -> Estimate:
    best = rows[0].best
    assert best is not None
    return best.recall


def _links(rows: list[ClassRow]) -> tuple[Link, ...]:
    return tuple(Link(row.name, f"opportunity.html#{row.anchor}") for row in rows[:_NAMED])
