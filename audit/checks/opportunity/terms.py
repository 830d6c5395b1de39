"""Figures and terms of opportunity, defined."""

from __future__ import annotations

from audit.core.estimate import OURS, Metric
from audit.core.term import Term

PAPERS = "Noyan 2022, arXiv 2206.04374; Xiao et al. 2020, arXiv 2006.09994"

METRICS = (
    Metric(
        key="opportunity",
        title="Told from the background alone",
        description=(
            "Images whose class a classifier other than the model names from one cue of the "
            "background, among images that it did not learn from; the mean over classes where "
            "these are uneven."
        ),
        formula="held-out images named rightly / images, near-duplicates once",
        direction="neither; near chance leaves a model nothing to take",
        paper=PAPERS,
    ),
    Metric(
        key="opportunity_recall",
        title="Class told from the background alone",
        description=(
            "The same for the images of one class; tested against permuted labels, Holm over "
            "classes and cues."
        ),
        formula="images of the class named rightly / images of the class",
        direction="neither; near chance leaves a model nothing to take",
        paper=OURS,
    ),
)

TERMS = (
    Term(
        "By chance",
        "What the same answers reach against labels permuted 1,999 times; for one class, the share "
        "of all images that are called so.",
        PAPERS,
        "opportunity.html",
    ),
    Term(
        "Opportunity",
        "How well the label is told from the background alone, the {subject} left out, by "
        "something that is not the model. What a model could take.",
        PAPERS,
        figures=("opportunity", "opportunity_recall"),
    ),
    Term(
        "Reliance",
        "What the model takes of the background, by intervention: verdicts, the background share, "
        "and answers that stay without the {subject}.",
        OURS,
    ),
)
