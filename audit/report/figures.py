"""From records to headline numbers, each with its interval and its n."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace

import pandas as pd

from audit.checks.base import Headline
from audit.checks.registry import every
from audit.core.estimate import NOTHING, OURS, Estimate, Figure, Metric, mean, share
from audit.report.source import Source
from audit.verdict.verdict import Verdict

ARRAS = "Arras et al. 2022, arXiv 2003.07258"
ZHANG = "Zhang et al. 2018, IJCV 126"


_LOCALISATION = (
    ("mass", "mass", "percent"),
    ("skill", "skill", "signed"),
    ("rank_accuracy", "rank accuracy", "percent"),
    ("pointing", "pointing hits", "percent"),
)
LOCALISED = tuple(column for column, *_ in _LOCALISATION)
_DEFINITIONS = {
    "mass": (
        "How much of the positive relevance lies on the subject.",
        "sum of max(R, 0) on M / sum of max(R, 0) on all valid pixels",
        "higher is better; compare it with chance",
        ARRAS,
    ),
    "skill": (
        "Mass corrected for the subject's size: 0 at chance, 1 when all mass is on the subject.",
        "(mass - chance) / (1 - chance)",
        "higher is better; below 0 is worse than a uniform heatmap",
        OURS,
    ),
    "rank_accuracy": (
        "Share of the |M| hottest pixels that lie on the subject; ties share their credit.",
        "|hottest |M| pixels that are in M| / |M|",
        "higher is better; compare it with chance",
        ARRAS,
    ),
    "pointing": (
        "How often the hottest pixel lies on the subject; ties count by fraction.",
        "1 where argmax R is in M, else 0",
        "higher is better; compare it with chance",
        ZHANG,
    ),
}

BACKGROUNDS = "Xiao et al. 2020, arXiv 2006.09994"
SHAPLEY = "Shapley 1953; this audit"

ACCURACY = Metric(
    key="accuracy",
    title="Accuracy",
    description=(
        "Test images whose predicted class is the true one; all test images, explained or not."
    ),
    formula="correct predictions / predictions",
    direction="higher is better",
    paper="",
)
RECALL = replace(
    ACCURACY,
    title="Recall of labels",
    description=(
        "Labels that are there and that the model says are there (a logit above 0), of those of "
        "all test images, explained or not. What it says of other labels is not counted."
    ),
    formula="labels that are there and said / labels that are there",
)
WRONG_REASONS = Metric(
    key="wrong_reasons_share",
    title="Wrong reasons among right",
    description=(
        "Right predictions that interventions show to be decided by the background; undefined "
        "where none was tested."
    ),
    formula="right images with the verdict wrong reasons / right images tested and not undecided",
    direction="lower is better",
    paper=OURS,
)
SUSPECTS = Metric(
    key="suspect_share",
    title="Suspect among right",
    description="Right predictions that heatmaps or interventions accuse, short of proof.",
    formula="right images with the verdict suspect / right images with a verdict, not undecided",
    direction="lower is better",
    paper=OURS,
)
FRAGILE = Metric(
    key="fragile_share",
    title="Fragile verdicts",
    description="Verdicts that change when the mask is grown or shrunk by 3 px (at 224).",
    formula="fragile verdicts / verdicts, not undecided",
    direction="lower is better",
    paper=OURS,
)
CHANCE = Metric(
    key="chance",
    title="Chance",
    description="The subject's area: the mass that a uniform heatmap would have.",
    formula="|M| / |valid|",
    direction="neither: the yardstick of mass, rank accuracy and pointing",
    paper="",
)
CENTRE = Metric(
    key="centre_skill",
    title="Centre Gaussian skill",
    description="A heatmap that looks at no image: an explainer that knows more beats it.",
    formula="skill of a Gaussian in the middle, a quarter of the side wide",
    direction="neither: the yardstick of skill, beside 0 for a uniform heatmap",
    paper=OURS,
    style="signed",
)
BACKGROUND_SHARE = Metric(
    key="background_share",
    title="Background share",
    description=(
        "How much of what speaks for the predicted class comes from the background, in the mean of "
        "right predictions."
    ),
    formula=(
        "max(phi_B, 0) / (max(phi_B, 0) + max(phi_F, 0)), two-player Shapley values on log-odds"
    ),
    direction="lower is better",
    paper=SHAPLEY,
)
SURVIVAL = Metric(
    key="survival",
    title="Survival of a background swap",
    description="Share of other backgrounds on which a right prediction stays as it is.",
    formula="backgrounds that keep the answer / backgrounds tried, over right predictions",
    direction="higher is better; composites cost some by themselves",
    paper=OURS,
)
WITHOUT = Metric(
    key="survives_without",
    title="Survives without the subject",
    description="Right predictions that stay when the subject is filled in from its background.",
    formula="right images whose answer stays / right images tested",
    direction="lower is better",
    paper=OURS,
)
PASTED = Metric(
    key="pasted_accuracy",
    title="Accuracy of composites on their own background",
    description=(
        "What cutting out and pasting back costs by itself: the yardstick for the figures below."
    ),
    formula="right answers / images tested",
    direction="close to the accuracy as tested is better",
    paper=OURS,
)
TESTED = Metric(
    key="tested_accuracy",
    title="Accuracy of the images tested",
    description="As they are: what the accuracies of composites compare with.",
    formula="right answers / images tested",
    direction="higher is better",
    paper="",
)
# Not rank accuracy and relevance mass accuracy.
_ACCURACY = re.compile(r"(?<![Rr]ank )(?<!mass )[Aa]ccuracy")
_ANSWERS = {
    "only_foreground": ("Only-FG accuracy", "The subject alone, on black.", "higher is better"),
    "without_foreground": (
        "Only-BG accuracy",
        "The background alone, the subject filled in.",
        "lower is better",
    ),
    "mixed_same": (
        "Mixed-Same accuracy",
        "The subject on a background of its own class.",
        "higher is better",
    ),
}
MIXED_RAND = Metric(
    key="mixed_rand",
    title="Mixed-Rand accuracy",
    description="The subject on backgrounds of other classes.",
    formula="right answers / composites, over images tested",
    direction="higher is better",
    paper=BACKGROUNDS,
)
BG_GAP = Metric(
    key="bg_gap",
    title="BG-Gap",
    description="How much accuracy rests on the background being of the class.",
    formula="Mixed-Same - Mixed-Rand, over images with both",
    direction="lower is better",
    paper=BACKGROUNDS,
)


def answer_metrics() -> list[Metric]:
    """Return the accuracies under intervention, as in the Backgrounds Challenge."""
    formula = "right answers / images tested"
    return [
        Metric(
            key=key,
            title=title,
            description=words,
            formula=formula,
            direction=direction,
            paper=BACKGROUNDS,
        )
        for key, (title, words, direction) in _ANSWERS.items()
    ]


def metrics(titles: Mapping[str, str]) -> list[Metric]:
    """Return every headline figure's definition, in the order of the headline table."""
    explained = [
        Metric(f"{key}_{column}", f"{title} {words}", *_DEFINITIONS[column], style)
        for key, title in titles.items()
        for column, words, style in _LOCALISATION
    ]
    verdicts = [ACCURACY, WRONG_REASONS, SUSPECTS, FRAGILE]
    causes = [BACKGROUND_SHARE, SURVIVAL, WITHOUT, TESTED, PASTED, *answer_metrics()]
    found = [*verdicts, *causes, MIXED_RAND, BG_GAP, CHANCE, CENTRE, *explained]
    for own in of_checks():
        keys = [metric.key for metric in found]
        found.insert(keys.index(own.after) + 1 if own.after else len(found), own.metric)
    return found


