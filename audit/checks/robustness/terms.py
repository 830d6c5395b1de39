"""Figures and terms of robustness, defined."""

from __future__ import annotations

from audit.core.estimate import OURS, Metric
from audit.core.term import Term

_HENDRYCKS = "Hendrycks and Dietterich 2019, arXiv 1903.12261"

METRICS = (
    Metric(
        "corruption_error",
        "Mean corruption error",
        "Wrong answers under corruptions; not divided by a baseline's, which takes a second model.",
        "error rate, averaged over severities, then over corruptions",
        "lower is better",
        _HENDRYCKS,
    ),
    Metric(
        "corruption_cost",
        "Error above clean",
        "What a corruption adds to the errors on the same images.",
        "mean error over severities - error on the clean images",
        "lower is better",
        OURS,
    ),
    Metric(
        "rank_correlation",
        "Rank correlation under corruption",
        "How alike the heatmaps of the clean and the corrupted image are, where the answer holds.",
        "Spearman's, on the pixels that both show",
        "higher is better",
        "Spearman 1904",
    ),
    Metric(
        "mass_change",
        "Change of mass under corruption",
        "Whether relevance leaves the subject, where the answer holds.",
        "mass of the corrupted image - mass of the clean one",
        "below 0 is off the subject",
        OURS,
    ),
)

TERMS = (
    Term(
        "Corruption error",
        "Share of the answers that are wrong under a corruption, averaged over its five "
        "severities; the mean corruption error is the mean over all corruptions.",
        _HENDRYCKS,
        "",
        ("corruption_error", "corruption_cost"),
    ),
)
