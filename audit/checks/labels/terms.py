"""Terms of labels."""

from __future__ import annotations

from audit.core.term import Term

TERMS = (
    Term(
        "Precision, recall",
        "Of the labels that a model says are there, the share that is; of those that are there, "
        "the share that it says. A model that says every label everywhere has a recall of 100%.",
        page="labels.html",
    ),
)
