"""Terms of masks."""

from __future__ import annotations

from audit.core.estimate import OURS
from audit.core.term import Term

TERMS = (
    Term(
        "Doubtful mask",
        "A mask that looks unlikely: tiny, full, or touching every side; or one that may leave out "
        "the very part that decides.",
        OURS,
        "data.html#doubtful-masks",
    ),
    Term(
        "GrabCut",
        "An algorithm that cuts a subject out of a photograph: what makes a mask where none "
        "is given and no other segmenter asked for. Its masks are a machine's and may be wrong.",
        "Rother et al. 2004, ACM TOG 23(3)",
    ),
    Term(
        "Mask",
        "Which pixels are the {subject}. It comes from a folder, from the data set, or from "
        "GrabCut or another segmenter; each image says from where.",
    ),
    Term(
        "Segmenter",
        "What makes a mask where none is given: GrabCut, or, by --segmenter, rembg (a neural "
        "network) or a command. Its masks are a machine's and may be wrong.",
    ),
    Term(
        "Trimap",
        "A mask with three values: {subject}, background, and unknown, which counts nowhere.",
    ),
)
