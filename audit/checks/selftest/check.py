"""Self-test: what verdict and signals find, where shortcuts were planted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from audit.checks.base import Check, Rule
from audit.checks.selftest.findings import planted_benchmark
from audit.checks.selftest.planted import planted, summary_part
from audit.checks.selftest.record import Truth, record, standing
from audit.checks.selftest.terms import TERMS

if TYPE_CHECKING:
    from audit.report.cases import Case
    from audit.report.source import Source


class SelftestCheck(Check):
    """The audit held against a truth that is known."""

    key = "selftest"
    title = "What does the verdict find of planted shortcuts?"
    named = "planted"
    rules = (Rule(300, planted_benchmark),)
    terms = TERMS

    def summarise(self, source: Source, cases: Mapping[str, Sequence[Case]]) -> Truth:
        """Gather every signal and the verdict against the truth, here or in the self-test."""
        found = planted(source)
        return Truth(found, record(source, found), standing(source))

    def summary_part(self, found: Truth) -> dict[str, Any] | None:
        """Give what each signal finds, and what it accuses falsely."""
        return summary_part(found.planted) if found.planted else None


CHECK = SelftestCheck()
