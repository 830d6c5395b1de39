"""Findings on whether the masks bear what is concluded from them."""

from __future__ import annotations

from audit.checks.base import Limit
from audit.core.estimate import Estimate, rate
from audit.core.finding import Finding, Link, Step
from audit.core.wording import plural
from audit.report.content import Content
from audit.report.finding import gallery, over
from audit.report.templating import mask_from, percent
from audit.verdict.verdict import AUTOMATIC, Verdict

_OWN = Step(
    "Draw masks for the accused images at least: flower-audit masks make writes trimaps that you "
    "can correct, and --masks FOLDER reads them."
)


def _undecided_share(content: Content) -> Estimate:
    told = content.source.explained["verdict"]
    return rate(int((told == Verdict.UNDECIDED).sum()), len(told))


def _doubtful_share(content: Content) -> Estimate:
    return rate(len(content.notes.doubtful), len(content.source.explained))


LIMITS = (
    Limit(
        "undecided",
        "Undecided, of explained images",
        0.1,
        _undecided_share,
        70,
        defined="term-undecided",
    ),
    Limit(
        "doubtful-masks",
        "Doubtful masks, of explained images",
        0.1,
        _doubtful_share,
        80,
        defined="term-doubtful-mask",
    ),
)


def machine_masks(content: Content) -> Finding | None:
    """Report that no mask was made by hand."""
    sources = {k: n for k, n in content.notes.mask_sources if k not in ("none", "")}
    if not sources or not sources.keys() <= set(AUTOMATIC):
        return None
    n = sum(sources.values())
    listed = ", ".join(f"{count:,} {mask_from(kind)}" for kind, count in sources.items())
    return Finding(
        key="machine-masks",
        severity="look",
        title="All masks were made by a machine",
        words=(
            f"All {plural(n, 'mask')} were made by a machine ({listed}; n = {n:,}), and none was "
            "checked against one made by hand in this run."
        ),
        why=(
            f"A mask that leaves out part of the {content.source.subject} makes that part "
            "background: an accusation may be the mask's error."
        ),
        steps=(
            Step("Judge the masks of what is accused first.", (gallery("Masks", show="mask"),)),
            _OWN,
            Step("flower-audit masks inspect measures how well two sources of masks agree."),
        ),
    )


def undecided(content: Content) -> Finding | None:
    """Report many images without a verdict."""
    held = over("undecided", content)
    if held is None:
        return None
    reason = content.notes.undecided[0][0] or "no reason kept"
    return Finding(
        key="undecided",
        severity=held.severity,
        title=f"{percent(held.estimate.value)} of images have no verdict",
        words=(
            f"The share of explained images without a verdict is {held.words}; most often: "
            f"{reason}."
        ),
        why="They count in no rate of wrong reasons, and may not be like the others.",
        steps=(
            Step("See them, grouped by reason.", (gallery("Undecided", verdict="undecided"),)),
            _OWN,
        ),
        estimate=held.estimate,
    )


def doubtful_masks(content: Content) -> Finding | None:
    """Report many masks that look unlikely."""
    held = over("doubtful-masks", content)
    if held is None:
        return None
    return Finding(
        key="doubtful-masks",
        severity=held.severity,
        title=f"{percent(held.estimate.value)} of masks are doubtful",
        words=(
            "The share of explained images whose mask looks unlikely, or seems to leave out what "
            f"decides, is {held.words}."
        ),
        why="Every figure about the background rests on the masks.",
        steps=(
            Step("See which ones, and why.", (Link("Doubtful masks", "data.html#doubtful-masks"),)),
            _OWN,
        ),
        estimate=held.estimate,
    )
