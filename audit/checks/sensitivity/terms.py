"""Figures and terms of sensitivity, defined."""

from __future__ import annotations

from audit.core.estimate import OURS, Metric
from audit.core.term import Term

METRICS = (
    Metric(
        key="sensitivity",
        title="Sensitivity of a class to an edit",
        description=(
            "How much more often an edit of the background turns answers of the class than those "
            "of the steadier half of the others; of a swap, how much more often another class's "
            "background does than one of its own. An edit turns only answers that at most half of "
            "other classes' backgrounds keep. Proven where one-sided tests (Fisher's exact "
            "and Mann-Whitney; of swaps the sign test) hold at 5% after Holm's correction for all "
            "classes and edits, the difference reaches 30 points (10 by a swap), the median answer "
            "loses 1.2 log-odds more, and its answers stay on half of other classes' backgrounds "
            "at most. A swap is asked of right answers alone."
        ),
        formula="answers that turn / answers of the class - the same of the steadier other classes",
        direction="lower is better",
        paper="Fisher 1935; Mann and Whitney 1947; Newcombe 1998; Holm 1979; this audit",
        style="points",
    ),
)

TERMS = (
    Term(
        "Cue",
        "What in a background speaks for a class. In groups that were found, an image has the cue "
        "of a class where its background alone is answered as that class.",
        OURS,
    ),
    Term(
        "Edit",
        "A change of the whole background that takes one kind of cue out, or puts another in its "
        "place: blurred, in usual colours, its frame cut away. The {subject} stays as it is.",
        OURS,
    ),
    Term(
        "Kind of cue",
        "Of a class that is proven to rest on its background: what in it, named by the narrowest "
        "of all edits that cost it nearly as much (70%) as the costliest, certain or not: an "
        "object before a corner or band, a frame, colour, texture; the scene where a swap alone "
        "shows it. That the class rests on its background is proven, the kind is estimated.",
        OURS,
        "sensitivity.html",
    ),
    Term(
        "Median cost",
        "Of an edit: the log-odds that it takes from the median answer of a class, and from that "
        "of the others.",
        OURS,
        "sensitivity.html",
    ),
    Term(
        "Sensitivity",
        "How much more an edit of the background costs the answers of one class than those of "
        "all others. A class that is sensitive beyond doubt names the kind of its shortcut: "
        "colour, texture, frame, corner, band or scene.",
        OURS,
        figures=("sensitivity",),
    ),
)