def of_checks() -> list[Headline]:
    """Headline figures that checks bring: over all test images, explained or not."""
    return [own for check in every() for own in check.headline]


def headline(source: Source) -> list[Figure]:
    """Return every headline figure of a run, in the order of `metrics`."""
    return [
        Figure(named(metric, source), estimate(source, metric)) for metric in metrics(source.titles)
    ]


def hit_rate(source: Source) -> str:
    """Return what the share of right predictions is called: of labels that are there, recall."""
    return "recall" if source.several else "accuracy"


def named(metric: Metric, source: Source) -> Metric:
    """Return a figure as a run calls it: of labels that are there, the right ones are recall."""
    if not source.several:
        return metric
    if metric.key == ACCURACY.key:
        return RECALL
    return replace(
        metric,
        title=as_recall(metric.title),
        description=as_recall(metric.description),
        formula=as_recall(metric.formula),
        direction=as_recall(metric.direction),
    )


def as_recall(text: str) -> str:
    """Say recall where a text of our own says accuracy of answers; heatmaps have one, too."""
    return _ACCURACY.sub(lambda word: "Recall" if word[0][0] == "A" else "recall", text)


def not_available(source: Source) -> list[Metric]:
    """Return figures of checks that need one class an image, where images have several labels."""
    lacking = (c for c in every() if source.several and c.needs_one_label)
    return [own.metric for check in lacking for own in check.headline]


