"""Sensitivity of classes: how much more an edit of the background costs them than others.

What a class does is evidence about its images: an edit costs a little everywhere, as no composite
is a photograph. So each edit of a class is held against the same edit of all other classes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from audit.core.edits import EDITS
from audit.core.estimate import Estimate, mean, rate
from audit.core.paired import Difference, difference_of_means, holm
from audit.core.questions import NO_EDIT, stopped
from audit.verdict.stopping import hangs

# Beside the edits: the region that was removed, and the whole background, swapped.
REGION, SCENE = "region", "swap"
KEYS: tuple[str, ...] = (*EDITS, REGION, SCENE)
LEVEL = 0.05  # of a false alarm anywhere in a run
# Of answers, by an edit and by a swap: less is no shortcut, however certain. Classes differ in how
# much an edit costs them, so more is asked of it than of a swap, whose control is the image itself.
LEAST_EXCESS = 0.3
LEAST_SWAPPED = 0.1
LEAST_OTHERS = 3  # classes that a swap is held against, too: any model loses some answers by it
LEAST_LOST = 1.2  # log-odds of the median answer, beyond those of others
MOST_KEPT = 0.5  # of other classes' backgrounds: answers that stay on more rest on none of them
# A cue that lies in one place is lost under an edit of everything, too, not the other way round.
# Nor does a texture hang on its colours, while what is blurred looks like no photograph any more.
_WIDTHS = {"object": 0, "corner": 1, "band": 1, "frame": 2, "colour": 3, "texture": 4, "scene": 5}
_NEARLY = 0.7  # of what the costliest kind costs: a narrower kind that costs as much is the cue
SEED = 0  # of the bootstrap
FEWEST = 6  # images of a class that say something
NAN = float("nan")
_HANGS, _SPARED = "hangs", "spared"  # columns of what `sensitivities` works on


@dataclass(frozen=True)
class Sensitivity:
    """How one edit of the background changes the answers of one class, beside the others.

    Attributes
    ----------
    target : int
        Class, as predicted.
    edit : str
        Of `KEYS`.
    flips, others : Estimate
        Share of its answers that change, and of those of the steadier half of the other classes;
        of a swap, those on other classes' backgrounds, and on backgrounds of its own class.
    excess : Difference
        ``flips - others``, -1..1, with its 95% interval; lower is better.
    lost, others_lost : float
        Median log-odds that the edit costs either; NaN of a swap. Answers of which it was not asked
        lose what those like them lose in the median of a sample.
    kept : float
        Share of other classes' backgrounds on which its answers stay, in the mean; NaN where an
        earlier version did not keep it.
    beyond : float
        Of a swap, ``excess`` less its mean over the steadier half of the other classes; NaN of
        edits, of fewer than `LEAST_OTHERS` others, and of earlier versions.
    p, corrected : float
        One-sided tests that its answers change more often and lose more (Fisher's exact and
        Mann-Whitney, the larger p; of a swap the sign test of pairs), and the same after Holm's
        correction for all classes and edits.
    """

    target: int
    edit: str
    flips: Estimate
    others: Estimate
    excess: Difference
    lost: float
    others_lost: float
    p: float
    corrected: float = NAN
    kept: float = NAN
    beyond: float = NAN

    @property
    def kind(self) -> str:
        """Kind of the cue, of `audit.core.edits.KINDS`."""
        return kind_of(self.edit)

    @property
    def proven(self) -> bool:
        """Whether the class is sensitive beyond doubt, and by enough to matter."""
        if self.edit == SCENE:
            enough = self.excess.value >= LEAST_SWAPPED and not self.beyond < LEAST_EXCESS
        else:
            enough = self.large and not self.kept > MOST_KEPT
        return bool(self.corrected <= LEVEL and enough)

    @property
    def large(self) -> bool:
        """Whether an edit does enough to matter, certain or not; a swap, of all cues, does not."""
        turned = self.edit != SCENE and self.excess.value >= LEAST_EXCESS
        return bool(turned and self.costs >= LEAST_LOST)

    @property
    def costs(self) -> float:
        """Median log-odds that the edit costs beyond what it costs others; 0 of a swap."""
        return 0.0 if self.edit == SCENE else self.lost - self.others_lost


@dataclass(frozen=True)
class ClassEvidence:
    """What the other images of a class, and of all others, say about one of its images.

    Attributes
    ----------
    proven : tuple of str
        Edits that the class is proven to be sensitive to, those of its kind first.
    excess : float
        The most that an edit flips more of its answers than of others', 0..1; 0 where unknown.
    control : mapping of float
        Median log-odds that each edit costs images of other classes.
    kind : str
        Kind of the cue that a class with anything proven rests on; "" of others.
    """

    proven: tuple[str, ...] = ()
    excess: float = 0.0
    control: Mapping[str, float] = field(default_factory=dict)
    kind: str = ""


ALONE = ClassEvidence()  # of an image of whose class nothing is known


def kind_of(edit: str) -> str:
    """Return the kind of cue that an edit, a region or a swap speaks of."""
    return {REGION: "object", SCENE: "scene"}.get(edit) or EDITS[edit].kind


def by_kind(costs: Mapping[str, float]) -> dict[str, float]:
    """Return the most that an edit of each kind costs."""
    return {kind_of(key): cost for key, cost in sorted(costs.items(), key=lambda e: e[1])}


def narrowest(costs: Mapping[str, float]) -> str:
    """Return the kind of cue, of those with what each costs, that lies in the least of the image.

    One that costs much less than another is no more than a part of it.
    """
    most = max(costs.values())
    nearly = most - (1 - _NEARLY) * abs(most)  # an edit that turns an answer may cost less than 0
    return min((k for k in costs if costs[k] >= nearly), key=lambda k: (_WIDTHS[k], -costs[k]))


def sensitivities(records: pd.DataFrame) -> list[Sensitivity]:
    """Measure every class with `FEWEST` tested answers or more under every edit.

    A class is held against the half of the other classes whose answers an edit turns least: others
    may hold shortcuts, too, and would hide those of this one. Edits count as verdicts count them:
    where an answer hangs on its background (`verdict.stopping.hangs`), asked or not.

    Parameters
    ----------
    records : DataFrame
        Of every explained image, as ``RECORD_SCHEMA``; right and wrong answers count alike, but
        for the swap, which asks of right ones alone.
    """
    tested = records[(records["causal_reason"] == "") & (records["prediction"] >= 0)]
    tested = tested.assign(**{_HANGS: hangs(tested), _SPARED: stopped(tested, NO_EDIT)})
    found = [*_edited(tested), *_beyond_others(list(_swapped(tested)))]
    corrected = holm([each.p for each in found])
    kept = tested.groupby("prediction")["survival"].mean()
    return [
        replace(each, corrected=p, kept=float(kept[each.target]))
        for each, p in zip(found, corrected, strict=True)
    ]


def evidence_of(records: pd.DataFrame, found: Sequence[Sensitivity]) -> dict[int, ClassEvidence]:
    """Gather by class what `sensitivities` found.

    Parameters
    ----------
    records : DataFrame
        As for `sensitivities`.
    """
    by_class: dict[int, list[Sensitivity]] = {int(k): [] for k in records["prediction"].unique()}
    for each in found:
        by_class.setdefault(each.target, []).append(each)
    return {target: _evidence(own) for target, own in by_class.items()}


def _evidence(own: Sequence[Sensitivity]) -> ClassEvidence:
    proven = [each for each in own if each.proven]
    kind = _named(own) if proven else ""
    proven.sort(key=lambda e: (e.edit == SCENE, e.kind != kind, -e.costs))
    return ClassEvidence(
        proven=tuple(each.edit for each in proven),
        excess=max((e.excess.value for e in own), default=0.0),
        control={e.edit: e.others_lost for e in own if e.edit in EDITS},
        kind=kind,
    )


def _named(own: Sequence[Sensitivity]) -> str:
    """Name the cue of a class that rests on its background, by all edits that cost it much.

    That it does is proven; of what, is estimated. A swap takes every cue out: it names the kind
    where nothing else does.
    """
    costs = by_kind({e.edit: e.costs for e in own if e.large})
    return narrowest(costs) if costs else kind_of(SCENE)


def _edited(tested: pd.DataFrame) -> Iterator[Sensitivity]:
    answers = tested["prediction"].to_numpy()
    for key in (*EDITS, REGION):
        told = _regions(tested) if key == REGION else _edits(tested, key)
        classes = _classes(answers[told.tried])
        rates = {k: float(told.flips[told.tried & (answers == k)].mean()) for k in classes}
        for target in classes:
            others = sorted((k for k in classes if k != target), key=lambda k: rates[k])
            steady = others[: -(-len(others) // 2)]
            if steady:
                own = told.tried & (answers == target)
                yield _compared(target, key, told, own, told.tried & np.isin(answers, steady))


class _Outcomes(NamedTuple):
    """What one edit did to each image, ``(n,)`` each.

    Attributes
    ----------
    tried : bool
        Whether the edit was tried, or left out as it could change no verdict.
    flips : bool
        Whether it turns the answer.
    lost : float64
        Log-odds that it costs the answer.
    """

    tried: NDArray[np.bool_]
    flips: NDArray[np.bool_]
    lost: NDArray[np.float64]


def _edits(tested: pd.DataFrame, key: str) -> _Outcomes:
    after, lost = (tested[f"edit_{key}_{c}"].to_numpy() for c in ("prediction", "lost"))
    asked, hung = after >= 0, tested[_HANGS].to_numpy(bool)
    tried = asked | tested[_SPARED].to_numpy(bool)
    flips = asked & hung & (after != tested["prediction"].to_numpy())
    # Of answers that do not hang a sample was asked: the others lose what these do in the middle.
    sample = lost[asked & ~hung]
    middle = float(np.median(sample)) if len(sample) else 0.0
    return _Outcomes(tried, flips, np.where(asked, lost, middle))


def _regions(tested: pd.DataFrame) -> _Outcomes:
    """Return what the region did, beyond what regions like it cost elsewhere."""
    after = tested["removal_prediction"].to_numpy()
    flips = after != tested["prediction"].to_numpy()
    flips &= tested["removal_controls_flipped"].to_numpy() == 0
    control = tested["removal_control_lost"].fillna(0).clip(lower=0).to_numpy()
    lost = np.maximum(tested["removal_lost"].to_numpy(float) - control, 0)
    return _Outcomes(after >= 0, flips, lost)


def _classes(answers: NDArray[np.int64]) -> list[int]:
    """Classes that are answered often enough to say something of."""
    classes, counts = np.unique(answers, return_counts=True)
    return [int(c) for c, n in zip(classes, counts, strict=True) if n >= FEWEST]


def _compared(
    target: int, key: str, told: _Outcomes, own: NDArray[np.bool_], others: NDArray[np.bool_]
) -> Sensitivity:
    """Hold a class against all others, which are other images: Fisher's exact test."""
    from scipy.stats import fisher_exact, mannwhitneyu

    table = [[int(told.flips[k].sum()), int((~told.flips[k]).sum())] for k in (own, others)]
    more_often = fisher_exact(table, alternative="greater").pvalue
    more = mannwhitneyu(told.lost[own], told.lost[others], alternative="greater").pvalue
    return Sensitivity(
        target=target,
        edit=key,
        flips=rate(table[0][0], sum(table[0])),
        others=rate(table[1][0], sum(table[1])),
        excess=_apart(table),
        lost=float(np.median(told.lost[own])),
        others_lost=float(np.median(told.lost[others])),
        p=float(max(more_often, more)),
    )


