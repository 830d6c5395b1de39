"""Confusions: which classes are taken for which, and why?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from audit.checks.base import Check, Page
from audit.checks.confusions.summary import Confusions, confusions
from audit.checks.confusions.terms import TERMS

if TYPE_CHECKING:
    from audit.report.cases import Case
    from audit.report.source import Source


class ConfusionsCheck(Check):
    """Wrong answers, counted over all test images and shown with their heatmaps."""

    key = "confusions"
    title = "Which classes are taken for which, and why?"
    terms = TERMS
    page = Page("confusions", "Confusions", 20, always=True)
    needs_one_label = "it counts which class is taken for which"

    def summarise(self, source: Source, cases: Mapping[str, Sequence[Case]]) -> Confusions:
        """Gather the most frequent confusions with their surest cases."""
        return confusions(source, cases)


CHECK = ConfusionsCheck()
