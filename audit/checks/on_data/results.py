"""What verdicts find of stamps on a run's own photographs, and whom they accuse wrongly."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from audit.core.estimate import Estimate, as_json, defined, median, rate
from audit.core.statistics import auroc, bootstrap_auroc
from audit.datasets.stamps import STAMPS
from audit.datasets.stamps.worlds import HEALTHY, STAMPED, World
from audit.settings.verdict import Thresholds
from audit.verdict.calibration import LEAST, Calibration, calibrated
from audit.verdict.judging import judged
from audit.verdict.score import INTERCEPT, WEIGHTS
from audit.verdict.sensitivity import ClassEvidence, evidence_of, sensitivities
from audit.verdict.truth import SEED, Truth, truths, was_learned, worth
from audit.verdict.verdict import Labels, Verdict


class KindRow(NamedTuple):
    """The record of one kind of stamp, over its worlds that were learned.

    Attributes
    ----------
    key : str
        Of `STAMPS`.
    worlds, learned : int
        Worlds that were made, and those whose stamp is worth enough; others count for nothing.
    worth : Estimate
        Log-odds that an answer owes to the stamp in the median, over all its worlds.
    found, false_alarms : Estimate
        Share of the cases that are accused, and of the clean that are.
    named : Estimate
        Share of the accused cases whose verdict names the kind rightly.
    auroc : Estimate
        Of the score, cases against clean.
    """

    key: str
    worlds: int
    learned: int
    worth: Estimate
    found: Estimate
    false_alarms: Estimate
    named: Estimate
    auroc: Estimate

    @property
    def title(self) -> str:
        """What is stamped, in words."""
        return STAMPS[self.key].title


@dataclass(frozen=True)
class OnData:
    """The record of verdicts on a run's own photographs and backbone.

    Attributes
    ----------
    sample, seeds : int
        Photographs that each world was to audit, and worlds of each kind.
    photographs : int
        Different photographs among the clean ones: those of several worlds count in each.
    found, false_alarms : Estimate
        Over all kinds that were learned, and the healthy worlds.
    accused : Estimate
        Share of the clean right answers of healthy worlds that are accused.
    proven : Estimate
        Share of the healthy worlds in which any class is proven to rest on its background.
    calibration : Calibration
        What threshold of the score accuses at most 5% of clean images here.
    rule : mapping of float
        Weights of the score that all this was measured with.
    """

    sample: int
    seeds: int
    photographs: int
    kinds: Sequence[KindRow]
    found: Estimate
    false_alarms: Estimate
    accused: Estimate
    proven: Estimate
    calibration: Calibration
    rule: Mapping[str, float]

    @property
    def accusing_score(self) -> float:
        """The setting that the threshold makes; NaN without one."""
        return min(self.calibration.threshold, 1.0)

    @property
    def learned(self) -> list[KindRow]:
        """Kinds that count."""
        return [row for row in self.kinds if row.learned]

    def json(self) -> dict[str, Any]:
        """Return it as `selftest.json` has it; undefined is None."""
        estimates = ("found", "false_alarms", "accused", "proven")
        return {
            **{key: getattr(self, key) for key in ("sample", "seeds", "photographs")},
            "kinds": [_kind_json(row) for row in self.kinds],
            **{key: as_json(getattr(self, key)) for key in estimates},
            "calibration": defined(asdict(self.calibration)),
            "rule": dict(self.rule),
        }


def _kind_json(row: KindRow) -> dict[str, Any]:
    told = row._asdict().items()
    return {k: as_json(v) if isinstance(v, Estimate) else v for k, v in told}


def rule() -> dict[str, float]:
    """Return the weights of the score of this version."""
    return {"intercept": INTERCEPT, **WEIGHTS}


@dataclass(frozen=True)
class Audited:
    """The records of one world, judged by themselves: class evidence is of the world, too."""

    world: World
    records: pd.DataFrame

    @cached_property
    def evidence(self) -> dict[int, ClassEvidence]:
        """What is known of each predicted class."""
        return evidence_of(self.records, sensitivities(self.records))

    @cached_property
    def right(self) -> pd.DataFrame:
        """Right answers, with their ``truth``."""
        answered = self.records["skipped"] == ""
        right = self.records[answered & self.records["correct"].astype(bool)]
        return right.assign(truth=truths(right)["truth"])

    @cached_property
    def worth(self) -> Estimate:
        """Log-odds that right answers owe to their stamp in the median."""
        return worth(self.right)

    @property
    def counts(self) -> bool:
        """Whether the stamp was learned, or there was none to learn."""
        return was_learned(self.worth) and (self.healthy or self.worth.n > 0)

    @property
    def healthy(self) -> bool:
        """Whether nothing was taught."""
        return self.world.kind == HEALTHY

    def verdicts(self, thresholds: Thresholds, words: Labels) -> pd.DataFrame:
        """Return right answers by ``truth``, with verdict, score and cause under thresholds."""
        found = judged(self.records, thresholds, words, self.evidence).set_index("name")
        own = self.right[["name", "truth"]].set_index("name")
        return own.join(found[["verdict", "verdict_score", "verdict_cause"]])


def results(
    worlds: Sequence[Audited], thresholds: Thresholds, words: Labels, sample: int, seeds: int
) -> OnData:
    """Hold verdicts against the truth of all worlds, each under the threshold of the others.

    Parameters
    ----------
    thresholds : Thresholds
        Of the run; their ``accusing_score`` stands where there are too few clean images.
    """
    counted = [each for each in worlds if each.counts]
    clean = [_clean(each.verdicts(thresholds, words)) for each in counted]
    told = {
        each.world: each.verdicts(_of_others(clean, k, thresholds), words)
        for k, each in enumerate(counted)
    }
    everything = _joined(told.values())
    healthy = [each for each in counted if each.healthy]
    names = {name.removeprefix(STAMPED) for scores in clean for name in scores.index}
    proven = sum(any(e.proven for e in each.evidence.values()) for each in healthy)
    return OnData(
        sample=sample,
        seeds=seeds,
        photographs=len(names),
        kinds=list(_kinds(worlds, told)),
        found=_accused(everything, Truth.CASE),
        false_alarms=_accused(everything, Truth.CLEAN),
        accused=_accused(_joined(told[each.world] for each in healthy), Truth.CLEAN),
        proven=rate(proven, len(healthy)),
        calibration=calibrated(_joined_scores(clean)),
        rule=rule(),
    )


def _clean(told: pd.DataFrame) -> pd.Series:
    """Return the scores of clean answers."""
    return told.loc[told["truth"] == Truth.CLEAN, "verdict_score"]


def _joined_scores(clean: Sequence[pd.Series]) -> NDArray[np.float64]:
    return np.concatenate([np.zeros(0), *(each.to_numpy(np.float64) for each in clean)])


def _of_others(clean: Sequence[pd.Series], left: int, thresholds: Thresholds) -> Thresholds:
    """Return the thresholds as the clean answers of all other worlds set them.

    A world's own would be judged by a threshold that was chosen to acquit them. Where all together
    are too few, the run's own thresholds stay; where the others alone are, those of all hold.
    """
    whole = calibrated(_joined_scores(clean))
    if whole.reason:
        return thresholds
    others = [scores for k, scores in enumerate(clean) if k != left]
    found = calibrated(_joined_scores(others), fewest=LEAST)
    found = whole if found.reason else found
    return thresholds.model_copy(update={"accusing_score": min(found.threshold, 1.0)})


def _joined(told: Any) -> pd.DataFrame:
    empty = pd.DataFrame({k: [] for k in ("truth", "verdict", "verdict_score", "verdict_cause")})
    return pd.concat([empty, *told])


def _accused(told: pd.DataFrame, truth: Truth) -> Estimate:
    of_it = told[told["truth"] == truth]
    return rate(int((of_it["verdict"] == Verdict.WRONG_REASONS).sum()), len(of_it))


def _kinds(worlds: Sequence[Audited], told: Mapping[World, pd.DataFrame]) -> Iterator[KindRow]:
    for key in dict.fromkeys(each.world.kind for each in worlds if not each.healthy):
        own = [each for each in worlds if each.world.kind == key]
        learned = [told[each.world] for each in own if each.world in told]
        found = _joined(learned)
        yield KindRow(
            key=key,
            worlds=len(own),
            learned=len(learned),
            worth=median(_effects(own), SEED),
            found=_accused(found, Truth.CASE),
            false_alarms=_accused(found, Truth.CLEAN),
            named=_named(found, STAMPS[key].kind),
            auroc=_area(found),
        )


def _effects(own: Sequence[Audited]) -> pd.Series:
    """Return what right answers owe to their stamp."""
    rights = [each.right for each in own]
    return pd.concat([right.loc[right["shortcut"] != "", "true_effect"] for right in rights])


def _named(told: pd.DataFrame, kinds: Sequence[str]) -> Estimate:
    """Return how many accused cases are said to rest on one of these kinds of cue."""
    found = told[(told["truth"] == Truth.CASE) & (told["verdict"] == Verdict.WRONG_REASONS)]
    return rate(int(found["verdict_cause"].isin(kinds).sum()), len(found))


def _area(told: pd.DataFrame) -> Estimate:
    sure = told[told["truth"].isin([Truth.CASE, Truth.CLEAN]) & told["verdict_score"].notna()]
    case, scores = (sure["truth"] == Truth.CASE).to_numpy(bool), sure["verdict_score"]
    held = case, scores.to_numpy(np.float64)
    return Estimate(auroc(*held), *bootstrap_auroc(*held, SEED), len(sure), method="bootstrap")
