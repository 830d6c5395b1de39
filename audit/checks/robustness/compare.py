"""Errors under the corruptions that both runs tried."""

from __future__ import annotations

from audit.checks.base import Compared
from audit.checks.robustness.outputs import robustness_table
from audit.checks.robustness.statistics import mean_corruption_error, outcomes
from audit.core.estimate import Metric
from audit.report.source import Source

CORRUPTIONS = Metric(
    key="corruption_error",
    title="Error under corruptions",
    description=(
        "Share of corrupted versions of an image that are misread, over kinds and severities."
    ),
    formula="wrong answers / corrupted versions, over images",
    direction="lower is better",
    paper="Hendrycks and Dietterich 2019, arXiv 1903.12261",
)


def corrupted(a: Source, b: Source) -> Compared | None:
    """Compare what both runs tried; None where a run tried none, or no image is shared.

    What is found is the mean corruption error of B with A as the baseline, in percent: 100 is as
    many errors as A.
    """
    ours, theirs = (robustness_table(source.run) for source in (a, b))
    if ours is None or theirs is None:
        return None
    keys = ["name", "corruption", "severity"]
    both = ours[[*keys, "correct"]].merge(theirs[[*keys, "correct"]], on=keys)
    tried = both[both["severity"] > 0]
    if tried.empty:
        return None
    names, kinds = both["name"].tolist(), both["corruption"].tolist()
    first, second = (
        outcomes(names, kinds, both["severity"], both[f"correct_{side}"]) for side in ("x", "y")
    )
    rights = tried.groupby("name")[["correct_x", "correct_y"]].mean()
    mce = mean_corruption_error(second, first, seed=a.seed)
    return Compared(CORRUPTIONS, 1 - rights["correct_x"], 1 - rights["correct_y"], mce)
