"""What decides an answer, by intervention: a region, an edit, or the background as a whole."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from audit.core.edits import EDITS, KINDS
from audit.settings.verdict import Thresholds
from audit.verdict.score import excess, score
from audit.verdict.sensitivity import (
    REGION,
    SCENE,
    ClassEvidence,
    by_kind,
    kind_of,
    narrowest,
)
from audit.verdict.stopping import KEPT, kept_elsewhere, supported, taken_by

Record = Mapping[str, Any]
_WHOLE = 0.8  # of what speaks for a class: the foreground hardly does
_MOST = 0.7  # of the log-odds of both parts: a scene that decides brings more by itself


def cause_of(record: Record, thresholds: Thresholds, evidence: ClassEvidence) -> str:
    """Return the kind of what decides an answer, of `audit.core.edits.KINDS`; "" of nothing.

    An answer that stays on most backgrounds of other classes is accused for no edit of its own: an
    edit may put in another class's cue. A region that turns it tells of this very background. The
    kind is that of the class where an edit of the class decides: many images tell it better.
    """
    region = decisive_region(record, thresholds)
    if thresholds.thresholds == "calibrated" and kept_elsewhere(record) > KEPT:
        return kind_of(REGION) if region else ""
    if proven_edits(record, thresholds, evidence):
        return evidence.kind
    if region:
        return kind_of(REGION)
    if thresholds.thresholds == "fixed":
        return kind_of(SCENE) if decisive_background(record, thresholds) else ""
    owed = nothing_else(record) or accused(record, thresholds, evidence)
    return turned_by(record, evidence) if owed else ""


def nothing_else(record: Record) -> bool:
    """Return whether the background carries the answer by itself and none other keeps it."""
    alone = record["without_foreground"] == record["prediction"] and record["survival"] == 0
    return bool(alone and record["background_share"] >= _WHOLE)


def accused(record: Record, thresholds: Thresholds, evidence: ClassEvidence) -> bool:
    """Return whether the score accuses, if scores do; NaN accuses nobody."""
    calibrated = thresholds.thresholds == "calibrated"
    return calibrated and score(record, evidence) >= thresholds.accusing_score


def proven_edits(record: Record, thresholds: Thresholds, evidence: ClassEvidence) -> list[str]:
    """Return the edits that turn the answer, of those its class is sensitive to.

    Share or swap must agree, as with a region: composites turn some answers by themselves.
    """
    if not supported(record, thresholds):
        return []
    return [edit for edit in evidence.proven if _decides(record, edit, thresholds, evidence)]


def _decides(record: Record, edit: str, thresholds: Thresholds, evidence: ClassEvidence) -> bool:
    if edit == SCENE:
        most = record["background_share"] > thresholds.suspicious_share
        return bool(kept_elsewhere(record) <= KEPT and most and _carries(record))
    if edit == REGION:
        return region_turns(record) and excess(record) >= thresholds.least_edit
    return _turns(record, edit) and beyond(record, edit, evidence) >= thresholds.least_edit


def _carries(record: Record) -> bool:
    """Return whether the background alone brings most of what it and the foreground bring.

    Other backgrounds may lose an answer that its own opposed as well.
    """
    both = record["foreground_effect"] + record["background_effect"]
    return bool(record["background_log_odds"] >= record["log_odds"] - (1 - _MOST) * both)


def _cost(record: Record, edit: str, evidence: ClassEvidence) -> float:
    """Return the log-odds that an edit or the region costs."""
    return excess(record) if edit == REGION else beyond(record, edit, evidence)


def beyond(record: Record, edit: str, evidence: ClassEvidence) -> float:
    """Return the log-odds that an edit costs beyond what it costs images of other classes."""
    return float(record[f"edit_{edit}_lost"]) - max(evidence.control.get(edit, 0.0), 0.0)


def _turns(record: Record, edit: str) -> bool:
    return record[f"edit_{edit}_prediction"] not in (-1, record["prediction"])


def turned_by(record: Record, evidence: ClassEvidence) -> str:
    """Return the kind of the interventions that turn the answer; "" of none.

    That of its class where one is proven, else the narrowest. A region, an edit, or the background
    as a whole, where half of the others lose the answer: that its own keeps it is not enough, as a
    model may say the same of any background.
    """
    turned = [key for key in EDITS if _turns(record, key)]
    turned += [REGION] if region_turns(record) else []
    if set(turned) & set(evidence.proven):
        return evidence.kind
    if turned:
        return narrowest(by_kind({key: _cost(record, key, evidence) for key in turned}))
    return kind_of(SCENE) if kept_elsewhere(record) <= KEPT else ""


def region_turns(record: Record) -> bool:
    """Return whether filling the region turns the answer, by every kind of fill."""
    turned = record["removal_prediction"] not in (-1, record["prediction"])
    return bool(turned and record["removal_fills_flipped"] == record["removal_fills"])


def decisive_region(record: Record, thresholds: Thresholds) -> bool:
    """Return whether a region turns the answer, no control nearly, and share or swap agrees."""
    alone = not record["removal_controls_flipped"] and excess(record) >= thresholds.least_effect
    return bool(region_turns(record) and alone and supported(record, thresholds))


def decisive_background(record: Record, thresholds: Thresholds) -> bool:
    """Return whether the whole background decides: it keeps the answer, others lose it."""
    return bool(
        record["without_foreground"] == record["prediction"]
        and record["background_share"] > thresholds.most_background
        # A whole background is a larger edit than a region, so more is asked of it.
        and record["background_effect"] >= 2 * thresholds.least_effect
        and record["survival"] <= thresholds.least_survival
    )


def lost_share(record: Record) -> float:
    """Return the share of the answer's probability that the region takes beyond its controls."""
    if math.isnan(record["removal_lost"]):
        return 0.0
    return taken_by(record["log_odds"], excess(record))


