"""Terms of data health."""

from __future__ import annotations

from audit.core.estimate import OURS
from audit.core.term import Term

TERMS = (
    Term(
        "Leak",
        "A test image with a near-duplicate among the images to train on or to validate with: a "
        "model may remember its answer.",
        OURS,
        "data.html",
        ("unleaked_accuracy",),
    ),
)
