"""Finding on the worth of the verdict, where the truth is known."""

from __future__ import annotations

from audit.checks.selftest.record import Truth
from audit.core.estimate import rate
from audit.core.finding import Finding, Link, Step
from audit.core.wording import plural
from audit.report.content import Content
from audit.report.finding import format_estimate
from audit.report.templating import percent


def planted_benchmark(content: Content) -> Finding | None:
    """Report what the verdict is worth, in a run of known truth."""
    truth: Truth = content.checks["selftest"]
    found = truth.planted
    if found is None:
        return None
    flag, counts = found.verdict, found.counts
    n = counts.cases + counts.others
    title = f"Planted shortcuts: {percent(flag.found.value, 0)} found"
    words = (
        f"Wrong reasons finds {format_estimate(flag.found)} of the planted cases. Of the cases and "
        f"clean images that it accuses, {format_estimate(flag.precision)} are cases. It accuses "
        f"{format_estimate(flag.false_alarms)} of the clean images."
    )
    if not counts.cases:
        title = "No planted shortcut was taken"
        words = (
            f"None of {plural(n, 'right prediction')} rests on a planted shortcut: at most "
            f"{percent(rate(0, n).high)} at 95%, n = {n:,}."
        )
    return Finding(
        key="planted",
        severity="info",
        title=title,
        words=words,
        why="The truth of this data is known, so the audit itself can be held against it.",
        steps=(
            Step(
                "Compare the signals before you rely on one.",
                (Link("Planted benchmark", "index.html#planted-benchmark"),),
            ),
        ),
        estimate=flag.found,
    )
