"""Were the inputs read as their makers meant?"""

from __future__ import annotations

from collections.abc import Sequence

from audit.checks.preflight.outcome import Preflight
from audit.core.finding import Finding, Link, Step
from audit.core.observation import Observation
from audit.core.wording import plural
from audit.report.content import Content

_PREFLIGHT = Link("Preflight", "preflight.html")


def read_wrongly(content: Content) -> Finding | None:
    """Report a run that went on although its preflight stopped it."""
    found: Preflight | None = content.checks["preflight"]
    if not found or not found.strong:
        return None
    return Finding(
        key="read-wrongly",
        severity="blocks",
        title=f"Inputs are read wrongly: {_titles(found.strong)}",
        words=(
            f"Beyond doubt, of what the preflight looked at (n = {len(found.observations):,}): "
            f"{_titles(found.strong)}."
        ),
        why="Every figure here may be about something other than the model that ships.",
        steps=(
            Step("Mend what is named and run again.", (_PREFLIGHT,)),
            Step(
                "Where the preflight is wrong, say so beside this report: it went on by --anyway."
            ),
        ),
    )


def _titles(seen: Sequence[Observation]) -> str:
    return ", ".join(o.title[:1].lower() + o.title[1:] for o in seen)


def worth_a_look(content: Content) -> Finding | None:
    """Report what the preflight is not sure of."""
    found: Preflight | None = content.checks["preflight"]
    if not found or not found.weak:
        return None
    return Finding(
        key="preflight",
        severity="look",
        title=f"Preflight: {plural(len(found.weak), 'thing')} to look at",
        words=(
            f"Of what the preflight looked at (n = {len(found.observations):,}): "
            f"{_titles(found.weak)}."
        ),
        why="If an input is not read as it was meant, every figure is wrong.",
        steps=(
            Step("See everything that was looked at, and what it was taken for.", (_PREFLIGHT,)),
        ),
    )
