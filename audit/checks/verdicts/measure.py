"""Verdicts of a whole run, when all its images and what their classes do are known."""

from __future__ import annotations

import pandas as pd

from audit.checks.sensitivity.outputs import read_sensitivities
from audit.checks.verdicts.outputs import TABLE
from audit.explainers.registry import titles
from audit.settings.verdict import Thresholds
from audit.storage.run import RunFolder
from audit.verdict.judging import judged
from audit.verdict.sensitivity import evidence_of
from audit.verdict.verdict import Labels


def judge_run(folder: RunFolder, thresholds: Thresholds) -> pd.DataFrame:
    """Judge all explained images from stored evidence alone, and keep their verdicts."""
    records = folder.evidence()
    evidence = evidence_of(records, read_sensitivities(folder) or ())
    settings = folder.config()
    words = Labels(str(settings.get("subject", "flower")), titles(settings))
    table = judged(records, thresholds, words, evidence)
    folder.keep(TABLE.file(folder), table.to_parquet(index=False))
    return table
