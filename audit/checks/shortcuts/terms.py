"""Figures and terms of shortcuts, defined."""

from __future__ import annotations

from audit.core.estimate import OURS, Metric
from audit.core.term import Term

METRICS = (
    Metric(
        key="shortcut_effect",
        title="Effect of a shortcut",
        description=(
            "What a group's backgrounds add to the log-odds of its class under other classes' "
            "subjects, each background one observation; proven where a one-sided Mann-Whitney test "
            "holds at 5% after Holm's correction, the interval lies above 0, and it reaches 1."
        ),
        formula=(
            "mean over subjects, then backgrounds, of log-odds on the group's backgrounds - the "
            "same on random backgrounds"
        ),
        direction="lower is better",
        paper="Mann and Whitney 1947; Holm 1979; this audit",
    ),
    Metric(
        key="shortcut_prevalence",
        title="Prevalence of a shortcut",
        description=(
            "How much of what the model calls a class holds it, of the images that were grouped."
        ),
        formula="images of the group / explained predictions of the class",
        direction="lower is better",
        paper=OURS,
    ),
)

TERMS = (
    Term(
        "Becomes the answer",
        "Of a shortcut: how often its class is the answer on the group's backgrounds, beyond how "
        "often it is on random ones.",
        OURS,
        "shortcuts.html",
    ),
    Term(
        "Shortcut",
        "Something beside the {subject} that gives the class away in this data and not elsewhere: "
        "a tag, a tint, a place. Proven where backgrounds that show the same speak for the "
        "class under other classes' {subject}s too.",
        "Geirhos et al. 2020, arXiv 2004.07780; grouped after Lapuschkin et al. 2019, Nature "
        "Communications 10:1096",
        figures=("shortcut_effect", "shortcut_prevalence"),
    ),
)
