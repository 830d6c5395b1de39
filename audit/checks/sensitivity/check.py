"""Sensitivity: which classes rest on their background, and on what of it?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from audit.checks.base import Check, Page, Rule
from audit.checks.context import Context
from audit.checks.sensitivity.by_class import sensitive
from audit.checks.sensitivity.findings import cause, sensitive_classes
from audit.checks.sensitivity.outputs import TABLE, keep_sensitivities, table_of
from audit.checks.sensitivity.summary import Sensitivities, find_sensitivities, summary_part
from audit.checks.sensitivity.terms import METRICS, TERMS
from audit.core.cause import Cause

if TYPE_CHECKING:
    from audit.report.cases import Case
    from audit.report.source import Source


class SensitivityCheck(Check):
    """Answers of each class under edits of the background, beside those of all others."""

    key = "sensitivity"
    title = "Which classes rest on their background, and on what of it?"
    outputs = (TABLE,)
    metrics = METRICS
    rules = (Rule(65, sensitive_classes, sensitive),)
    terms = TERMS
    page = Page("sensitivity", "Sensitivity", 15, top=True)

    def measure(self, context: Context) -> None:
        """Hold every class against the others, edit by edit, from the records alone."""
        keep_sensitivities(context.folder)

    def summarise(
        self, source: Source, cases: Mapping[str, Sequence[Case]]
    ) -> Sensitivities | None:
        """Gather the classes that are sensitive, and the picture of all."""
        return find_sensitivities(source)

    def summary_part(self, found: Sensitivities) -> dict[str, Any]:
        """Give the classes that are proven to be sensitive."""
        return summary_part(found)

    def causes(self, found: Sensitivities, source: Source) -> Iterable[Cause]:
        """Give the proven classes."""
        return map(cause, found.classes)

    def tables(self, source: Source) -> Mapping[str, pd.DataFrame]:
        """Give every class under every edit, to download."""
        found = find_sensitivities(source)
        if found is None:
            return {}
        table = table_of(found.found)
        table.insert(0, "class", [source.classes[target] for target in table["target"]])
        return {"sensitivity": table}


CHECK = SensitivityCheck()
