"""Explainers: do the heatmaps depend on what was learnt, and do their hottest pixels matter?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from audit.checks.base import Check, Page, Rule
from audit.checks.context import Context
from audit.checks.explainer_sanity.findings import (
    LIKEST,
    completeness,
    middle_of_the_image,
    random_pixels,
    random_weights,
)
from audit.checks.explainer_sanity.outputs import FILE
from audit.checks.explainer_sanity.summary import ExplainerSanity, explainer_sanity
from audit.checks.explainer_sanity.terms import METRICS, TERMS

if TYPE_CHECKING:
    from audit.report.cases import Case
    from audit.report.source import Source


class ExplainerSanityCheck(Check):
    """Explainers against random weights, random pixels and the middle of the image."""

    key = "explainer_sanity"
    title = "Are the explainers to be trusted here?"
    named = "trust"
    settings = ("cam", "ig_variant", "explainers", "seed")
    outputs = (FILE,)
    metrics = METRICS
    rules = (
        Rule(250, random_weights),
        Rule(260, random_pixels),
        Rule(270, middle_of_the_image),
        Rule(320, completeness),
    )
    limits = (LIKEST,)
    terms = TERMS
    page = Page("trust", "Explainers", 40, always=True)
    looks_inside = "it holds heatmaps against those of other weights"

    def measure(self, context: Context) -> None:
        """Compare explainers with chance, on a sample of images."""
        from audit.checks.explainer_sanity.measure import write

        write(context)

    def summarise(
        self, source: Source, cases: Mapping[str, Sequence[Case]]
    ) -> ExplainerSanity | None:
        """Gather the checks of each explainer."""
        return explainer_sanity(source)


CHECK = ExplainerSanityCheck()
