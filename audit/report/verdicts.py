"""The six verdicts: words, order of their galleries, and how often each was given."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from audit.core.estimate import Estimate, share
from audit.core.registries import JUDGED
from audit.report.source import Source
from audit.verdict.verdict import Verdict


@dataclass(frozen=True)
class VerdictKind:
    """A verdict in words.

    Attributes
    ----------
    prediction : str
        Which predictions it is given to: correct, wrong or any.
    order : str
        How its gallery is sorted, in words.
    worst_first : bool or None
        Sorted by what accuses; None: by reason and name.
    """

    key: Verdict
    title: str
    prediction: str
    meaning: str
    order: str
    worst_first: bool | None

    @property
    def given_to(self) -> str:
        """Which predictions it is given to, in words."""
        words = {"correct": "right", "any": "right and wrong"}
        return f"{words.get(self.prediction, self.prediction)} predictions"


_MOST = "what accuses most first"
_LEAST_FIRST = "what accuses least first"
VERDICT_KINDS = (
    VerdictKind(
        key=Verdict.WRONG_REASONS,
        title="Wrong reasons",
        prediction="correct",
        meaning="The prediction is right, and interventions show that the background decides it.",
        order=_MOST,
        worst_first=True,
    ),
    VerdictKind(
        key=Verdict.SUSPECT,
        title="Suspect",
        prediction="correct",
        meaning=(
            "The prediction is right, but heatmaps or interventions point off the {subject}; no "
            "part of the background is shown to decide it."
        ),
        order=_MOST,
        worst_first=True,
    ),
    VerdictKind(
        key=Verdict.RIGHT_REASONS,
        title="Right reasons",
        prediction="correct",
        meaning=(
            "The prediction is right, the {subject} carries it, and an explainer, where both are "
            "available, is on the {subject}."
        ),
        order=_LEAST_FIRST,
        worst_first=False,
    ),
    VerdictKind(
        key=Verdict.DISTRACTED,
        title="Distracted",
        prediction="wrong",
        meaning="The prediction is wrong, and the background drives it.",
        order=_MOST,
        worst_first=True,
    ),
    VerdictKind(
        key=Verdict.MISREAD,
        title="Misread",
        prediction="wrong",
        meaning=(
            "The prediction is wrong, though the {subject} drives it: it was looked at and "
            "misnamed."
        ),
        order=_LEAST_FIRST,
        worst_first=False,
    ),
    VerdictKind(
        key=Verdict.UNDECIDED,
        title="Undecided",
        prediction="any",
        meaning="No usable mask, or the evidence is undefined; the reason is kept with each image.",
        order="grouped by reason",
        worst_first=None,
    ),
)


@dataclass(frozen=True)
class VerdictRow:
    """Count of one verdict, among right and among wrong predictions."""

    verdict: VerdictKind
    correct: int
    wrong: int
    share: Estimate  # of all explained images

    @property
    def count(self) -> int:
        """Images with this verdict."""
        return self.correct + self.wrong


def verdict_rows(source: Source) -> list[VerdictRow]:
    """Return one row a verdict, also for verdicts that were not given."""
    explained = source.explained
    right = explained["correct"].astype(bool)
    rows = []
    for verdict in VERDICT_KINDS:
        given = explained["verdict"] == verdict.key
        counts = int((given & right).sum()), int((given & ~right).sum())
        rows.append(VerdictRow(verdict, *counts, share(given, explained)))
    return rows


def accusation(records: pd.DataFrame) -> pd.Series:
    """Return what accuses each image: the verdict's score, or lack of skill where not tested."""
    skill = records[[f"{key}_skill" for key in JUDGED]].max(axis=1)
    return records["verdict_score"].fillna(-skill)


def by_evidence(records: pd.DataFrame, verdict: VerdictKind) -> pd.DataFrame:
    """Return records of one verdict in the order of its gallery; undefined scores come last."""
    given = records[records["verdict"] == verdict.key]
    if verdict.worst_first is None:
        return given.sort_values(["verdict_reason", "name"], kind="stable")
    order = accusation(given).sort_values(
        ascending=not verdict.worst_first, kind="stable", na_position="last"
    )
    return given.loc[order.index]
