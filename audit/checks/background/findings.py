"""How much rests on the background, over all images?"""

from __future__ import annotations

from audit.checks.robustness.page import Robustness, Row
from audit.core.estimate import Estimate
from audit.core.finding import Finding, Link, Step
from audit.core.wording import plural
from audit.report.content import Content
from audit.report.finding import few, gallery, is_few, limit_of, over, shown
from audit.report.templating import percent, points

_NAMED = 3  # shortcuts that a finding links to
_OTHER_BACKGROUNDS = Step(
    "Train with the same classes on other backgrounds: more places and seasons, cut-outs pasted "
    "elsewhere, or --pipeline cutmix; then compare both runs."
)
_TRAIN = {
    "light": "Train with --pipeline augmented, which changes brightness and contrast, or "
    "randaugment, which changes colours as well.",
    "detail": "Add blurred, noisy and strongly compressed copies to the training "
    "(--pipeline albumentations with steps of your own).",
    "geometry": "Train with --pipeline augmented, which turns, enlarges and shifts; raise "
    "--rotation, --zoom-in and --translation.",
    "parts": "Hide parts of the training images: --pipeline cutmix, or albumentations.",
}


def background_share(content: Content) -> Finding | None:
    """More speaks for the answers from the background than from the subject."""
    held = over("background-share", content)
    if held is None:
        return None
    return Finding(
        "background-share",
        held.severity,
        f"Background share {percent(held.estimate.value)}",
        f"The background's share of what speaks for right predictions is {held.words}.",
        f"The backgrounds of this data say more about the class than the {content.source.subject} "
        "does; another place is another background.",
        (
            Step(
                "Look at the images with the highest share.",
                (gallery("By background share", answer="right", sort="share"),),
            ),
            _OTHER_BACKGROUNDS,
        ),
        held.estimate,
    )


def without_subject(content: Content) -> Finding | None:
    """The answer stays when the subject is filled in."""
    held = over("without-subject", content)
    if held is None:
        return None
    subject = content.source.subject
    return Finding(
        "without-subject",
        held.severity,
        f"{percent(held.estimate.value)} stay right without the {subject}",
        f"The share of right predictions that stay when the {subject} is filled in is "
        f"{held.words}.",
        "A background that suffices for the answer has taught the model the answer. Leaves or "
        "stems may be a fair clue: that is for you to decide.",
        (
            Step(
                f"Look at what is left of them without the {subject}: is it a fair clue?",
                (gallery("Right, by background share", answer="right", sort="share"),),
            ),
            _OTHER_BACKGROUNDS,
        ),
        held.estimate,
    )


def background_gap(content: Content) -> Finding | None:
    """Accuracy that rests on backgrounds of the right kind."""
    held = over("bg-gap", content)
    if held is None:
        return None
    pasted, tested = (content.figures[k].estimate for k in ("pasted_accuracy", "tested_accuracy"))
    return Finding(
        "bg-gap",
        held.severity,
        f"BG-Gap {percent(held.estimate.value)}: accuracy that rests on the background",
        "The accuracy on backgrounds of the right class less that on backgrounds of others "
        f"(BG-Gap) is {held.words}.",
        "This much accuracy goes where backgrounds are no longer typical of their class. Pasting "
        f"costs some by itself, but on both sides ({percent(tested.value)} as they are, "
        f"{percent(pasted.value)} pasted back).",
        (
            Step(
                "See which classes lean on their background.",
                (Link("Classes", "classes.html"),),
            ),
            _OTHER_BACKGROUNDS,
        ),
        held.estimate,
    )


def shortcuts(content: Content) -> Finding | None:
    """Backgrounds that show the same turn answers wherever they are."""
    found = content.shortcuts
    if found is None or not found.proven:
        return None
    best, many = found.proven[0], len(found.proven) > 1
    subject = content.source.subject
    hold = (
        f"{plural(sum(g.members for g in found.proven), 'image')} hold them"
        if many
        else (f"{plural(best.members, 'image')} hold it")
    )
    return Finding(
        "shortcuts",
        "look",
        f"{plural(len(found.proven), 'shortcut')} proven in the background",
        f"{hold}. {'The one to mend first' if many else 'It'} adds "
        f"{shown(best.rise, 'signed')} log-odds of its class under other classes' {subject}s, "
        f"beyond random backgrounds, and makes its class the answer {percent(best.taken)} of the "
        f"time instead of {percent(best.usual)}.",
        "This is a cause, not a case: wherever the background shows it, expect its class as the "
        "answer more often, whatever the image is of.",
        (
            Step(
                "See what the backgrounds share, and which images hold it.",
                tuple(
                    Link(g.class_name, f"shortcuts.html#{g.anchor}") for g in found.proven[:_NAMED]
                ),
            ),
            Step("Recapture or crop those images, or show the same with other classes too."),
            Step(
                "Train with --augment-background, which puts most training subjects on other "
                "images' backgrounds by their masks; then compare both runs."
            ),
        ),
        best.rise,
    )


def costly_corruption(content: Content) -> Finding | None:
    """A corruption that many answers do not stand up to."""
    found, limit = content.robustness, limit_of("corruption", content)
    if found is None:
        return None
    hurt = [row for row in found.worst if _is_sure(row, limit)]
    hurt = hurt or [row for row in found.worst[:1] if row.cost.value > limit]
    if not hurt:
        return None
    return _corruption(found, hurt, limit)


def _is_sure(row: Row, limit: float) -> bool:
    return row.cost.low > limit and not is_few(row.cost)


def _corruption(found: Robustness, hurt: list[Row], limit: float) -> Finding:
    worst, others = hurt[0], hurt[1:]
    sure = _is_sure(worst, limit)
    also = ", ".join(f"{row.kind.words} ({points(row.cost.value)})" for row in others)
    more = f"; beyond {100 * limit:g} points also {also}" if also else ""
    unsure = f"; the interval reaches across {100 * limit:g} points: the two cannot be told apart"
    if is_few(worst.cost):
        unsure = f"; {few(worst.cost)}"
    groups = dict.fromkeys(row.kind.group for row in hurt)
    return Finding(
        "corruption",
        "look" if sure else "info",
        f"{worst.kind.title} costs {100 * worst.cost.value:.1f} points of accuracy",
        f"Under {worst.kind.words} {percent(worst.error.value)} of the answers are wrong, "
        f"{_points(worst.cost)} more than without{more}{'' if sure else unsure}.",
        found.meaning,
        (
            Step(
                "See the images, and from which severity on.",
                (Link("Robustness", "robustness.html"),),
            ),
            *(Step(_TRAIN[group]) for group in groups),
        ),
        worst.cost,
    )


def _points(e: Estimate) -> str:
    low, high = (f"{100 * v:.1f}" for v in (e.low, e.high))
    return f"{100 * e.value:.1f} points (95% interval {low} to {high}, n = {e.n:,})"
