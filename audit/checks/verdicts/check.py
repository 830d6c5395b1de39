"""Verdicts: are right predictions right for the right reasons, in every class?"""

from __future__ import annotations

from audit.checks.base import Check, Rule
from audit.checks.context import Context
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


class VerdictsCheck(Check):
    """Verdicts of all images, and classes that differ from the others."""

    key = "verdicts"
    title = "Are right predictions right for the right reasons?"
    rules = (
        Rule(40, not_judged),
        Rule(50, nothing_provable),
        Rule(60, wrong_reasons),
        Rule(80, standing_out),
        Rule(90, suspects),
        Rule(220, weak_classes),
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


CHECK = VerdictsCheck()