def estimate(source: Source, metric: Metric) -> Estimate:
    """Return one headline figure of a run; NaN where no image counts."""
    return NOTHING if metric in not_available(source) else _estimator(metric)(source)


def _estimator(metric: Metric) -> Callable[[Source], Estimate]:
    own = _OWN | {each.metric.key: each.estimate for each in of_checks()}
    if metric.key in own:
        return own[metric.key]
    if metric.key in _ANSWERS:
        return lambda s: _answers(s, metric.key)
    return lambda s: mean(s.explained[metric.key], s.seed, s.explained)


def _suspects(source: Source) -> Estimate:
    """Return the suspects' share of judged right predictions; the undecided are counted beside."""
    return _verdicts(source.some(source.is_correct, "verdict"), Verdict.SUSPECT)


def _wrong_reasons(source: Source) -> Estimate:
    """Return the share of wrong reasons; undefined, not 0%, where no intervention tested any."""
    return _verdicts(source.some(_right(source), "verdict"), Verdict.WRONG_REASONS)


def _verdicts(records: pd.DataFrame, word: str) -> Estimate:
    judged = records[records["verdict"] != Verdict.UNDECIDED]
    return replace(share(judged["verdict"] == word, judged), undefined=len(records) - len(judged))


def _fragile(source: Source) -> Estimate:
    judged = source.some(source.explained["verdict"] != Verdict.UNDECIDED, "fragile")
    return share(judged["fragile"].astype(bool), judged)


def _right(source: Source) -> pd.Series:
    """Return whether each prediction is right and was tested."""
    return source.is_tested & source.is_correct


def _of_right(column: str) -> Callable[[Source], Estimate]:
    return lambda s: _mean(s, _right(s), column)


def _mean(source: Source, chosen: pd.Series, column: str) -> Estimate:
    table = source.some(chosen, column)
    return mean(table[column], source.seed, table)


def _survives_without(source: Source) -> Estimate:
    right = source.some(_right(source), "without_foreground", "prediction")
    return share(right["without_foreground"] == right["prediction"], right)


def _tested(source: Source) -> Estimate:
    tested = source.some(source.is_tested, "correct")
    return share(tested["correct"].astype(bool), tested)


def _answers(source: Source, column: str) -> Estimate:
    tried = source.some(source.is_tested & (source.explained[column] >= 0), column, "label")
    return share(tried[column] == tried["label"], tried)


def _gap(source: Source) -> Estimate:
    tried = source.is_tested & (source.explained["mixed_same"] >= 0)
    both = source.some(tried, "mixed_same", "mixed_rand", "label")
    same = (both["mixed_same"] == both["label"]).astype(float)
    return mean(same - both["mixed_rand"], source.seed, both)


def accuracy(predictions: pd.DataFrame) -> Estimate:
    """Return the share of predictions that are right."""
    return share(predictions["label"] == predictions["prediction"], predictions)


_OWN: dict[str, Callable[[Source], Estimate]] = {
    ACCURACY.key: lambda s: accuracy(s.predictions),
    WRONG_REASONS.key: _wrong_reasons,
    SUSPECTS.key: _suspects,
    FRAGILE.key: _fragile,
    BACKGROUND_SHARE.key: _of_right("background_share"),
    SURVIVAL.key: _of_right("survival"),
    WITHOUT.key: _survives_without,
    TESTED.key: _tested,
    PASTED.key: lambda s: _answers(s, "pasted_back"),
    MIXED_RAND.key: lambda s: _mean(s, s.is_tested, "mixed_rand"),
    BG_GAP.key: _gap,
}
