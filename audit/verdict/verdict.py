"""One verdict an image: a pure function of its record, its class's evidence and the thresholds."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from audit.core.registries import JUDGED
from audit.settings.verdict import Thresholds
from audit.storage.records import NOT_AVAILABLE
from audit.verdict.causes import accused, causal_words, cause_of, lost_share, region_turns
from audit.verdict.score import score
from audit.verdict.sensitivity import ALONE, SCENE, ClassEvidence, kind_of
from audit.verdict.stopping import HALF, hangs


class Verdict(StrEnum):
    """One word an image."""

    RIGHT_REASONS = "right-reasons"
    WRONG_REASONS = "wrong-reasons"
    SUSPECT = "suspect"
    MISREAD = "misread"
    DISTRACTED = "distracted"
    UNDECIDED = "undecided"


ACCUSED = (Verdict.WRONG_REASONS, Verdict.SUSPECT, Verdict.DISTRACTED)  # of the background
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
    """A word of `Verdict`, the evidence that led to it in words, and how much accuses.

    Attributes
    ----------
    score : float
        0..1, lower is better: how much speaks for wrong reasons, whatever the thresholds; NaN
        where nothing was tested.
    cause : str
        Kind of what decides, of `audit.core.edits.KINDS`; "" where nothing does.
    """

    verdict: Verdict
    reason: str
    score: float
    cause: str = ""


def judge(
    record: Record, thresholds: Thresholds, words: Labels, evidence: ClassEvidence = ALONE
) -> Judgement:
    """Sort one prediction.

    Parameters
    ----------
    record : mapping
        Columns as in ``RECORD_SCHEMA``: ``correct``, ``prediction``, the explainers' scores and
        reasons, ``chance``, and what interventions found.
    thresholds : Thresholds
    words : Labels
    evidence : ClassEvidence
        Of the predicted class; by default nothing is known of it.
    """
    undefined = _undefined(record, words)
    if undefined:
        return Judgement(Verdict.UNDECIDED, undefined, math.nan)
    word, cause = _decided(record, thresholds, words.titles, evidence)
    if word is Verdict.UNDECIDED:
        return Judgement(word, _mask_words(words), math.nan)
    told = causal_words(record, thresholds, words.subject, evidence)
    clauses = [*told, *_heatmap_words(record, words)]
    opening = f"{'right' if record['correct'] else 'wrong'}, {_OPENINGS[word]}"
    reason = f"{opening.format(subject=words.subject)}: {'; '.join(clauses)}"
    return Judgement(word, reason, score(record, evidence), cause if word in ACCUSED else "")


def mask_doubtful(
    record: Record, thresholds: Thresholds, evidence: ClassEvidence, cause: str
) -> bool:
    """Return whether what decides may be a part of the foreground that a machine's mask lacks.

    Where its class is proven to rest on the scene, a region that turns nothing is not what decides.

    Parameters
    ----------
    cause : str
        As `cause_of` gives it.
    """
    # NaN, where nobody asked or nothing can be said, is above no threshold.
    alike = record["removal_resembles"] > thresholds.mask_resemblance
    if record["mask_source"] not in AUTOMATIC or not alike:
        return False
    by_scene = cause == kind_of(SCENE) and SCENE in evidence.proven
    return bool(cause) and (region_turns(record) or not by_scene)


def background_driven(record: Record, thresholds: Thresholds) -> bool:
    """Return whether verdict or background's share say that the background made the answer."""
    carried = record["background_share"] > thresholds.suspicious_share
    word = record["verdict"]
    return word in (Verdict.WRONG_REASONS, Verdict.DISTRACTED) or bool(
        word == Verdict.SUSPECT and carried
    )


def _undefined(record: Record, words: Labels) -> str:
    """Say why nothing can be said; "" where something can."""
    reasons = {record[f"{name}_reason"] for name in available(record, words.titles)}
    if record["causal_reason"] and "" not in reasons:
        told = sorted(reasons) or [record["causal_reason"]]
        return f"no score is defined: {', '.join(told)}"
    if not record["causal_reason"] and math.isnan(record["background_share"]):
        return f"no share is defined: {record['background_share_reason']}"
    return ""


def available(record: Record, explainers: Iterable[str]) -> list[str]:
    """Return the explainers that the record's model does not lack: the others say nothing."""
    return [n for n in explainers if not record[f"{n}_reason"].startswith(NOT_AVAILABLE)]


def verdict_for(
    record: Record,
    thresholds: Thresholds,
    explainers: Iterable[str],
    evidence: ClassEvidence = ALONE,
) -> Verdict:
    """Return the word alone, of a record whose evidence is defined."""
    return _decided(record, thresholds, explainers, evidence)[0]


def _decided(
    record: Record, thresholds: Thresholds, explainers: Iterable[str], evidence: ClassEvidence
) -> tuple[Verdict, str]:
    """Return the word, and the kind of what decides; "" of nothing."""
    looking = available(record, explainers)
    on_foreground = not looking or any(
        record[f"{name}_skill"] >= thresholds.on_foreground_skill for name in looking
    )
    if record["causal_reason"]:  # heatmaps alone: no more than a suspicion
        return _looked_at(bool(record["correct"]), on_foreground), ""
    cause = cause_of(record, thresholds, evidence)
    if mask_doubtful(record, thresholds, evidence, cause):
        return Verdict.UNDECIDED, cause
    carried = record["background_share"] > thresholds.suspicious_share
    if not record["correct"]:
        return (Verdict.DISTRACTED if carried or cause else Verdict.MISREAD), cause
    if cause:
        return Verdict.WRONG_REASONS, cause
    moved = (
        record["survival"] == 0
        or (lost_share(record) > HALF and (region_turns(record) or hangs(record)))
        or accused(record, thresholds, evidence)
    )
    # What a missing heatmap would show is not known: beside it, another one accuses nothing.
    off = not on_foreground and len(available(record, JUDGED)) == len(JUDGED)
    doubted = carried or moved or off
    return (Verdict.SUSPECT if doubted else Verdict.RIGHT_REASONS), ""


def _looked_at(correct: bool, on_foreground: bool) -> Verdict:
    if correct:
        return Verdict.RIGHT_REASONS if on_foreground else Verdict.SUSPECT
    return Verdict.MISREAD if on_foreground else Verdict.DISTRACTED


_OPENINGS = {
    Verdict.RIGHT_REASONS: "for the {subject}",
    Verdict.WRONG_REASONS: "but not for the {subject}",
    Verdict.SUSPECT: "but something points off the {subject}",
    Verdict.MISREAD: "though for the {subject}",
    Verdict.DISTRACTED: "by the background",
}


def _mask_words(words: Labels) -> str:
    return (
        f"{MASK_DOUBTFUL}: the region that decides looks like the {words.subject}, of which the "
        "mask may leave a part out"
    )


def _heatmap_words(record: Record, words: Labels) -> list[str]:
    defined = [
        f"{title} has {record[f'{name}_mass']:.0%} of its mass"
        for name, title in words.titles.items()
        if not record[f"{name}_reason"]
    ]
    where = f"on a {words.subject} that covers {record['chance']:.0%}"
    return [f"{' and '.join(defined)} {where}"] if defined else []
