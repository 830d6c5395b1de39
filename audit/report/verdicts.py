"""The six verdicts: words, order of their galleries, and how often each was given."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from audit.report.figures import Estimate, rate
from audit.report.source import Source


@dataclass(frozen=True)
class Verdict:
    """A verdict in words.

    Attributes
    ----------
    prediction : str
        Which predictions it is given to: correct, wrong or any.
    order : str
        How its gallery is sorted, in words.
    ascending : bool or None
        Sorted by the better skill of both explainers, lowest first; None: by reason and name.
    """

    key: str
    title: str
    prediction: str
    meaning: str
    order: str
    ascending: bool | None


_LOWEST = "lowest skill first"
_HIGHEST = "highest skill first"
VERDICTS = (
    Verdict(
        "suspect",
        "Suspect",
        "correct",
        "The prediction is right, but no explainer is on the {subject}.",
        _LOWEST,
        True,
    ),
    Verdict(
        "wrong-reasons",
        "Wrong reasons",
        "correct",
        "The prediction is right, and an intervention shows that the background decides it.",
        _LOWEST,
        True,
    ),
    Verdict(
        "right-reasons",
        "Right reasons",
        "correct",
        "The prediction is right, and an explainer is on the {subject}.",
        _HIGHEST,
        False,
    ),
    Verdict(
        "distracted",
        "Distracted",
        "wrong",
        "The prediction is wrong, and no explainer is on the {subject}.",
        _LOWEST,
        True,
    ),
    Verdict(
        "misread",
        "Misread",
        "wrong",
        "The prediction is wrong, though an explainer is on the {subject}: "
        "it was looked at and misnamed.",
        _HIGHEST,
        False,
    ),
    Verdict(
        "undecided",
        "Undecided",
        "any",
        "No usable mask, or the evidence is undefined; the reason is kept with each image.",
        "grouped by reason",
        None,
    ),
)


@dataclass(frozen=True)
class VerdictRow:
    """How often a verdict was given, to right and to wrong predictions."""

    verdict: Verdict
    correct: int
    wrong: int
    share: Estimate  # of all explained images

    @property
    def count(self) -> int:
        """Images with this verdict."""
        return self.correct + self.wrong


def verdict_rows(source: Source) -> list[VerdictRow]:
    """One row a verdict, also for verdicts that were not given."""
    explained = source.explained
    right = explained["correct"].astype(bool)
    rows = []
    for verdict in VERDICTS:
        given = explained["verdict"] == verdict.key
        counts = int((given & right).sum()), int((given & ~right).sum())
        rows.append(VerdictRow(verdict, *counts, rate(sum(counts), len(explained))))
    return rows


def best_skill(records: pd.DataFrame) -> pd.Series:
    """The better skill of both explainers; NaN where neither is defined."""
    return records[["gradcam_skill", "ig_skill"]].max(axis=1)


def by_evidence(records: pd.DataFrame, verdict: Verdict) -> pd.DataFrame:
    """Records of one verdict in the order of its gallery; undefined skill comes last."""
    given = records[records["verdict"] == verdict.key]
    if verdict.ascending is None:
        return given.sort_values(["verdict_reason", "name"], kind="stable")
    order = best_skill(given).sort_values(
        ascending=verdict.ascending, kind="stable", na_position="last"
    )
    return given.loc[order.index]
