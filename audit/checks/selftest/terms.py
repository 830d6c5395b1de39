"""Terms of planted shortcuts."""

from __future__ import annotations

from audit.core.estimate import OURS
from audit.core.term import Term

TERMS = (
    Term(
        "Planted",
        "Of data: shortcuts were drawn into it on purpose, so the truth of every image is known.",
        OURS,
    ),
)
