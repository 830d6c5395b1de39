"""Reliance: what the model takes of a class's background, by intervention."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pandas as pd

from audit.core.estimate import Estimate, mean, share
from audit.report.source import Source
from audit.verdict.verdict import Verdict

# From where on a class is said to rest on its background: the limits of the findings on all.
WRONG_REASONS, SHARE, KEEPS = 0.05, 0.5, 0.1
_COLUMNS = ("label", "correct", "verdict", "background_share", "without_foreground")
_FEW = 10  # values of a mean, of which fewer say nothing beyond doubt


@dataclass(frozen=True)
class Reliance:
    """What right predictions of one class owe to their background.

    Attributes
    ----------
    wrong_reasons : Estimate
        Share of those with a verdict that have *wrong reasons*.
    share : Estimate
        Mean of their background share.
    keeps : Estimate
        Share of those that keep the answer without the foreground.
    usual : float
        How often images of other classes get this answer without theirs: a model without
        evidence may always name one class.
    """

    wrong_reasons: Estimate
    share: Estimate
    keeps: Estimate
    usual: float

    @property
    def known(self) -> bool:
        """Whether anything was tested."""
        return self.wrong_reasons.n > 0

    @property
    def by(self) -> str:
        """What proves that the background is taken; "" where nothing does."""
        if self.wrong_reasons.low > WRONG_REASONS:
            return "wrong reasons"
        if self.share.low > SHARE and self.share.n >= _FEW:
            return "background share"
        usual = 0.0 if math.isnan(self.usual) else self.usual
        return "kept without the foreground" if self.keeps.low > max(KEEPS, usual) else ""


def reliance(source: Source, label: int) -> Reliance:
    """Return what the records say of one class; undefined where nothing was tested."""
    tested = source.some(source.is_tested, *_COLUMNS)
    right = tested[(tested["label"] == label) & tested["correct"].astype(bool)]
    removed = right[right["without_foreground"] >= 0]
    others = tested[(tested["label"] != label) & (tested["without_foreground"] >= 0)]
    return Reliance(
        wrong_reasons=_accused(right),
        share=mean(right["background_share"], source.seed, right),
        keeps=share(removed["without_foreground"] == label, removed),
        usual=share(others["without_foreground"] == label, others).value,
    )


def overall(source: Source) -> Reliance:
    """Return what the records say of all classes together."""
    right = source.some(source.is_tested & source.is_correct, *_COLUMNS)
    removed = right[right["without_foreground"] >= 0]
    return Reliance(
        wrong_reasons=_accused(right),
        share=mean(right["background_share"], source.seed, right),
        keeps=share(removed["without_foreground"] == removed["label"], removed),
        usual=math.nan,
    )


def _accused(right: pd.DataFrame) -> Estimate:
    """Return the share with wrong reasons, of right answers that have a verdict."""
    judged = right[right["verdict"] != Verdict.UNDECIDED]
    return share(judged["verdict"] == Verdict.WRONG_REASONS, judged)
