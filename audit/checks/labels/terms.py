"""Terms of labels."""

from __future__ import annotations

from audit.core.term import Term

TERMS = (
    Term(
        "Precision, recall",
        "Of the labels that a model predicts, the share that is there; of those that are there, "
        "the share that it predicts. A model that predicts every label everywhere has a recall of "
        "100%.",
        page="labels.html",
    ),
)
