"""Figures and terms of robustness, defined."""

from __future__ import annotations

from audit.core.estimate import OURS, Metric
from audit.core.term import Term

_HENDRYCKS = "Hendrycks and Dietterich 2019, arXiv 1903.12261"

METRICS = (
    Metric(
        key="corruption_error",
        title="Mean corruption error",
        description=(
            "Wrong answers under corruptions; not divided by a baseline's, which takes a second "
            "model."
        ),
        formula="error rate, averaged over severities, then over corruptions",
        direction="lower is better",
        paper=_HENDRYCKS,
    ),
    Metric(
        key="corruption_cost",
        title="Error above clean",
        description="What a corruption adds to the errors on the same images.",
        formula="mean error over severities - error on the clean images",
        direction="lower is better",
        paper=OURS,
    ),
    Metric(
        key="rank_correlation",
        title="Rank correlation under corruption",
        description=(
            "How alike the heatmaps of the clean and the corrupted image are, where the answer "
            "holds."
        ),
        formula="Spearman's, on the pixels that both show",
        direction="higher is better",
        paper="Spearman 1904",
    ),
    Metric(
        key="mass_change",
        title="Change of mass under corruption",
        description="Whether relevance leaves the subject, where the answer holds.",
        formula="mass of the corrupted image - mass of the clean one",
        direction="below 0 is off the subject",
        paper=OURS,
    ),
)

TERMS = (
    Term(
        "Answer kept",
        "How many corrupted images get the answer that the clean image gets, right or wrong.",
        OURS,
        "robustness.html",
    ),
    Term(
        "Corruption error",
        "Share of the answers that are wrong under a corruption, averaged over its five "
        "severities; the mean corruption error is the mean over all corruptions.",
        _HENDRYCKS,
        "",
        ("corruption_error", "corruption_cost"),
    ),
)
