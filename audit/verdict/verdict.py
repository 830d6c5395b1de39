"""One verdict an image: a pure function of its record and the thresholds."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from audit.settings.verdict import Thresholds


class Verdict(StrEnum):
    """One word an image."""

    RIGHT_REASONS = "right-reasons"
    WRONG_REASONS = "wrong-reasons"
    SUSPECT = "suspect"
    MISREAD = "misread"
    DISTRACTED = "distracted"
    UNDECIDED = "undecided"


ACCUSED = (Verdict.WRONG_REASONS, Verdict.SUSPECT, Verdict.DISTRACTED)  # of the background
HALF = 0.5  # of the answer's probability: a region that takes more is suspicious by itself
UNTESTED = "not tested by intervention"
AUTOMATIC = ("grabcut", "official", "segmenter")  # sources of masks that nobody drew
MASK_DOUBTFUL = "mask doubtful"  # how the reasons of such verdicts begin
Record = Mapping[str, Any]


@dataclass(frozen=True)
class Labels:
    """Names of things: the subject of the masks, and the explainers by their prefix."""

    subject: str
    titles: Mapping[str, str]


@dataclass(frozen=True)
class Judgement:
    """A word of `VERDICTS`, the evidence that led to it in words, and how much accuses.

    Attributes
    ----------
    score : float
        0..1, lower is better: how much speaks for wrong reasons, whatever the thresholds; NaN
        where nothing was tested.
    """

    verdict: Verdict
    reason: str
    score: float


def judge(record: Record, thresholds: Thresholds, words: Labels) -> Judgement:
    """Sort one prediction.

    Parameters
    ----------
    record : mapping
        Columns as in ``RECORD_SCHEMA``: ``correct``, ``prediction``, the explainers' scores and
        reasons, ``chance``, and what interventions found.
    thresholds : Thresholds
    words : Words
    """
    undefined = _undefined(record, words)
    if undefined:
        return Judgement(Verdict.UNDECIDED, undefined, math.nan)
    word = verdict_for(record, thresholds, words.titles)
    if word is Verdict.UNDECIDED:
        return Judgement(word, _mask_words(words), math.nan)
    clauses = [*_causal_words(record, thresholds, words), _heatmap_words(record, words)]
    opening = f"{'right' if record['correct'] else 'wrong'}, {_OPENINGS[word]}"
    reason = f"{opening.format(subject=words.subject)}: {'; '.join(c for c in clauses if c)}"
    return Judgement(word, reason, score(record))


def score(record: Record) -> float:
    """Score how much speaks for wrong reasons, 0..1: two thirds by causes, one by Grad-CAM.

    Causes: ``1 - (1 - background_share) (1 - p)``, where ``p`` is the probability, under the
    two-class softmax of the log-odds, that the answer is lost without the region, beyond what its
    controls cost: either suffices. Grad-CAM: ``1 - max(skill, 0)``, left out where undefined. NaN
    where nothing was tested.
    """
    share, skill = record["background_share"], record["gradcam_skill"]
    if record["causal_reason"] or math.isnan(share):
        return math.nan
    kept = _probability(record["log_odds"] - _excess(record)) if _tried(record) else 1.0
    causes = 1 - (1 - share) * kept
    # Grad-CAM alone accuses too many (site/verdicts.md), so causes weigh twice as much.
    return causes if math.isnan(skill) else (2 * causes + 1 - max(skill, 0.0)) / 3


def decisive_region(record: Record, thresholds: Thresholds) -> bool:
    """Return whether a region flips the answer, no control nearly, and share or swap agrees."""
    shared = record["background_share"] > thresholds.least_support
    supported = shared or record["survival"] == 0
    alone = not record["removal_controls_flipped"] and _excess(record) >= thresholds.least_effect
    return bool(_flips(record) and alone and supported)


def decisive_background(record: Record, thresholds: Thresholds) -> bool:
    """Return whether the whole background decides: it keeps the answer, others lose it."""
    return bool(
        record["without_foreground"] == record["prediction"]
        and record["background_share"] > thresholds.most_background
        # A whole background is a larger edit than a region, so more is asked of it.
        and record["background_effect"] >= 2 * thresholds.least_effect
        and record["survival"] <= thresholds.least_survival
    )


def mask_doubtful(record: Record, thresholds: Thresholds) -> bool:
    """Return whether what decides may be a part of the foreground that a machine's mask lacks."""
    # NaN, where nobody asked or nothing can be said, is above no threshold.
    alike = record["removal_resembles"] > thresholds.mask_resemblance
    decides = decisive_region(record, thresholds) or decisive_background(record, thresholds)
    return bool(record["mask_source"] in AUTOMATIC and alike and decides)


