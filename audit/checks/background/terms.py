"""Terms of what rests on the background."""

from __future__ import annotations

from audit.core.estimate import OURS
from audit.core.term import Term
from audit.report.figures import BACKGROUNDS, SHAPLEY

TERMS = (
    Term(
        "Background share",
        "How much of what speaks for the predicted class comes from the background, 0% to 100%: "
        "the background's Shapley value over that of background and {subject} together.",
        SHAPLEY,
        figures=("background_share", "effects"),
    ),
    Term(
        "BG-Gap",
        "How much accuracy rests on the background being of the class: Mixed-Same less Mixed-Rand.",
        BACKGROUNDS,
        figures=("bg_gap",),
    ),
    Term(
        "Mixed-Same, Mixed-Rand",
        "Accuracy with the {subject} on a background of its own class, and on backgrounds of "
        "others.",
        BACKGROUNDS,
        figures=("mixed_same", "mixed_rand"),
    ),
    Term(
        "Only-FG, Only-BG",
        "Accuracy with the {subject} alone, on black, and with the background alone, the {subject} "
        "filled in.",
        BACKGROUNDS,
        figures=("only_foreground", "without_foreground"),
    ),
    Term(
        "Survives without the {subject}",
        "The answer stays when the {subject} is filled in from its background.",
        OURS,
        figures=("survives_without",),
    ),
)
