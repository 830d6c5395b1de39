"""Changes of the verdicts with each threshold, so that none of them hides."""

from __future__ import annotations

from typing import Any

import numpy as np

from audit.report import charts
from audit.report.source import Source
from audit.verdict.sensitivity import ALONE
from audit.verdict.verdict import Verdict, verdict_for

POINTS = 21
_ALWAYS = {
    "mask_resemblance": ("resemblance that casts doubt on a mask", 0.0, 1.0),
    "least_support": ("background share that supports a region or edit", 0.0, 1.0),
    "least_effect": ("log-odds that a region must cost", 0.0, 4.0),
    "least_edit": ("log-odds that an edit must cost", 0.0, 4.0),
    "suspicious_share": ("background share that is suspicious", 0.0, 1.0),
    "on_foreground_skill": ("skill from which an explainer is on", -0.2, 0.6),
}
_OF_MODE = {
    "calibrated": {"accusing_score": ("score that accuses", 0.0, 1.0)},
    "fixed": {
        "most_background": ("background share above which it decides", 0.0, 1.0),
        "least_survival": ("survival up to which it decides", 0.0, 1.0),
    },
}
_WORDS = {Verdict.WRONG_REASONS: "wrong reasons", Verdict.SUSPECT: Verdict.SUSPECT}


def threshold_sweeps(source: Source) -> list[charts.Chart]:
    """Chart accusing verdicts among right predictions over each threshold, others as they are.

    Of a very large run those of a sample. Empty where no right prediction has a verdict.
    """
    whole = source.whole(source.rejudged).to_dict("records")
    records = [{str(key): value for key, value in row.items()} for row in whole]
    if not records:
        return []
    swept = _OF_MODE[source.thresholds.thresholds] | _ALWAYS
    return [
        charts.sweep(*_swept(source, records, name, low, high), title)
        for name, (title, low, high) in swept.items()
    ]


def _swept(
    source: Source, records: list[dict[str, Any]], name: str, low: float, high: float
) -> tuple[list[float], dict[str, list[float]], float]:
    values = np.linspace(low, high, POINTS).tolist()
    rates: dict[str, list[float]] = {title: [] for title in _WORDS.values()}
    evidence = [source.class_evidence.get(int(r["prediction"]), ALONE) for r in records]
    for value in values:
        thresholds = source.thresholds.model_copy(update={name: value})
        words = [
            verdict_for(record, thresholds, source.judged, of_class)
            for record, of_class in zip(records, evidence, strict=True)
        ]
        for word, title in _WORDS.items():
            rates[title].append(words.count(word) / len(words))
    return values, rates, float(getattr(source.thresholds, name))
