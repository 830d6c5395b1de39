"""Terms of clusters."""

from __future__ import annotations

from audit.core.term import Term

TERMS = (
    Term(
        "Cluster",
        "Test images that are not independent of each other: of one photographer or plant where a "
        "column tells so, else near-duplicates. Intervals are made by drawing whole clusters.",
        "Field and Welsh 2007, JRSS B 69",
    ),
)
