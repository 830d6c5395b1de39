"""Terms of calibration."""

from __future__ import annotations

from audit.core.term import Term

TERMS = (
    Term(
        "Accepted",
        "Answers whose confidence reaches the threshold; all others would go to a person.",
        page="calibration.html",
    ),
    Term(
        "Calibration",
        "Whether answers are right as often as their confidence says. The Brier score is the mean "
        "squared distance of the confidence from 1 where the answer is right, from 0 where not.",
        "Brier 1950",
        "calibration.html",
        ("brier",),
    ),
    Term(
        "Expected calibration error (ECE)",
        "How far accuracy is from confidence, averaged over bins of confidence. Chance alone makes "
        "it more than 0: compare it with that of a simulated model which is calibrated.",
        "Guo et al. 2017, arXiv 1706.04599",
        "calibration.html",
        ("ece", "ece_if_calibrated"),
    ),
    Term(
        "Gap",
        "Of a bin of answers of like confidence: their mean confidence less their accuracy, in "
        "points. Above 0 the model is too sure.",
        page="calibration.html",
    ),
    Term(
        "Over-confidence",
        "Mean confidence less accuracy, in points: how much surer the model is than it is right.",
        page="calibration.html",
        figures=("over_confidence",),
    ),
)
