"""Finding on confidence that is not fit to be relied on."""

from __future__ import annotations

from audit.core.finding import Finding, Link, Step
from audit.report.content import Content
from audit.report.finding import format_estimate

_FAR = 0.05  # from where on over-confidence is to be looked at


def over_confidence(content: Content) -> Finding | None:
    """Report answers that are surer, or less sure, than they are right."""
    e = content.figures["over_confidence"].estimate
    if not e.n or e.low <= 0 <= e.high:
        return None
    more = "surer" if e.value > 0 else "less sure"
    return Finding(
        key="over-confidence",
        severity="look" if min(abs(e.low), abs(e.high)) > _FAR else "info",
        title=f"The model is {more} than it is right",
        words=f"Mean confidence minus accuracy is {format_estimate(e, 'points')}, in points.",
        why=(
            "Whoever rejects answers by their confidence rejects too few where it is too high, and "
            "too many where it is too low."
        ),
        steps=(
            Step(
                "Read off which confidence goes with which accuracy.",
                (Link("Calibration", "calibration.html"),),
            ),
            Step("Scale the logits by a temperature that is fitted on validation images."),
        ),
        estimate=e,
    )
