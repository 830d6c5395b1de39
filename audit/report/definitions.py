"""Figures beside the headline: what stands on other pages, defined as the headline is."""

from __future__ import annotations

from audit.checks.registry import every
from audit.core.estimate import OURS, Metric
from audit.report.figures import SHAPLEY
from audit.verdict.score import INTERCEPT, WEIGHTS

_LOWER = "lower is better"
_WEIGHED = " ".join(f"{'-' if w < 0 else '+'} {abs(w):g} {sign}" for sign, w in WEIGHTS.items())


_OF_THE_ENGINE = (
    Metric(
        key="log_odds",
        title="Log-odds",
        description=(
            "What causes are measured in: how much more likely a class is than all others together."
        ),
        formula="log(p / (1 - p)), p the softmax of the logits",
        direction="neither; 0 is as likely as not",
        paper="",
    ),
    Metric(
        key="effects",
        title="Effect of the background, of the subject",
        description=(
            "What each adds to the log-odds of the predicted class: v(FB) the image, v(F) the "
            "subject on donors' backgrounds, v(B) the image without its subject, v(0) donors' "
            "backgrounds."
        ),
        formula=(
            "phi_B = ((v(B) - v(0)) + (v(FB) - v(F))) / 2; phi_F = ((v(F) - v(0)) + (v(FB) - "
            "v(B))) / 2; phi_F + phi_B = v(FB) - v(0)"
        ),
        direction="the background's: lower is better",
        paper=SHAPLEY,
    ),
    Metric(
        key="removal_lost",
        title="Cost of a region",
        description=(
            "What filling a region takes from the predicted class, less what its worst control "
            "takes."
        ),
        formula="log-odds of the image - log-odds with the region filled",
        direction=_LOWER,
        paper=OURS,
    ),
    Metric(
        key="verdict_score",
        title="Score of a verdict",
        description=(
            "How much accuses an image, whatever the thresholds: its order in the gallery. "
            "Log-odds that the costliest edit costs beyond other classes (lost), and that the "
            "region leaves beyond its controls (region), each within \u22126 to 6; survival; the "
            "background's share; "
            "how much more often an edit turns its class than others (class); and one less the "
            "skill of the class activation map (off; 0 without one)."
        ),
        formula=f"1 / (1 + exp(-z)), z = {INTERCEPT:g} {_WEIGHED}",
        direction=_LOWER,
        paper=OURS,
    ),
    Metric(
        key="confidence",
        title="Confidence",
        description="What the softmax gives to the class that is predicted: of one answer.",
        formula="softmax of the predicted class",
        direction="neither: it need not be right",
        paper="",
    ),
    Metric(
        key="stands_out",
        title="Stands out (★)",
        description="A class with more wrong reasons than all others together.",
        formula="Fisher's exact test, one-sided; p-values adjusted, at most 0.05",
        direction="neither",
        paper="Fisher 1935; Benjamini and Hochberg 1995",
    ),
    Metric(
        key="completeness",
        title="Completeness error",
        description="By how much a heatmap of gradients misses the sum that it explains.",
        formula="|sum(R) - (F(x) - F(x'))| / |F(x) - F(x')|",
        direction=_LOWER,
        paper="Sundararajan et al. 2017, arXiv 1703.01365",
    ),
)
_OF_SIGNALS = (
    Metric(
        key="found",
        title="Found, precision, false alarms",
        description=(
            "What a signal is worth where the truth of each image is known: how many of the "
            "cases it accuses, how many of the accused are cases, and how many of the clean "
            "images it accuses."
        ),
        formula="cases accused / cases; cases accused / accused; others accused / others",
        direction="higher, higher, lower",
        paper="",
    ),
    Metric(
        key="auroc",
        title="AUROC",
        description="How often a case scores above another image; ties count half.",
        formula="area under the ROC curve",
        direction="higher is better; 0.5 is guessing",
        paper="Hanley and McNeil 1982, Radiology 143(1)",
    ),
)


def other_metrics() -> tuple[Metric, ...]:
    """Everything that is not in the headline table."""
    of_checks = (metric for check in every() for metric in check.metrics)
    return (*_OF_THE_ENGINE, *of_checks, *_OF_SIGNALS)
