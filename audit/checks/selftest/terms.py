"""Terms of planted shortcuts."""

from __future__ import annotations

from audit.core.estimate import OURS
from audit.core.term import Term

TERMS = (
    Term(
        "World",
        "In a self-test: one model and its images, all with the same kind of shortcut or none.",
        OURS,
    ),
    Term(
        "Worth",
        "Of a planted shortcut or a stamp: the log-odds that an answer owes to it, in the median. "
        "Below 1.5 it was not learned and counts for nothing.",
        OURS,
    ),
    Term(
        "Planted",
        "Of data: shortcuts were drawn into it on purpose, so the truth of every image is known.",
        OURS,
    ),
    Term(
        "True effect",
        "Log-odds of an answer beyond their mean before other backgrounds, the {subject} the same: "
        "what it owes to its own. Known where scenes can be drawn again.",
        OURS,
    ),
    Term(
        "Partly",
        "Where the truth is known: a right prediction that owes 1 log-odds or more to its "
        "background and keeps its answer before most others. It counts neither way.",
        OURS,
    ),
    Term(
        "Clean",
        "Where the truth is known: a right prediction that owes less than 0.5 log-odds to its "
        "background. False alarms are counted on these.",
        OURS,
    ),
)