def causal_words(
    record: Record, thresholds: Thresholds, subject: str, evidence: ClassEvidence
) -> Iterator[str]:
    """Yield what interventions found, in words; first what decides."""
    if record["causal_reason"]:
        yield record["causal_reason"]
        return
    yield from _edit_words(record, thresholds, evidence)
    if region_turns(record):
        yield _removal_words(record)
    if decisive_background(record, thresholds):
        yield f"the background alone keeps the answer with the {subject} filled in"
    if record["donors"]:
        survived = round(record["survival"] * record["donors"])
        yield f"it survives {survived} of {record['donors']} changes of the background"
    yield f"{record['background_share']:.0%} of the log-odds come from the background"


def _edit_words(record: Record, thresholds: Thresholds, evidence: ClassEvidence) -> Iterator[str]:
    if proven := proven_edits(record, thresholds, evidence):
        yield (
            f"the answer turns {words_of(proven[0])}, and its class rests on "
            f"{KINDS[evidence.kind]} beyond doubt"
        )
        return
    turned = [key for key in EDITS if _turns(record, key)]
    if turned:
        strongest = max(turned, key=lambda key: beyond(record, key, evidence))
        yield f"the answer turns {EDITS[strongest].words}"


def words_of(edit: str) -> str:
    """Return an edit, a removal or a swap in words, to end "the answer turns ..."."""
    others = {REGION: "without a region of the background", SCENE: "on other backgrounds"}
    return others.get(edit) or EDITS[edit].words


def _removal_words(record: Record) -> str:
    turned = record["removal_prediction_name"]
    what = f"filling {record['removal_area']:.0%} of the image at the {record['removal_place']}"
    flipped, controls = record["removal_controls_flipped"], record["removal_controls"]
    beside = f", as do {flipped} of {controls} regions like it elsewhere" if flipped else ""
    return f"{what} turns the answer to {turned}{beside}"
