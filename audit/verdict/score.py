"""The score of a verdict: how much accuses, by a logistic rule over a record and its class."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from audit.core.edits import EDITS
from audit.core.questions import NO_REGION
from audit.verdict.sensitivity import ALONE, ClassEvidence
from audit.verdict.stopping import hangs

Record = Mapping[str, Any]

# Fitted by benchmarks/score.py on development worlds alone, each sign as the sign's words say.
INTERCEPT = -2.75
WEIGHTS: Mapping[str, float] = {
    "lost": 0.31,
    "region": -0.22,
    "survival": -1.95,
    "share": 1.05,
    "class": 2.30,
    "off": 1.56,
}
_BOUND = 6.0  # log-odds beyond which an answer is no surer


def score(record: Record, evidence: ClassEvidence = ALONE) -> float:
    """Score how much speaks for wrong reasons, 0..1, lower is better; NaN where nothing was tested.

    The logistic function of a weighted sum of `signs_of`.
    """
    if record["causal_reason"] or math.isnan(record["background_share"]):
        return math.nan
    signs = signs_of(record, evidence)
    total = INTERCEPT + sum(WEIGHTS[key] * value for key, value in signs)
    return 1 / (1 + math.exp(-total))


def signs_of(record: Record, evidence: ClassEvidence) -> Iterator[tuple[str, float]]:
    """Yield what the score weighs, by the keys of `WEIGHTS`; log-odds within -6..6.

    ``lost``: the most that an edit of the background costs an answer that hangs on it, beyond what
    it costs images of other classes; ``region``: what the most costly region leaves beyond its
    controls; ``survival`` on other backgrounds; ``share`` of the background; ``class``: how much
    more often an edit turns the class's answers than others'; ``off``: one less Grad-CAM's skill.
    """
    own = record["log_odds"]
    lost = _lost(record, evidence) if hangs(record) else ()
    yield "lost", _bounded(max([0.0, *lost]))
    yield "region", _bounded(own - excess(record))
    yield "survival", _known(record["survival"], 1.0)
    yield "share", record["background_share"]
    yield "class", max(evidence.excess, 0.0)
    yield "off", 1 - max(_known(record["gradcam_skill"], 1.0), 0.0)


def _lost(record: Record, evidence: ClassEvidence) -> Iterator[float]:
    """Yield the log-odds that every edit costs, beyond what it costs others."""
    for key in EDITS:
        lost = record[f"edit_{key}_lost"]
        if not math.isnan(lost):
            yield lost - max(evidence.control.get(key, 0.0), 0.0)


def excess(record: Record) -> float:
    """Return the log-odds that the region costs beyond the worst of its controls, at least 0.

    Without a search there were no controls: what a region costs by itself says nothing.
    """
    lost, control = record["removal_lost"], record["removal_control_lost"]
    if math.isnan(lost) or NO_REGION in record["stopped_by"]:
        return 0.0
    return float(max(lost - (0.0 if math.isnan(control) else max(control, 0.0)), 0.0))


def _known(value: float, otherwise: float) -> float:
    return otherwise if math.isnan(value) else value


def _bounded(log_odds: float) -> float:
    return min(max(log_odds, -_BOUND), _BOUND)
