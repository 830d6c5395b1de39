"""The score of a verdict: how much accuses, by a logistic rule over a record and its class."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from audit.core.edits import EDITS
from audit.verdict.sensitivity import ALONE, ClassEvidence

Record = Mapping[str, Any]

# Fitted on development worlds alone (benchmarks/score.py), whose kinds of shortcut, seeds and
# taught classes are none of those that are reported.
INTERCEPT = -1.0
WEIGHTS: Mapping[str, float] = {
    "worst": -0.6,
    "own": -0.1,
    "survival": -1.5,
    "alone": 0.15,
    "region": -0.3,
    "class": 3.0,
    "off": 1.0,
}
_BOUND = 8.0  # log-odds beyond which an answer is no surer


def score(record: Record, evidence: ClassEvidence = ALONE) -> float:
    """Score how much speaks for wrong reasons, 0..1, lower is better; NaN where nothing was tested.

    The logistic function of a weighted sum of `signs`.
    """
    if record["causal_reason"] or math.isnan(record["background_share"]):
        return math.nan
    signs = dict(signs_of(record, evidence))
    total = INTERCEPT + sum(WEIGHTS[key] * value for key, value in signs.items())
    return 1 / (1 + math.exp(-total))


def signs_of(record: Record, evidence: ClassEvidence) -> Iterator[tuple[str, float]]:
    """Yield what the score weighs, by the keys of `WEIGHTS`; log-odds within -8..8.

    ``worst``: the least log-odds that an edit of the background leaves, beyond what it costs images
    of other classes; ``own``: those of the answer; ``survival`` on other backgrounds; ``alone``:
    those of the background without its foreground; ``region``: what the most costly region leaves
    beyond its controls; ``class``: how much more often an edit flips the class's answers than
    others'; ``off``: one less Grad-CAM's skill.
    """
    own = record["log_odds"]
    yield "worst", _bounded(min([own, *_left(record, evidence)]))
    yield "own", _bounded(own)
    yield "survival", _known(record["survival"], 1.0)
    yield "alone", _bounded(_known(record["background_log_odds"], 0.0))
    yield "region", _bounded(own - excess(record))
    yield "class", evidence.excess
    yield "off", 1 - max(_known(record["gradcam_skill"], 1.0), 0.0)


def _left(record: Record, evidence: ClassEvidence) -> Iterator[float]:
    """Yield the log-odds that every edit leaves, beyond what it costs others."""
    for key in EDITS:
        lost = record[f"edit_{key}_lost"]
        if not math.isnan(lost):
            yield record["log_odds"] - lost + max(evidence.control.get(key, 0.0), 0.0)


def excess(record: Record) -> float:
    """Return the log-odds that the region costs beyond the worst of its controls, at least 0."""
    lost, control = record["removal_lost"], record["removal_control_lost"]
    if math.isnan(lost):
        return 0.0
    return float(max(lost - (0.0 if math.isnan(control) else max(control, 0.0)), 0.0))


def _known(value: float, otherwise: float) -> float:
    return otherwise if math.isnan(value) else value


def _bounded(log_odds: float) -> float:
    return min(max(log_odds, -_BOUND), _BOUND)
