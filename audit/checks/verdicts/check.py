"""Verdicts: are right predictions right for the right reasons, in every class?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from audit.checks.base import Check, Rule
from audit.checks.context import Context
from audit.checks.verdicts import by_class
from audit.checks.verdicts.causes import Decided, find_decided, summary_part
from audit.checks.verdicts.class_findings import standing_out, strong_classes, weak_classes
from audit.checks.verdicts.findings import (
    LIMITS,
    fragile,
    none_wrong,
    not_judged,
    nothing_provable,
    suspects,
    wrong_reasons,
)
from audit.checks.verdicts.outputs import TABLE
from audit.checks.verdicts.terms import TERMS

if TYPE_CHECKING:
    from audit.report.cases import Case
    from audit.report.source import Source


class VerdictsCheck(Check):
    """Verdicts of all images, and classes that differ from the others."""

    key = "verdicts"
    named = "causes"
    title = "Are right predictions right for the right reasons?"
    rules = (
        Rule(40, not_judged),
        Rule(50, nothing_provable),
        Rule(60, wrong_reasons, by_class.accused),
        Rule(80, standing_out, by_class.standing_out),
        Rule(90, suspects),
        Rule(220, weak_classes, by_class.often_wrong),
        Rule(240, fragile),
        Rule(280, none_wrong),
        Rule(310, strong_classes),
    )
    outputs = (TABLE,)
    limits = LIMITS
    terms = TERMS

    def measure(self, context: Context) -> None:
        """Judge every image anew, now that it is known what its class does."""
        from audit.checks.verdicts.measure import judge_run

        judge_run(context.folder, context.config.verdict)

    def summarise(self, source: Source, cases: Mapping[str, Sequence[Case]]) -> Decided | None:
        """Count what decides right answers that have wrong reasons."""
        return find_decided(source)

    def summary_part(self, found: Decided) -> dict[str, Any]:
        """Give the share of right answers that each kind decides."""
        return summary_part(found)


CHECK = VerdictsCheck()