def background_driven(record: Record, thresholds: Thresholds) -> bool:
    """Return whether verdict or background's share say that the background made the answer."""
    carried = record["background_share"] > thresholds.suspicious_share
    word = record["verdict"]
    return word in (Verdict.WRONG_REASONS, Verdict.DISTRACTED) or bool(
        word == Verdict.SUSPECT and carried
    )


def _undefined(record: Record, words: Labels) -> str:
    """Say why nothing can be said; "" where something can."""
    reasons = {record[f"{name}_reason"] for name in words.titles}
    if record["causal_reason"] and "" not in reasons:
        return f"no score is defined: {', '.join(sorted(reasons))}"
    if not record["causal_reason"] and math.isnan(record["background_share"]):
        return f"no share is defined: {record['background_share_reason']}"
    return ""


def verdict_for(record: Record, thresholds: Thresholds, explainers: Iterable[str]) -> Verdict:
    """Return the word alone, of a record whose evidence is defined."""
    on_foreground = any(
        record[f"{name}_skill"] >= thresholds.on_foreground_skill for name in explainers
    )
    if record["causal_reason"]:  # heatmaps alone: no more than a suspicion
        if record["correct"]:
            return Verdict.RIGHT_REASONS if on_foreground else Verdict.SUSPECT
        return Verdict.MISREAD if on_foreground else Verdict.DISTRACTED
    if mask_doubtful(record, thresholds):
        return Verdict.UNDECIDED
    carried = record["background_share"] > thresholds.suspicious_share
    if not record["correct"]:
        return (
            Verdict.DISTRACTED
            if carried or decisive_region(record, thresholds)
            else Verdict.MISREAD
        )
    if decisive_region(record, thresholds) or decisive_background(record, thresholds):
        return Verdict.WRONG_REASONS
    moved = record["survival"] == 0 or _lost(record) > HALF
    return Verdict.SUSPECT if carried or moved or not on_foreground else Verdict.RIGHT_REASONS


_OPENINGS = {
    Verdict.RIGHT_REASONS: "for the {subject}",
    Verdict.WRONG_REASONS: "but not for the {subject}",
    Verdict.SUSPECT: "but something points off the {subject}",
    Verdict.MISREAD: "though for the {subject}",
    Verdict.DISTRACTED: "by the background",
}


def _excess(record: Record) -> float:
    """Return the log-odds that the region costs beyond the worst of its controls, at least 0."""
    lost, control = record["removal_lost"], record["removal_control_lost"]
    if math.isnan(lost):
        return 0.0
    return max(lost - (0.0 if math.isnan(control) else max(control, 0.0)), 0.0)


def _lost(record: Record) -> float:
    """Return the share of the answer's probability that the region takes beyond its controls."""
    if not _tried(record):
        return 0.0
    before, after = record["log_odds"], record["log_odds"] - _excess(record)
    return 1 - _probability(after) / _probability(before)


def _probability(log_odds: float) -> float:
    return 1 / (1 + math.exp(min(-log_odds, 700.0)))  # exp overflows beyond 709


def _tried(record: Record) -> bool:
    return not math.isnan(record["removal_lost"])


def _flips(record: Record) -> bool:
    return record["removal_prediction"] not in (-1, record["prediction"])


def _causal_words(record: Record, thresholds: Thresholds, words: Labels) -> Iterator[str]:
    if record["causal_reason"]:
        yield record["causal_reason"]
        return
    if _flips(record):
        yield _removal_words(record)
    if decisive_background(record, thresholds):
        yield f"the background alone keeps the answer with the {words.subject} filled in"
    survived = round(record["survival"] * record["donors"]) if record["donors"] else 0
    if record["donors"]:
        yield f"it survives {survived} of {record['donors']} changes of the background"
    yield f"{record['background_share']:.0%} of the log-odds come from the background"


def _mask_words(words: Labels) -> str:
    return (
        f"{MASK_DOUBTFUL}: the region that decides looks like the {words.subject}, of which the "
        "mask may leave a part out"
    )


def _removal_words(record: Record) -> str:
    turned = record["removal_prediction_name"]
    what = f"filling {record['removal_area']:.0%} of the image at the {record['removal_place']}"
    flipped, controls = record["removal_controls_flipped"], record["removal_controls"]
    beside = f", as do {flipped} of {controls} regions like it elsewhere" if flipped else ""
    return f"{what} turns the answer to {turned}{beside}"


def _heatmap_words(record: Record, words: Labels) -> str:
    defined = [
        f"{title} has {record[f'{name}_mass']:.0%} of its mass"
        for name, title in words.titles.items()
        if not record[f"{name}_reason"]
    ]
    where = f"on a {words.subject} that covers {record['chance']:.0%}"
    return f"{' and '.join(defined)} {where}" if defined else ""
