"""Opportunity: what do backgrounds offer, beside what the model takes of them?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from audit.checks.base import Check, Page, Rule
from audit.checks.context import Context
from audit.checks.opportunity.by_class import given_away
from audit.checks.opportunity.findings import offered, taken
from audit.checks.opportunity.outputs import FILE
from audit.checks.opportunity.summary import Opportunity, find_opportunity, summary_part
from audit.checks.opportunity.terms import METRICS, TERMS
from audit.settings import Config

if TYPE_CHECKING:
    from audit.report.cases import Case
    from audit.report.source import Source


class OpportunityCheck(Check):
    """Labels told from backgrounds alone, by something that is not the model."""

    key = "opportunity"
    title = "Does the background give the label away?"
    settings = ("opportunity",)
    outputs = (FILE,)
    metrics = METRICS
    rules = (Rule(75, taken, given_away), Rule(185, offered))
    terms = TERMS
    page = Page("opportunity", "Background and label", 12, top=True)
    needs_one_label = "it teaches to tell classes apart by the background"
    looks_inside = "it holds backgrounds against the model's own features"

    def wanted(self, config: Config) -> bool:
        """Say whether backgrounds are to be looked at."""
        return config.checks.opportunity

    def measure(self, context: Context) -> None:
        """Read a sample of training and test images once."""
        from audit.checks.opportunity.measure import write

        write(context)

    def summarise(self, source: Source, cases: Mapping[str, Sequence[Case]]) -> Opportunity | None:
        """Gather what is offered and what is taken, by class."""
        return find_opportunity(source)

    def summary_part(self, found: Opportunity) -> dict[str, Any]:
        """Give accuracies by cue, and where each class stands."""
        return summary_part(found)


CHECK = OpportunityCheck()
