"""Findings on data that is not fit to test with."""

from __future__ import annotations

from audit.checks.data_health.summary import Health
from audit.core.finding import Finding, Link, Step
from audit.core.wording import plural, verb
from audit.report.content import Content
from audit.report.figures import hit_rate
from audit.report.finding import format_estimate
from audit.report.templating import percent

_HEALTH = Link("Data health", "data.html")


def leaks(content: Content) -> Finding | None:
    """Report test images that the model has seen, or nearly."""
    found: Health | None = content.checks["data_health"]
    if found is None or not found.leaks:
        return None
    without, rate = found.accuracies["without"], hit_rate(content.source)
    return Finding(
        key="leaks",
        severity="look",
        title=f"{plural(found.leaks, 'test image')} with a near-duplicate in another split",
        words=(
            f"{rate.capitalize()} without them is {format_estimate(without)}, against "
            f"{percent(found.accuracies['all'].value)} of all test images."
        ),
        why="A model may remember what it was trained on: such images may flatter it.",
        steps=(
            Step("Look at the pairs: are they the same picture?", (_HEALTH,)),
            Step("Take them out of the test set, or put both into one split, and run again."),
        ),
        estimate=without,
    )


def label_conflicts(content: Content) -> Finding | None:
    """Report near-duplicates that bear different labels."""
    found: Health | None = content.checks["data_health"]
    near = found.near if found else None
    if near is None or not near.conflicts:
        return None
    conflicts = near.conflicts
    return Finding(
        key="label-conflicts",
        severity="look",
        title=f"{plural(conflicts, 'pair')} of near-duplicates with different labels",
        words=(
            f"{conflicts:,} of the pairs of images that show the same thing "
            f"{verb(conflicts, 'has', 'have')} different labels (n = {near.pairs:,})."
        ),
        why="At least one label of each pair is wrong, in training or in the test.",
        steps=(Step("Look at the pairs, which come first, and mend the labels.", (_HEALTH,)),),
    )
