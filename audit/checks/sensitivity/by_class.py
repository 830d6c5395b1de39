"""What is to be done about classes that are proven to rest on their background."""

from __future__ import annotations

from collections.abc import Iterator

from audit.checks.sensitivity.summary import SensitiveClass, Sensitivities
from audit.core.edits import MENDS
from audit.core.finding import Action, Link, What
from audit.report.content import Content
from audit.report.finding import format_estimate, gallery
from audit.report.templating import percent
from audit.verdict.sensitivity import SCENE

_CROPPED = ("frame", "corner", "band")


def sensitive(content: Content) -> Iterator[Action]:
    """Ask to take away what each class rests on, and to look first at masks by a machine."""
    found: Sensitivities | None = content.checks["sensitivity"]
    for each in found.classes if found else ():
        if each.masks_by_machine:
            yield _masks(each, content.source.subject)
        yield _cue(each)


def _masks(each: SensitiveClass, subject: str) -> Action:
    label = each.strongest.target
    return Action(
        label=label,
        what="check masks",
        words=(
            f"Look at its masks first: where they leave a part of the {subject} out, the edit "
            f"changed the {subject}. Masks of your own (--masks, --segmenter) settle it."
        ),
        why=(
            f"A machine made the masks of {percent(each.by_machine.value)} of its tested answers "
            f"(n = {each.by_machine.n:,})."
        ),
        links=(gallery("Its masks", predicted=str(label), show="mask"),),
        estimate=each.by_machine,
    )


def _cue(each: SensitiveClass) -> Action:
    what: What = "crop" if each.kind in _CROPPED else "collect"
    others = "on backgrounds of its own class" if each.strongest.edit == SCENE else "of others"
    return Action(
        label=each.strongest.target,
        what=what,
        words=MENDS[each.kind],
        why=(
            f"Proven to rest on {each.words}. {each.shown_by.capitalize()}, more of its answers "
            f"turn than {others}; in points, {format_estimate(each.excess, 'points')}."
        ),
        links=(
            gallery("Its answers", predicted=str(each.strongest.target)),
            Link("Sensitivity", f"sensitivity.html#{each.anchor}"),
        ),
        estimate=each.excess,
    )
