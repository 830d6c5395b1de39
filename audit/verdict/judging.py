"""Verdicts of all images of a run, from stored evidence alone."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from audit.core.questions import NOT_ASKED
from audit.core.registries import JUDGED
from audit.settings.verdict import Thresholds
from audit.storage.records import REACHES, VARIED
from audit.verdict.sensitivity import ALONE, ClassEvidence
from audit.verdict.verdict import Labels, available, judge

_OF_HEATMAPS = ("chance", *(f"{name}_skill" for name in JUDGED))
COLUMNS = ("verdict", "verdict_reason", "verdict_score", "verdict_cause", "fragile")


def verdict_columns(
    record: Mapping[str, Any],
    thresholds: Thresholds,
    words: Labels,
    evidence: ClassEvidence = ALONE,
) -> dict[str, Any]:
    """Judge one record, as it is and with its mask grown and shrunk; return `COLUMNS`."""
    found = judge(record, thresholds, words, evidence)
    others = (judge(moved, thresholds, words, evidence) for moved in _moved(record))
    return {
        "verdict": str(found.verdict),
        "verdict_reason": found.reason,
        "verdict_score": found.score,
        "verdict_cause": found.cause,
        "fragile": any(other.verdict != found.verdict for other in others),
    }


def judged(
    records: pd.DataFrame,
    thresholds: Thresholds,
    words: Labels,
    evidence: Mapping[int, ClassEvidence],
) -> pd.DataFrame:
    """Judge every record that was explained.

    Parameters
    ----------
    records : DataFrame
        As ``RECORD_SCHEMA``, with the mask's error in place of ``causal_reason`` where that is why.
    evidence : mapping of ClassEvidence
        By predicted class.

    Returns
    -------
    DataFrame
        ``name`` and `COLUMNS`; images that could not be read are left out.
    """
    rows: list[dict[str, Any]] = []
    explained: list[Any] = records[records["skipped"] == ""].to_dict("records")
    for record in explained:
        if record["mask_doubt"] and record["causal_reason"] == record["mask_doubt"]:
            found = {column: record[column] for column in COLUMNS}  # nothing is known anew
        else:
            of_class = evidence.get(int(record["prediction"]), ALONE)
            found = verdict_columns(record, thresholds, words, of_class)
        rows.append({"name": record["name"], **found})
    return pd.DataFrame(rows, columns=["name", *COLUMNS])


def _moved(record: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a record's evidence with its mask grown and shrunk; nothing of earlier versions.

    What interventions were not asked, as it could change no verdict, is as with the mask unmoved.
    """
    for reach in REACHES:
        moved: dict[str, Any] = {c: record.get(f"{reach}_{c}") for c in VARIED}
        if not isinstance(moved["causal_reason"], str):
            return
        if moved["causal_reason"] == NOT_ASKED:
            moved = {column: moved[column] for column in _OF_HEATMAPS}
        # A heatmap's score is undefined where the moved mask leaves nothing to score.
        reasons = {f"{k}_reason": "undefined" if math.isnan(moved[f"{k}_skill"]) else ""
                   for k in available(record, JUDGED)}  # fmt: skip
        yield {**record, **moved, **reasons}
