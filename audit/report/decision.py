"""What a report decides: whether its figures keep to their limits, in one of three words.

*Do not ship*: a figure is beyond its limit with its whole interval. *Not shown*: none is, but not
every one is within its limit with its whole interval, or cannot be judged. *Within limits*: all
are. The limits are those of the gate that was run on these very records, and a default for wrong
reasons where it asked for none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from audit.core.finding import Finding, Step
from audit.core.wording import plural
from audit.gate.gates import by_default
from audit.report.content import Content
from audit.report.findings import findings
from audit.report.gatefile import Checked, Gate, gate

State = Literal["do-not-ship", "not-shown", "within-limits"]
TITLES: Mapping[State, tuple[str, str]] = {
    "do-not-ship": ("DO NOT SHIP", "\u25a0"),
    "not-shown": ("NOT SHOWN", "\u25b2"),
    "within-limits": ("WITHIN LIMITS", "\u25cf"),
}  # words, and a shape that tells them apart without colour
# Findings whose first step mends what a gate asks for.
_MENDED_BY = {
    "complete": ("unfinished", "not-judged"),
    "preflight": ("read-wrongly",),
    "max-wrong-reasons": ("wrong-reasons",),
    "max-suspect": ("suspects",),
    "max-bg-gap": ("bg-gap",),
    "min-class-accuracy": ("weak-classes",),
    "min-group-accuracy": ("worst-group",),
}
_JUDGED_BY = {"max-wrong-reasons": ("not-judged", "nothing-provable", "few-images")}
_MORE = Step("Audit more images: that narrows the interval.")


@dataclass(frozen=True)
class Decision:
    """The decision of one report.

    Attributes
    ----------
    gate : Gate or None
        The last outcome of ``flower-audit check``, perhaps outdated.
    limits : tuple of Checked
        Those in force: the gate's, and defaults.
    first : Step or None
        What to do first.
    """

    state: State
    gate: Gate | None
    limits: tuple[Checked, ...]
    first: Step | None = None

    @property
    def title(self) -> str:
        """The state in words."""
        return TITLES[self.state][0]

    @property
    def shape(self) -> str:
        """The state as a sign."""
        return TITLES[self.state][1]

    @property
    def reasons(self) -> list[Checked]:
        """The limits that decide, or all where they are kept to."""
        return _reasons(self.state, self.limits)

    @property
    def by(self) -> str:
        """Whose limits they are, in a sentence or two."""
        if self.gate is None:
            return "No gate was run: this report applies its default limit alone."
        if self.gate.outdated:
            return (
                "The run has changed since its gate was run: run flower-audit check again. Until "
                "then the default limit stands."
            )
        left_out = " It set no limit for wrong reasons: the default stands."
        return f"{_told(self.gate)}{left_out if self.default_stands else ''}"

    @property
    def default_stands(self) -> bool:
        """Whether the limit of wrong reasons is the default."""
        return any(one.by_default and one.key == "max-wrong-reasons" for one in self.limits)

    def of_figure(self, key: str) -> Checked | None:
        """Return the limit of a headline figure; None where it has none."""
        return next((one for one in self.limits if one.figure == key), None)

    def as_json(self) -> dict[str, Any]:
        """Return it for a program."""
        outcome = None if self.gate is None else "passed" if self.gate.passed else "failed"
        return {
            "state": self.state,
            "gate": "outdated" if self.gate and self.gate.outdated else outcome,
            "reasons": [one.line for one in self.reasons],
            "do_first": self.first.words if self.first else None,
        }


def decision(content: Content) -> Decision:
    """Decide by the gate that was run on these records, and by default limits."""
    checked = gate(content.source)
    asked = () if checked is None or checked.outdated else checked.checked
    default = by_default(content.source, [one.key for one in asked])
    limits = (*asked, *map(Checked.of, default))
    state = _state(limits)
    return Decision(state, checked, limits, _first(_reasons(state, limits), findings(content)))


def _state(limits: Sequence[Checked]) -> State:
    if any(one.breaks for one in limits):
        return "do-not-ship"
    return "within-limits" if all(one.shown for one in limits) else "not-shown"


def _reasons(state: State, limits: Sequence[Checked]) -> list[Checked]:
    if state == "within-limits":
        return [one for one in limits if not one.counted]
    if state == "not-shown":
        return [one for one in limits if not one.shown]
    return [one for one in limits if not one.passes]


def _told(checked: Gate) -> str:
    n, broken = len(checked.checked), len(checked.broken)
    if checked.passed:
        return f"The gate passed: none of {plural(n, 'limit')} is broken beyond doubt."
    return f"The gate failed on {broken:,} of {plural(n, 'limit')}."


def _first(reasons: Sequence[Checked], found: Sequence[Finding]) -> Step | None:
    """Return the first step that mends what decides first, else that of the first finding."""
    steps = {f.key: f.steps[0] for f in found if f.key != "gate" and f.severity != "info"}
    for one in reasons:
        keys = _MENDED_BY if one.breaks or one.counted else _JUDGED_BY
        if step := next((steps[k] for k in keys.get(one.key, ()) if k in steps), None):
            return step
        if one.standing in ("holds", "doubtful") and not one.shown:
            return _MORE
    return next(iter(steps.values()), None)
