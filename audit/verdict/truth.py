"""Truth of right predictions, where it is known: what each owes to its background.

A data set that draws its scenes again (`datasets.dataset.Counterfactual`) says of every answer how
many log-odds of it are gone before other backgrounds, and on how many of these it stays.
"""

from __future__ import annotations

from enum import StrEnum

import numpy as np
import pandas as pd

from audit.core.estimate import Estimate, median

SEED = 0  # of the bootstrap
LOST = 0.5  # a case keeps its answer on at most this share of other backgrounds
OWED = 1.0  # log-odds: what a case or a partly owes to its background, at least
FREE = 0.5  # log-odds: a clean answer owes less
LEARNED = 1.5  # log-odds: a shortcut that is worth less was not learned


class Truth(StrEnum):
    """What a right prediction rests on."""

    CASE = "case"  # on its background: it is lost without, and log-odds with it
    PARTLY = "partly"  # on its background, too: log-odds are lost, the answer is not
    BETWEEN = "between"  # too little to accuse and too much to acquit: counted nowhere
    CLEAN = "clean"


def truths(right: pd.DataFrame) -> pd.DataFrame:
    """Return the truth of right predictions.

    Parameters
    ----------
    right : DataFrame
        Records of right predictions; those of earlier versions have no effect, and a case is one
        that turns wrong once a shortcut that was taught is taken out.

    Returns
    -------
    DataFrame
        ``truth``, a `Truth`, and ``effect``, log-odds, NaN where it was not kept.
    """
    effect, survival = right["true_effect"], right["true_survival"]
    owes, known = effect >= OWED, effect.notna()
    told = np.select(
        [~known & _turns_wrong(right), ~known, owes & (survival <= LOST), owes, effect < FREE],
        [Truth.CASE, Truth.CLEAN, Truth.CASE, Truth.PARTLY, Truth.CLEAN],
        Truth.BETWEEN,
    )
    return pd.DataFrame({"truth": told, "effect": effect}, index=right.index)


def is_case(right: pd.DataFrame) -> pd.Series:
    """Mark the right predictions that rest on their backgrounds."""
    return truths(right)["truth"] == Truth.CASE


def worth(right: pd.DataFrame) -> Estimate:
    """Return the median effect where an answer's own shortcut is there, in log-odds.

    Undefined where no right prediction has its own class's shortcut, as in healthy worlds.
    """
    own = (right["shortcut"] != "") & (right["shortcut_class"] == right["label"])
    return median(right.loc[own, "true_effect"], SEED)


def was_learned(worth_of_it: Estimate) -> bool:
    """Return False where what was planted is worth too little to the model.

    What is not known, or not there, is no reason to leave a world out.
    """
    return not worth_of_it.value < LEARNED


def _turns_wrong(right: pd.DataFrame) -> pd.Series:
    """Mark what turns wrong without its shortcut; one never rewarded in training proves nothing."""
    changed = right["prediction_without_shortcut"] != right["label"]
    return (right["shortcut"] != "") & (right["shortcut_class"] >= 0) & changed
