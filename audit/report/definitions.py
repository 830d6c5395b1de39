"""Figures beside the headline: what stands on other pages, defined as the headline is."""

from __future__ import annotations

from audit.checks.registry import every
from audit.core.estimate import OURS, Metric
from audit.report.figures import SHAPLEY

_LOWER, _HIGHER = "lower is better", "higher is better"


def _metric(
    key: str, title: str, description: str, formula: str, direction: str, paper: str
) -> Metric:
    return Metric(
        key=key,
        title=title,
        description=description,
        formula=formula,
        direction=direction,
        paper=paper,
        style="percent",
    )


_OF_THE_ENGINE = (
    _metric(
        "log_odds",
        "Log-odds",
        "What causes are measured in: how much likelier a class is than all others together.",
        "log(p / (1 - p)), p the softmax of the logits",
        "neither; 0 is as likely as not",
        "",
    ),
    _metric(
        "effects",
        "Effect of the background, of the subject",
        "What each adds to the log-odds of the predicted class: v(FB) the image, v(F) the subject "
        "on donors' backgrounds, v(B) the image without its subject, v(0) donors' backgrounds.",
        "phi_B = ((v(B) - v(0)) + (v(FB) - v(F))) / 2; phi_F = ((v(F) - v(0)) + (v(FB) - v(B))) / "
        "2; phi_F + phi_B = v(FB) - v(0)",
        "the background's: lower is better",
        SHAPLEY,
    ),
    _metric(
        "removal_lost",
        "Cost of a region",
        "What filling a region takes from the predicted class, less what its worst control takes.",
        "log-odds of the image - log-odds with the region filled",
        _LOWER,
        OURS,
    ),
    _metric(
        "verdict_score",
        "Score of a verdict",
        "How much accuses an image, whatever the thresholds: its order in the gallery.",
        "(2 (1 - (1 - background share)(1 - p)) + 1 - max(skill, 0)) / 3, p the probability that "
        "the answer is lost without the region beyond its controls, skill that of the class "
        "activation map",
        _LOWER,
        OURS,
    ),
    _metric(
        "confidence",
        "Confidence",
        "Of one answer.",
        "softmax of the predicted class",
        "neither: it need not be right",
        "",
    ),
    _metric(
        "stands_out",
        "Stands out (★)",
        "A class with more wrong reasons than all others together.",
        "Fisher's exact test, one-sided; p-values adjusted, at most 0.05",
        "neither",
        "Fisher 1935; Benjamini and Hochberg 1995",
    ),
    _metric(
        "completeness",
        "Completeness error",
        "By how much a heatmap of gradients misses the sum that it explains.",
        "|sum(R) - (F(x) - F(x'))| / |F(x) - F(x')|",
        _LOWER,
        "Sundararajan et al. 2017, arXiv 1703.01365",
    ),
)
_OF_SIGNALS = (
    _metric(
        "found",
        "Found, precision, false alarms",
        "Of a signal, where the truth of each image is known.",
        "cases accused / cases; cases accused / accused; others accused / others",
        "higher, higher, lower",
        "",
    ),
    _metric(
        "auroc",
        "AUROC",
        "How often a case scores above another image; ties count half.",
        "area under the ROC curve",
        "higher is better; 0.5 is guessing",
        "Hanley and McNeil 1982, Radiology 143(1)",
    ),
)


def other_metrics() -> tuple[Metric, ...]:
    """Everything that is not in the headline table."""
    of_checks = (metric for check in every() for metric in check.metrics)
    return (*_OF_THE_ENGINE, *of_checks, *_OF_SIGNALS)
