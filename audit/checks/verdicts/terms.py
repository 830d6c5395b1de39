"""Terms of verdicts, besides the six themselves."""

from __future__ import annotations

from audit.core.estimate import OURS
from audit.core.term import Term

TERMS = (
    Term(
        "Decisive",
        "Of a region: filling it turns the answer, filling its controls does not, it costs enough, "
        "and share or swap agrees.",
        OURS,
        "methods.html#verdicts",
    ),
    Term(
        "False discovery rate",
        "Of the classes that are marked, the share expected to be marked by chance: kept to 5%.",
        "Benjamini and Hochberg 1995, JRSS B 57(1)",
        figures=("stands_out",),
    ),
    Term(
        "Fragile",
        "Of a verdict: another one comes out when the mask is grown or shrunk by 3 px (at 224).",
        OURS,
        figures=("fragile_share",),
    ),
    Term(
        "Score of a verdict",
        "How much accuses an image, 0 to 1, whatever the thresholds: two thirds by causes, one by "
        "the class activation map.",
        OURS,
        figures=("verdict_score",),
    ),
    Term(
        "Stands out",
        "Of a class: its rate of wrong reasons is above that of all others together by Fisher's "
        "exact test, the false discovery rate kept to 5%.",
        "Fisher 1935, The Design of Experiments",
        "classes.html",
    ),
)
