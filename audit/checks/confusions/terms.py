"""Terms of confusions."""

from __future__ import annotations

from audit.core.term import Term

TERMS = (
    Term(
        "Confusion",
        "A wrong answer that is given often: one class taken for another.",
        page="confusions.html",
    ),
    Term(
        "Not explained",
        "Test images that the model answered, but that are not in the sample that was explained: "
        "they have no verdict.",
    ),
    Term(
        "Share of the class",
        "Of the test images of the true class, how many are taken for the other one.",
        "Wilson 1927, JASA 22",
        "confusions.html",
    ),
    Term(
        "The other way",
        "Images of the other class that are taken for this one. One way: the two shares are shown "
        "to differ. Both ways: it occurs, and they are not.",
        "Fisher's exact test, corrected over the rows by Holm's method",
        "confusions.html",
    ),
)
