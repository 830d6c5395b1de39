"""Terms of confusions."""

from __future__ import annotations

from audit.core.term import Term

TERMS = (
    Term(
        "Confusion",
        "A wrong answer that is given often: one class taken for another.",
        page="confusions.html",
    ),
)
