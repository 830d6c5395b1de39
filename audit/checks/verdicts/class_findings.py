"""Findings on classes that differ from the others beyond what chance makes of many classes."""

from __future__ import annotations

from collections.abc import Sequence

from audit.core.estimate import Estimate
from audit.core.finding import Finding, Link, Step
from audit.core.wording import plural, verb
from audit.gate.classes import ClassRate, class_rates
from audit.report.content import Content, once
from audit.report.figures import hit_rate
from audit.report.finding import format_estimate
from audit.report.templating import percent

_NAMED = 5  # classes that a finding names
_LEVEL = 0.95  # of all classes' intervals together


def standing_out(content: Content) -> Finding | None:
    """Report classes whose rate of wrong reasons is above the others'."""
    rows = [row for row in content.classes if row.stands_out]
    rows.sort(key=lambda row: -row.wrong_reasons.value)
    if not rows:
        return None
    worst = rows[0].wrong_reasons
    return Finding(
        key="classes-wrong-reasons",
        severity="look",
        title=f"{plural(len(rows), 'class', 'classes')} with more wrong reasons than others",
        words=(
            f"{len(rows):,} of {plural(len(content.classes), 'class', 'classes')} "
            f"{verb(len(rows), 'has', 'have')} more wrong reasons than the others together "
            "(Fisher's exact test, false discoveries kept to 5%); the highest rate is "
            f"{format_estimate(worst)}."
        ),
        why="A few classes usually teach a shortcut: whoever photographed them left it there.",
        steps=(
            Step(
                "Look at these classes first, and at what their training images share.",
                tuple(_link(content, row.index, row.name) for row in rows[:_NAMED]),
            ),
            Step("Photograph them again without it, or take it out, and train again."),
        ),
        estimate=worst,
    )


def weak_classes(content: Content) -> Finding | None:
    """Report classes that are named rightly less often than all images together."""
    overall, rates, below = content.figures["accuracy"].estimate, _rates(content), weak(content)
    if not below:
        return None
    worst, rate = _own(content, below[0]), hit_rate(content.source)
    return Finding(
        key="weak-classes",
        severity="look",
        title=f"{plural(len(below), 'class', 'classes')} below the {rate} of all",
        words=(
            f"{_of(below, rates)} named rightly less often than all images together "
            f"({percent(overall.value)}), beyond doubt for all classes at once; the lowest "
            f"{rate} is {format_estimate(worst)}."
        ),
        why=f"The {rate} of all hides them: whoever meets these classes meets a worse model.",
        steps=(
            Step("Look at what they are taken for.", _links(content, below)),
            Step(
                "Look at the confusions; add training images of these classes, mend their labels, "
                "or train with --balance.",
                (Link("Confusions", "confusions.html"),) if content.checks["confusions"] else (),
            ),
        ),
        estimate=worst,
    )


def weak(content: Content) -> list[ClassRate]:
    """Return the classes that are named rightly less often than all images, beyond doubt."""
    least = content.figures["accuracy"].estimate.low
    return [rate for rate in _rates(content) if rate.estimate.high < least]


def strong_classes(content: Content) -> Finding | None:
    """Report classes that are named rightly more often than all images together."""
    overall, rates = content.figures["accuracy"].estimate, _rates(content)
    strong = [r for r in reversed(rates) if r.estimate.low > overall.high]
    if not strong:
        return None
    best, rate = _own(content, strong[0]), hit_rate(content.source)
    return Finding(
        key="strong-classes",
        severity="info",
        title=f"{plural(len(strong), 'class', 'classes')} above the {rate} of all",
        words=(
            f"{_of(strong, rates)} named rightly more often than all images together "
            f"({percent(overall.value)}), beyond doubt for all classes at once; the highest "
            f"{rate} is {format_estimate(best)}."
        ),
        why=(
            f"They may be easy; or something beside the {content.source.subject}, or copies of "
            "training images, may make them so."
        ),
        steps=(
            Step(
                "Compare their wrong reasons and backgrounds with others'.",
                _links(content, strong),
            ),
        ),
        estimate=best,
    )


@once
def _rates(content: Content) -> list[ClassRate]:
    """Return the accuracy of classes with test images, the lowest first; none of one class."""
    rates = [r for r in class_rates(content.source, _LEVEL) if r.estimate.n]
    return rates if len(rates) > 1 else []


def _own(content: Content, rate: ClassRate) -> Estimate:
    """Return a class's accuracy with an interval of its own, which the others do not widen."""
    return next(row.accuracy for row in content.classes if row.index == rate.index)


def _of(some: Sequence[ClassRate], rates: Sequence[ClassRate]) -> str:
    classes = plural(len(rates), "class", "classes")
    return f"{len(some):,} of {classes} {verb(len(some), 'is', 'are')}"


def _links(content: Content, rates: Sequence[ClassRate]) -> tuple[Link, ...]:
    return tuple(_link(content, r.index, r.name) for r in rates[:_NAMED])


def _link(content: Content, index: int, name: str) -> Link:
    pages = {row.index: row.page for row in content.classes}
    return Link(name, f"classes/{pages[index]}.html")
