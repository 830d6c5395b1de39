"""Findings on whether the heatmaps show what this model looks at."""

from __future__ import annotations

from collections.abc import Sequence

from audit.checks.base import Limit
from audit.checks.explainer_sanity.summary import ExplainerSanity
from audit.core.estimate import NOTHING, Estimate, mean
from audit.core.finding import Finding, Link, Step
from audit.report.content import Content
from audit.report.finding import format_estimate, hold, is_few, limit_of
from audit.report.templating import percent

_CHECKS = Step("Read the checks.", (Link("Explainers", "trust.html"),))
_INTERVENE = Step(
    "Rely on the interventions: no verdict of wrong reasons rests on a heatmap alone."
)


def _likest(content: Content) -> Estimate:
    trust: ExplainerSanity | None = content.checks["explainer_sanity"]
    found = [s.rank for s in trust.sanity if s.rank.n] if trust else []
    return max(found, key=lambda e: e.value, default=NOTHING)


LIKEST = Limit(
    key="random-weights",
    title="Likeness to random weights",
    value=0.5,
    estimate=_likest,
    place=100,
    style="signed",
    defined="random_weights",
)


def random_weights(content: Content) -> Finding | None:
    """Report an explainer that draws much the same for a model that has learnt nothing."""
    limit = limit_of("random-weights", content)
    trust: ExplainerSanity | None = content.checks["explainer_sanity"]
    checks = trust.sanity if trust else []
    found = [(s.title, hold(s.rank, limit, "signed")) for s in checks]
    alike = [(t, h) for t, h in found if h.standing in ("broken", "doubtful")]
    if not alike:
        return None
    worst = max((h for _, h in alike), key=lambda h: h.estimate.value)
    listed = "; ".join(f"{title} {h.words}" for title, h in alike)
    return Finding(
        key="random-weights",
        severity=worst.severity,
        title=f"{_names([t for t, _ in alike])}: much the same with random weights",
        words=f"Rank correlation with the heatmaps of random weights: {listed}.",
        why=(
            "A heatmap that does not depend on what was learnt cannot show it. The check has its "
            "critics (arXiv 2110.14297): it raises a question and settles nothing."
        ),
        steps=(_CHECKS, _INTERVENE, Step("Try another layer (--feature-layer) or kind (--cam).")),
        estimate=worst.estimate,
    )


def random_pixels(content: Content) -> Finding | None:
    """Report an explainer whose hottest pixels matter no more to the answer than random ones."""
    trust: ExplainerSanity | None = content.checks["explainer_sanity"]
    areas = trust.areas if trust else []
    titles = set(content.source.titles.values())
    gains = [(a.title, a.deletion_gain, a.insertion_gain) for a in areas if a.title in titles]
    worse = [g for g in gains if min(g[1].high, g[2].high) < 0 and not is_few(g[1])]
    same = [g for g in gains if g not in worse and max(g[1].low, g[2].low) <= 0]
    if not worse and not same:
        return None
    return Finding(
        key="random-pixels",
        severity="look" if worse else "info",
        title=f"{_names([g[0] for g in (*worse, *same)])}: not shown to beat random pixels",
        words=f"Area gained on random pixels under deletion and insertion: {_listed(worse, same)}.",
        why="The hottest pixels of a faithful heatmap matter more to the answer than random ones.",
        steps=(_CHECKS, _INTERVENE),
        estimate=(worse or same)[0][1],
    )


def _listed(
    worse: Sequence[tuple[str, Estimate, Estimate]], same: Sequence[tuple[str, Estimate, Estimate]]
) -> str:
    said = [
        (title, f"{format_estimate(out, 'signed')} and {format_estimate(back, 'signed')}")
        for title, out, back in (*worse, *same)
    ]
    ends = ["worse than random"] * len(worse) + ["which cannot be told apart from none"] * len(same)
    return "; ".join(f"{t} {words}, {end}" for (t, words), end in zip(said, ends, strict=True))


def middle_of_the_image(content: Content) -> Finding | None:
    """Report an explainer that finds the subject no better than a Gaussian in the middle does."""
    gains = [
        (title, mean(content.source.explained[f"{key}_skill"]
                     - content.source.explained["centre_skill"], content.source.seed))
        for key, title in content.source.titles.items()
    ]  # fmt: skip
    low = [(title, e) for title, e in gains if e.low <= 0]
    if not low:
        return None
    worse = [title for title, e in low if e.high < 0 and not is_few(e)]
    listed = "; ".join(
        f"{title} {format_estimate(e, 'signed')}"
        + ("" if title in worse else ", which cannot be told apart from none")
        for title, e in low
    )
    return Finding(
        key="centre",
        severity="look" if worse else "info",
        title=f"{_names([t for t, _ in low])}: no better than the middle of the image",
        words=f"Skill beyond that of a Gaussian in the middle, which looks at no image: {listed}.",
        why=(
            f"Such a heatmap lies on the {content.source.subject} because the "
            f"{content.source.subject} is in the middle."
        ),
        steps=(
            Step("Do not read its mass as a sign of health.", (Link("Explainers", "trust.html"),)),
            _INTERVENE,
        ),
        estimate=low[0][1],
    )


def completeness(content: Content) -> Finding | None:
    """Report heatmaps that do not add up to what they explain."""
    errors, title = content.notes.completeness, content.source.titles.get("ig", "")
    if not errors.median > 0.05:  # so written that NaN is no finding
        return None
    return Finding(
        key="completeness",
        severity="info",
        title=f"{title} misses its sum by {percent(errors.median, 0)}",
        words=(
            f"{title} misses its sum by {percent(errors.median, 0)} in the median, "
            f"and by {percent(errors.p90, 0)} or more in one image of ten (n = {errors.n:,}); "
            "above 5% it does not add up."
        ),
        why="Positions and scores settle long before sums do: read where it is hot, not how hot.",
        steps=(Step("For heatmaps that add up, sweep with --ig-tolerance 0.05."),),
    )


def _names(titles: Sequence[str]) -> str:
    return " and ".join(titles)
