"""Terms of masks."""

from __future__ import annotations

from audit.core.term import Term

TERMS = (
    Term(
        "GrabCut",
        "An algorithm that cuts a subject out of a photograph: the fallback where no mask is "
        "given. Its masks are a machine's and may be wrong.",
        "Rother et al. 2004, ACM TOG 23(3)",
    ),
    Term(
        "Mask",
        "Which pixels are the {subject}. It comes from a folder, from the data set, or from "
        "GrabCut; each image says from where.",
    ),
    Term(
        "Trimap",
        "A mask with three values: {subject}, background, and unknown, which counts nowhere.",
    ),
)
