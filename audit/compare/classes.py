"""Classes: how each fares in A and in B, those marked whose change is no accident."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pandas as pd

from audit.compare.columns import accused, hits, share_of
from audit.compare.findings import LEVEL
from audit.compare.pairing import Pair
from audit.core.estimate import Estimate
from audit.core.paired import McNemar, holm, mcnemar


@dataclass(frozen=True)
class Change:
    """A rate of one class in A and in B.

    Attributes
    ----------
    value : float
        B minus A; NaN where one of them is undefined.
    test : McNemar
        Over the images that count in both.
    marked : bool
        Whether the change stays significant at 5% after Holm's correction over all classes.
    """

    a: Estimate
    b: Estimate
    value: float
    test: McNemar
    marked: bool = False


@dataclass(frozen=True)
class ClassChange:
    """One class."""

    index: int
    name: str
    accuracy: Change
    wrong_reasons: Change

    @property
    def marked(self) -> bool:
        """True where either change is marked."""
        return self.accuracy.marked or self.wrong_reasons.marked


def class_changes(pair: Pair) -> list[ClassChange]:
    """Return classes with shared images, the greatest loss of accuracy first, then of reasons."""
    tested, explained = pair.a.source.predictions, pair.a.source.explained
    answers = pd.DataFrame({"a": hits(pair.a.source), "b": hits(pair.b.source)})
    reasons = pd.DataFrame({"a": accused(pair.a.source), "b": accused(pair.b.source)})
    rows = [
        ClassChange(i, name, _change(answers, tested, i), _change(reasons, explained, i))
        for i, name in pair.a.source.labels.items()
        if (tested["label"] == i).any()
    ]
    return sorted(_corrected(rows), key=_order)


def _order(row: ClassChange) -> tuple[float, float, str]:
    reasons = row.wrong_reasons.value
    return row.accuracy.value, -reasons if reasons == reasons else 0.0, row.name


def _change(values: pd.DataFrame, images: pd.DataFrame, label: int) -> Change:
    own = images["label"] == label
    a, b = (share_of(values.loc[own, side], 0, images[own]) for side in ("a", "b"))
    both = values[own].dropna()
    return Change(a, b, b.value - a.value, mcnemar(both["a"] > 0, both["b"] > 0))


def _corrected(rows: list[ClassChange]) -> list[ClassChange]:
    """Mark what stays significant; accuracy and reasons are corrected each for itself."""
    accuracy = holm([row.accuracy.test.exact for row in rows])
    reasons = holm([row.wrong_reasons.test.exact for row in rows])
    return [
        replace(
            row,
            accuracy=replace(row.accuracy, marked=p <= LEVEL),
            wrong_reasons=replace(row.wrong_reasons, marked=q <= LEVEL),
        )
        for row, p, q in zip(rows, accuracy, reasons, strict=True)
    ]
