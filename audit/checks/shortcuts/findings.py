"""Finding on proven shortcuts in the background."""

from __future__ import annotations

from audit.checks.shortcuts.summary import Group, Shortcuts
from audit.core.cause import Cause
from audit.core.finding import Finding, Link, Step
from audit.core.wording import plural
from audit.report.content import Content
from audit.report.finding import format_estimate
from audit.report.templating import percent

_NAMED = 3  # shortcuts that a finding links to


def shortcuts(content: Content) -> Finding | None:
    """Report backgrounds that show the same and turn answers wherever they are."""
    found: Shortcuts | None = content.checks["shortcuts"]
    if found is None or not found.proven:
        return None
    best, many = found.proven[0], len(found.proven) > 1
    subject = content.source.subject
    hold = (
        f"They appear in {plural(sum(g.members for g in found.proven), 'image')}"
        if many
        else (f"It appears in {plural(best.members, 'image')}")
    )
    return Finding(
        key="shortcuts",
        severity="look",
        title=f"{plural(len(found.proven), 'shortcut')} proven in the background",
        words=(
            f"{hold}. {'The worst' if many else 'It'} adds "
            f"{format_estimate(best.rise, 'signed')} log-odds for its class under {subject}s of "
            f"other classes, beyond what random backgrounds add{_taken(best)}."
        ),
        why=(
            "This is a cause, not a single case: wherever the background shows it, its class "
            "gains log-odds, whatever the image is of."
        ),
        steps=(
            Step(
                "See what the backgrounds share, and which images hold it.",
                tuple(
                    Link(g.class_name, f"shortcuts.html#{g.anchor}") for g in found.proven[:_NAMED]
                ),
            ),
            Step("Recapture or crop those images, or add some of other classes that show it too."),
            Step(
                "Train with --augment-background, which puts most training subjects on other "
                "images' backgrounds by their masks; then compare both runs."
            ),
        ),
        estimate=best.rise,
    )


def _taken(group: Group) -> str:
    """Say how often that makes its class the answer, where it does."""
    often, usual = percent(group.taken), percent(group.usual)
    if group.taken <= group.usual or often == usual:
        return "; alone it did not make its class the answer more often"
    return f", and makes its class the answer {often} of the time instead of {usual}"


def cause(group: Group, subject: str) -> Cause:
    """Give a proven shortcut as evidence by cause has it."""
    return Cause(
        target=group.target,
        kind="",
        estimate=group.rise,
        style="signed",
        words=(
            f"log-odds that backgrounds of {plural(group.members, 'image')} add for it under "
            f"{subject}s of other classes, beyond what random backgrounds add"
        ),
        where=Link("Shortcuts", f"shortcuts.html#{group.anchor}"),
    )
