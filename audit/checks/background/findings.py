"""Findings on how much rests on the background, over all images."""

from __future__ import annotations

from audit.checks.base import Limit
from audit.core.finding import Finding, Link, Step
from audit.report.content import Content
from audit.report.figures import hit_rate
from audit.report.finding import gallery, over
from audit.report.templating import percent

_OTHER_BACKGROUNDS = Step(
    "Train with the same classes on other backgrounds: more places and seasons, cut-outs pasted "
    "elsewhere, or --pipeline cutmix; then compare both runs."
)


LIMITS = (
    Limit(
        "background-share",
        "Background share",
        0.5,
        lambda content: content.figures["background_share"].estimate,
        30,
        defined="background_share",
    ),
    Limit(
        "without-subject",
        "Survives without the subject",
        0.1,
        lambda content: content.figures["survives_without"].estimate,
        40,
        defined="survives_without",
    ),
    Limit(
        "bg-gap",
        "BG-Gap",
        0.1,
        lambda content: content.figures["bg_gap"].estimate,
        50,
        defined="bg_gap",
    ),
)


def background_share(content: Content) -> Finding | None:
    """Report that more speaks for the answers from the background than from the subject."""
    held = over("background-share", content)
    if held is None:
        return None
    return Finding(
        key="background-share",
        severity=held.severity,
        title=f"Background share {percent(held.estimate.value)}",
        words=f"The background share of right predictions is {held.words}.",
        why=(
            "The backgrounds of this data say more about the class than the "
            f"{content.source.subject} does, and another place has other backgrounds."
        ),
        steps=(
            Step(
                "Look at the images with the highest share.",
                (gallery("By background share", answer="right", sort="share"),),
            ),
            _OTHER_BACKGROUNDS,
        ),
        estimate=held.estimate,
    )


def without_subject(content: Content) -> Finding | None:
    """Report that the answer stays when the subject is filled in."""
    held = over("without-subject", content)
    if held is None:
        return None
    subject = content.source.subject
    return Finding(
        key="without-subject",
        severity=held.severity,
        title=f"{percent(held.estimate.value)} stay right without the {subject}",
        words=(
            f"The share of right predictions that stay when the {subject} is filled in is "
            f"{held.words}."
        ),
        why=(
            "Where the background is enough for the answer, it has taught the model the answer. "
            "Leaves or stems may be a fair clue: that is for you to decide."
        ),
        steps=(
            Step(
                f"Look at what is left of them without the {subject}: is it a fair clue?",
                (gallery("Right, by background share", answer="right", sort="share"),),
            ),
            _OTHER_BACKGROUNDS,
        ),
        estimate=held.estimate,
    )


def background_gap(content: Content) -> Finding | None:
    """Report accuracy that rests on backgrounds of the right kind."""
    held = over("bg-gap", content)
    if held is None:
        return None
    pasted, tested = (content.figures[k].estimate for k in ("pasted_accuracy", "tested_accuracy"))
    rate = hit_rate(content.source)
    return Finding(
        key="bg-gap",
        severity=held.severity,
        title=f"BG-Gap {percent(held.estimate.value)}: {rate} that rests on the background",
        words=(
            f"The {rate} on backgrounds of the right class, minus that on backgrounds of others "
            f"(BG-Gap), is {held.words}."
        ),
        why=(
            f"This much {rate} is lost where backgrounds are no longer typical of their class. "
            f"Pasting costs some by itself, but on both sides ({percent(tested.value)} as they "
            f"are, {percent(pasted.value)} pasted back)."
        ),
        steps=(
            Step(
                "See which classes lean on their background.",
                (Link("Classes", "classes.html"),),
            ),
            _OTHER_BACKGROUNDS,
        ),
        estimate=held.estimate,
    )
