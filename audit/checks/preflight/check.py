"""Preflight: was everything read as its makers meant?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from audit.checks.base import Check, Page, Rule
from audit.checks.preflight.findings import read_wrongly, worth_a_look
from audit.checks.preflight.outcome import Preflight, kept, read

if TYPE_CHECKING:
    from audit.gate.gates import Limits, Outcome
    from audit.report.cases import Case
    from audit.report.source import Source


class PreflightCheck(Check):
    """The look at all inputs before anything was trained or swept; the manifest keeps it."""

    key = "preflight"
    title = "Is everything read as its makers meant?"
    settings = ("anyway",)
    rules = (Rule(30, read_wrongly), Rule(130, worth_a_look))
    page = Page("preflight", "Preflight", 90)

    def summarise(self, source: Source, cases: Mapping[str, Sequence[Case]]) -> Preflight | None:
        """Read what the manifest keeps."""
        return read(source.section("preflight"))

    def outcomes(self, source: Source, limits: Limits) -> Iterable[Outcome]:
        """Fail a run whose inputs are read wrongly beyond doubt, if it is not let pass."""
        from audit.checks.preflight.gate import read_wrongly

        return read_wrongly(source, anyway=limits.anyway)

    def summary_part(self, found: Preflight) -> dict[str, Any]:
        """Give everything that was looked at."""
        return kept(found)


CHECK = PreflightCheck()
