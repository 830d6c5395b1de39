"""Labels: which are said where they are not there, and which are missed?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from audit.checks.base import Check, Page
from audit.checks.labels.summary import Labels, labels, summary_part
from audit.checks.labels.terms import TERMS

if TYPE_CHECKING:
    import pandas as pd

    from audit.report.cases import Case
    from audit.report.source import Source


class LabelsCheck(Check):
    """Precision and recall of every label, over all test images; predicting keeps the answers."""

    key = "labels"
    title = "Which labels are predicted where they are not there?"
    terms = TERMS
    page = Page("labels", "Labels", 18)

    def summarise(self, source: Source, cases: Mapping[str, Sequence[Case]]) -> Labels | None:
        """Count answers by label; None where every image has one class."""
        return labels(source)

    def summary_part(self, found: Labels) -> dict[str, Any]:
        """Give precision and recall, of all labels and of each."""
        return summary_part(found)

    def tables(self, source: Source) -> Mapping[str, pd.DataFrame]:
        """Give what is said of every label of every test image."""
        from audit.checks.labels.summary import answers

        found = answers(source)
        if found is None:
            return {}
        return {"labels": found.assign(label=found["label"].map(source.labels))}


CHECK = LabelsCheck()
