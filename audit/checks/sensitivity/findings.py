"""Finding on classes that rest on their background."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from audit.checks.sensitivity.summary import SensitiveClass, Sensitivities
from audit.core.cause import Cause
from audit.core.edits import KINDS, MENDS
from audit.core.finding import Finding, Link, Step
from audit.core.wording import plural, some, verb
from audit.report.content import Content
from audit.report.finding import FIRST_MASKS, format_estimate
from audit.report.templating import percent
from audit.verdict.sensitivity import SCENE

_NAMED = 4  # classes that a finding links to
_STEADIER = "the steadier half of the other classes"


def sensitive_classes(content: Content) -> Finding | None:
    """Report classes whose answers an edit of the background turns, and the kind of their cue."""
    found: Sensitivities | None = content.checks["sensitivity"]
    if found is None or not found.classes:
        return None
    kinds = Counter(each.kind for each in found.classes)
    n = len(found.classes)
    named = tuple(Link(each.name, f"sensitivity.html#{each.anchor}") for each in found.classes)
    return Finding(
        key="sensitivity",
        severity="look",
        title=f"{plural(n, 'class', 'classes')} proven to rest on the background",
        words=f"{_by_kind(kinds)}. {_strongest(found.classes[0])}",
        why=(
            f"The same edit turns far fewer answers of {_STEADIER}, so compositing is not to "
            "blame: these classes have learnt what the edit takes away."
        ),
        steps=(
            *_masks_first(found.classes),
            Step("See which edit turns which class.", named[:_NAMED]),
            *(_mend(kind, found.classes) for kind in kinds),
        ),
        estimate=found.classes[0].excess,
    )


def cause(each: SensitiveClass) -> Cause:
    """Give a proven class as evidence by cause has it."""
    swapped = each.strongest.edit == SCENE
    than = "on backgrounds of its own class" if swapped else f"those of {_STEADIER} do"
    return Cause(
        target=each.target,
        kind=each.kind,
        estimate=each.excess,
        style="points",
        words=f"points: how much more often its answers turn {each.shown_by} than {than}",
        where=Link("Sensitivity", f"sensitivity.html#{each.anchor}"),
        caution=FIRST_MASKS if each.masks_by_machine else "",
    )


def _mend(kind: str, classes: Sequence[SensitiveClass]) -> Step:
    """Say what to do about a kind of cue, and of which classes."""
    own = [each for each in classes if each.kind == kind]
    links = [Link(each.name, f"sensitivity.html#{each.anchor}") for each in own[:_NAMED]]
    told = f"{plural(len(own), 'class', 'classes')} ({KINDS[kind]}): {MENDS[kind]}"
    return Step(told, tuple(links))


def _masks_first(classes: Sequence[SensitiveClass]) -> Iterator[Step]:
    """Warn of masks that a machine made: an edit changes what they leave out of the foreground."""
    made = [each.name for each in classes if each.masks_by_machine]
    if made:
        yield Step(
            f"First look at the masks of {some(made, _NAMED)}, which a machine made: where they "
            "leave a part of the subject out, the edit changed the subject. Masks of your own "
            "(--masks, --segmenter) settle it."
        )


def _by_kind(kinds: Mapping[str, int]) -> str:
    parts = [f"{n:,} {verb(n, 'rests', 'rest')} on {KINDS[kind]}" for kind, n in kinds.items()]
    return ", ".join(parts)


def _strongest(first: SensitiveClass) -> str:
    of = first.strongest
    whose = "on backgrounds of its own class" if of.edit == SCENE else f"of those of {_STEADIER}"
    return (
        f"In the strongest, {format_estimate(of.flips)} of the answers turn {first.shown_by}, "
        f"against {percent(of.others.value, 0)} {whose}."
    )
