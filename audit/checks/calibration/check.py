"""Calibration: is the model as often right as it is sure?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from audit.checks.base import Check, Page, Rule
from audit.checks.calibration.findings import over_confidence
from audit.checks.calibration.headline import HEADLINE
from audit.checks.calibration.summary import Calibration, calibration
from audit.checks.calibration.terms import TERMS

if TYPE_CHECKING:
    from audit.report.cases import Case
    from audit.report.source import Source


class CalibrationCheck(Check):
    """Confidence against accuracy, over all test images."""

    key = "calibration"
    title = "Is the model as often right as it is sure?"
    headline = HEADLINE
    rules = (Rule(230, over_confidence),)
    terms = TERMS
    page = Page("calibration", "Calibration", 30, always=True)
    needs_one_label = (
        "it holds confidence against answers of every kind, not of what is there alone"
    )

    def summarise(self, source: Source, cases: Mapping[str, Sequence[Case]]) -> Calibration | None:
        """Gather bins, thresholds and what verdicts have to do with confidence."""
        return calibration(source)


CHECK = CalibrationCheck()
