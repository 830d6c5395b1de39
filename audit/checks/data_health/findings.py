"""Is the data fit to test with, and confidence fit to be relied on?"""

from __future__ import annotations

from audit.core.finding import Finding, Link, Step
from audit.core.wording import plural
from audit.report.content import Content
from audit.report.finding import shown
from audit.report.templating import percent

_HEALTH = Link("Data health", "data.html")
_FAR = 0.05  # from where on over-confidence is to be looked at


def leaks(content: Content) -> Finding | None:
    """Test images that the model has seen, or nearly."""
    found = content.health
    if found is None or not found.leaks:
        return None
    without = found.accuracies["without"]
    return Finding(
        "leaks",
        "look",
        f"{plural(found.leaks, 'test image')} with a near-duplicate in another split",
        f"Accuracy without them is {shown(without)}, against "
        f"{percent(found.accuracies['all'].value)} of all test images.",
        "A model may remember what it was trained on: such images flatter it.",
        (
            Step("Look at the pairs: are they the same picture?", (_HEALTH,)),
            Step("Take them out of the test set, or put both into one split, and run again."),
        ),
        without,
    )


def label_conflicts(content: Content) -> Finding | None:
    """Near-duplicates that bear different labels."""
    near = content.health.near if content.health else None
    if near is None or not near.conflicts:
        return None
    conflicts = near.conflicts
    return Finding(
        "label-conflicts",
        "look",
        f"{plural(conflicts, 'pair')} of near-duplicates with different labels",
        f"{conflicts:,} of the pairs of images that show the same bear different labels "
        f"(n = {near.pairs:,}).",
        "At least one label of each is wrong, in training or in the test.",
        (Step("Look at the pairs, which come first, and mend the labels.", (_HEALTH,)),),
    )


def over_confidence(content: Content) -> Finding | None:
    """Answers that are surer, or less sure, than they are right."""
    e = content.figures["over_confidence"].estimate
    if not e.n or e.low <= 0 <= e.high:
        return None
    more = "surer" if e.value > 0 else "less sure"
    return Finding(
        "over-confidence",
        "look" if min(abs(e.low), abs(e.high)) > _FAR else "info",
        f"The model is {more} than it is right",
        f"Mean confidence less accuracy is {shown(e, 'points')}, in points.",
        "Who rejects answers by their confidence rejects too few where it is too high, and too "
        "many where it is too low.",
        (
            Step(
                "Read off which confidence goes with which accuracy.",
                (Link("Calibration", "calibration.html"),),
            ),
            Step("Scale the logits by a temperature that is fitted on validation images."),
        ),
        e,
    )
