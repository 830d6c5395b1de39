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
    Term(
        "Outlier",
        "An image whose size, shape, sharpness or exposure lies more than 3.5 robust standard "
        "deviations from the median, and by enough to matter.",
        "Iglewicz and Hoaglin 1993",
        "data.html",
    ),
)
