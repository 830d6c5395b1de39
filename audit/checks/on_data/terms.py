"""Figures and terms of the self-test on a run's own data, defined."""

from __future__ import annotations

from audit.core.estimate import OURS, Metric
from audit.core.term import Term

METRICS = (
    Metric(
        key="stamps_found",
        title="Stamps found",
        description=(
            "Right answers that rest on a stamp which a head on this run's features was taught, "
            "and that are called wrong reasons. What each rests on is known: the photograph "
            "without its stamp loses the answer, and 1 log-odds or more."
        ),
        formula="accused cases / cases, of stamps worth 1.5 log-odds or more",
        direction="higher is better",
        paper=OURS,
    ),
    Metric(
        key="clean_accused",
        title="Clean answers accused",
        description=(
            "Right answers of the same heads that owe less than 0.5 log-odds to a stamp, and are "
            "called wrong reasons all the same. Each world is judged by the threshold that all "
            "others set."
        ),
        formula="accused clean answers / clean answers",
        direction="lower is better",
        paper="Vovk, Gammerman and Shafer 2005 (split conformal); this audit",
    ),
)

TERMS = (
    Term(
        "Kind named rightly",
        "Of the stamps that were found: how often the reason names the kind that was planted.",
        OURS,
    ),
    Term(
        "Self-test on this data",
        "Heads are taught on this run's features and photographs, with stamps that speak for "
        "some classes and without any; their answers are audited as the run's were, and held "
        "against the truth, which is the photograph without its stamp.",
        OURS,
        figures=("stamps_found", "clean_accused"),
    ),
    Term(
        "Calibrated threshold",
        "The score from which a right answer is accused, set by split conformal prediction so "
        "that at most 5% of clean images reach it in expectation.",
        "Vovk, Gammerman and Shafer 2005",
    ),
)