def _apart(table: Sequence[Sequence[int]]) -> Difference:
    """Return the difference of two rates (Newcombe 1998, method 10 of independent samples)."""
    from statsmodels.stats.proportion import confint_proportions_2indep

    (a, b), (c, d) = table
    low, high = confint_proportions_2indep(a, a + b, c, c + d, method="newcomb")
    return Difference(a / (a + b) - c / (c + d), float(low), float(high))


def _swapped(tested: pd.DataFrame) -> Iterator[Sensitivity]:
    """Hold other classes' backgrounds against those of the own class, image by image.

    Right answers alone: a wrong one's own class is not the one that it is explained as.
    """
    right = tested[tested["correct"].astype(bool)]
    both = right[right["survival_same"].notna() & right["survival"].notna()]
    for target in _classes(both["prediction"].to_numpy()):
        own = both[both["prediction"] == target]
        swapped, kept = 1 - own["survival"], 1 - own["survival_same"]
        yield Sensitivity(
            target=target,
            edit=SCENE,
            flips=mean(swapped, SEED),
            others=mean(kept, SEED),
            excess=difference_of_means(kept, swapped, SEED),
            lost=NAN,
            others_lost=NAN,
            p=_sign_test((swapped - kept).to_numpy(float)),
        )


def _beyond_others(swaps: Sequence[Sensitivity]) -> Iterator[Sensitivity]:
    """Hold each class's swap against those of the half of the others that it costs least, too."""
    for each in swaps:
        others = sorted(s.excess.value for s in swaps if s.target != each.target)
        if len(others) >= LEAST_OTHERS:
            steady = others[: -(-len(others) // 2)]
            yield replace(each, beyond=each.excess.value - float(np.mean(steady)))
        else:
            yield each


def _sign_test(differences: NDArray[np.float64]) -> float:
    """Test that more differences are above 0 than below; 1 where all are 0."""
    from scipy.stats import binomtest

    above, below = int((differences > 0).sum()), int((differences < 0).sum())
    if not above + below:
        return 1.0
    return float(binomtest(above, above + below, alternative="greater").pvalue)
