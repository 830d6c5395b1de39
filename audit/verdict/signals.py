"""Record of each signal on predictions that rest on a shortcut, where the truth is known.

What is found is counted on cases, false alarms on clean predictions; see `audit.verdict.truth`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from audit.core.estimate import Estimate, correlation, rate
from audit.core.statistics import auroc, bootstrap_auroc
from audit.settings.verdict import Thresholds
from audit.verdict.truth import SEED, Truth
from audit.verdict.verdict import Verdict

_COUNTED = (Truth.CASE, Truth.PARTLY, Truth.CLEAN)


@dataclass(frozen=True)
class Signal:
    """A signal's record on right predictions of known truth.

    Attributes
    ----------
    rule : str
        When the signal accuses, in words.
    found, precision, false_alarms, partly : Estimate
        Share of the cases that are accused; of the accused cases and clean ones, that are cases; of
        the clean that are accused; of the partly that are accused.
    auroc : Estimate
        0.5 is guessing, 1 tells all cases from all clean ones; NaN where one side is empty.
    correlation : Estimate
        Spearman's rank correlation of score and true effect over all right predictions.
    undefined : int
        Images on which the signal is undefined: in none of these.
    curve : float ``(n, 2)``
        The ROC curve: false alarms and found.
    """

    title: str
    rule: str
    found: Estimate
    precision: Estimate
    false_alarms: Estimate
    partly: Estimate
    auroc: Estimate
    correlation: Estimate
    undefined: int
    curve: NDArray[np.float64] = field(repr=False)


def signals(
    right: pd.DataFrame, truth: pd.DataFrame, thresholds: Thresholds, titles: Mapping[str, str]
) -> list[Signal]:
    """Return every signal alone, then the verdict.

    Parameters
    ----------
    right : DataFrame
        Records of right predictions.
    truth : DataFrame
        What each rests on, as `truths` says.
    """
    found = []
    skill = thresholds.on_foreground_skill
    for key, title in {**titles, "centre": "Centre Gaussian"}.items():
        mass, chance = right[f"{key}_mass"], right["chance"]
        found.append(_signal(f"{title} mass", "below chance", truth, mass < chance, -mass))
        low = right[f"{key}_skill"]
        found.append(_signal(f"{title} skill", f"below {skill:g}", truth, low < skill, -low))
    share, survival = right["background_share"], right["survival"]
    most, least = thresholds.most_background, thresholds.least_survival
    found.append(_signal("Background share", f"above {most:.0%}", truth, share > most, share))
    rule = f"on at most {least:.0%} of backgrounds"
    found.append(_signal("Survival of a swap", rule, truth, survival <= least, -survival))
    flips = (right["removal_prediction"] >= 0) & (
        right["removal_prediction"] != right["prediction"]
    )
    lost = (right["removal_lost"] - right["log_odds"]).where(right["causal_reason"] == "")
    found.append(_signal("Targeted removal", "the answer changes", truth, flips, lost))
    score, verdict = right["verdict_score"], right["verdict"]
    wrong = verdict == Verdict.WRONG_REASONS
    found.append(_signal("Verdict", "wrong reasons", truth, wrong, score))
    either = verdict.isin([Verdict.WRONG_REASONS, Verdict.SUSPECT])
    found.append(_signal("Verdict", "wrong reasons or suspect", truth, either, score))
    return found


def _signal(
    title: str, rule: str, truth: pd.DataFrame, flag: pd.Series, score: pd.Series
) -> Signal:
    defined = score.notna()
    score, told, accused = score[defined], truth[defined], flag[defined].to_numpy(bool)
    case, partly, clean = ((told["truth"] == t).to_numpy(bool) for t in _COUNTED)
    hits, sure = int((accused & case).sum()), case | clean
    held = case[sure], score[sure].to_numpy(float)
    return Signal(
        title,
        rule,
        found=rate(hits, int(case.sum())),
        precision=rate(hits, int((accused & sure).sum())),
        false_alarms=_share(accused, clean),
        partly=_share(accused, partly),
        auroc=_area(*held),
        correlation=correlation(score, told["effect"], SEED),
        undefined=int((~defined).sum()),
        curve=_curve(*held),
    )


def _share(accused: NDArray[np.bool_], of: NDArray[np.bool_]) -> Estimate:
    return rate(int((accused & of).sum()), int(of.sum()))


def _area(case: NDArray[np.bool_], values: NDArray[np.float64]) -> Estimate:
    low, high = bootstrap_auroc(case, values, SEED)
    return Estimate(auroc(case, values), low, high, len(case), method="bootstrap")


def _curve(case: NDArray[np.bool_], values: NDArray[np.float64]) -> NDArray[np.float64]:
    if case.all() or not case.any():
        return np.zeros((0, 2))
    # scikit-learn takes a second to import: only runs of known truth pay for it.
    from sklearn.metrics import roc_curve

    false_alarms, found, _ = roc_curve(case, values)
    return np.stack([false_alarms, found], axis=1)
