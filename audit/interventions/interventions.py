"""Interventions on images: composites made, shown to the model in full batches, and weighed up."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from copy import copy
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audit.core.edits import EDITS
from audit.core.logits import of_label
from audit.core.questions import (
    EDITED,
    MOVED,
    NO_EDIT,
    NO_MASK,
    NO_REGION,
    PARTS,
    QUARTERS,
    REGION,
    SAMPLED,
    SEARCH,
    YARDSTICKS,
)
from audit.datasets.dataset import FOREGROUND
from audit.explainers.base import seed_of
from audit.interventions import composites as make
from audit.interventions.budget import Budget
from audit.interventions.causal import Causes, Edited, Shares, answers, log_odds, shapley
from audit.interventions.edits import Scene, all_edits
from audit.interventions.explained import ExplainedImage, Image, Logits, Region
from audit.interventions.pool import DONORS, BackgroundPool
from audit.interventions.resemblance import resemblance
from audit.interventions.search import (
    Filled,
    controlled,
    heats,
    looked_at,
    most_costly,
    quarters,
    refilled,
    searched,
)
from audit.interventions.tested import REACH, UNMOVED, Tested
from audit.interventions.together import Predict, Study, answered, together
from audit.settings.verdict import Thresholds
from audit.verdict.stopping import (
    edits_may_accuse,
    hangs,
    no_mask_decides,
    no_region_decides,
    owed,
    supported,
)
from audit.verdict.verdict import AUTOMATIC

SAME = 2  # donors of an image's own class


class Interventions:
    """Study of the causes of predictions, by forward passes alone.

    Parameters
    ----------
    predict : callable
        Float32 images ``(n, H, W, 3)`` in 0..255 to float32 logits ``(n, classes)``.
    pool : BackgroundPool
    scan : bool
        Search the background tile by tile, too: at most 62 passes an image, else 48.
    budget : Budget, optional
        Questions are left out whose answers could not change the verdict. By default everything is
        asked.
    features : callable, optional
        The same images to feature maps ``(n, h, w, c)``, for what looks like the foreground.
    several : bool
        Images may have several labels: each case is asked about its own label, there or not.
    """

    def __init__(
        self,
        predict: Predict,
        pool: BackgroundPool,
        *,
        scan: bool = True,
        budget: Budget | None = None,
        features: Predict | None = None,
        several: bool = False,
    ) -> None:
        self._predict = predict
        self._pool = pool
        self._scan = scan
        self._budget = budget
        self._features = features
        self._several = several
        self._of_label: dict[int, Interventions] = {}

    def __call__(self, cases: Sequence[ExplainedImage]) -> list[Tested]:
        """Study each case; images without a usable mask get the reason and nothing else."""
        start = self._of_own_label if self._several else self._study
        return together((start(case) for case in cases), self._predict)

    def _of_own_label(self, case: ExplainedImage) -> Study[Tested]:
        """Study a case with nothing but what is said of its label: it is there, or it is not."""
        label = case.sample.item.label
        if label not in self._of_label:
            other = copy(self)
            other._pool = self._pool.of_label(label)
            self._of_label[label] = other  # last: another thread may ask meanwhile
        study = self._of_label[label]._study(case)
        return answered(study, lambda logits: of_label(logits, label))

    def _study(self, case: ExplainedImage) -> Study[Tested]:
        parts, why = make.split_foreground(case.sample.image, case.sample.trimap)
        if parts is None:
            return Tested(Causes(why), Causes(why), Causes(why))
        # First: a removal needs its log-odds, and the variants reuse what it swapped.
        causes, swapped, donors = yield from self._whole(case, parts)
        causes = yield from self._yardsticks(case, parts, causes)
        item, target = case.sample.item, case.target
        further = self._pool.further(item.image, {item.label, target}, target)
        causes, region = yield from self._removed(case, parts, self._other(further), causes)
        causes = yield from self._edited(case, parts, further, causes)
        causes = self._likened(case, parts, causes, region)
        if self._no_mask_decides(case, causes, swapped):
            causes = causes.without(NO_MASK)
            return Tested(causes, UNMOVED, UNMOVED, region, donors)
        variants = []
        for reach in (REACH, -REACH):
            variant, spent = yield from self._variant(case, causes, swapped, donors, region, reach)
            variants.append(variant)
            causes = replace(causes, passes=causes.passes + spent)
        return Tested(causes.with_asked(MOVED), variants[0], variants[1], region, donors)

    def _whole(
        self, case: ExplainedImage, parts: make.Parts
    ) -> Generator[list[Image], Logits, tuple[Causes, Logits, list[int]]]:
        """Study foreground and background apart, and the foreground elsewhere."""
        item, image, target = case.sample.item, case.sample.image, case.target
        donors = self._pool.others(item.image, {item.label, target}, DONORS, target)
        donors = donors or self._pool.others(item.image, {target}, DONORS, target)  # two classes
        same = self._pool.same(item.image, item.label, SAME)
        others = self._backgrounds(donors)
        others += [self._pool.neutral(parts.removed)] if donors else []
        behind = [*others, *self._backgrounds(same)]  # read by position below
        shown = [parts.removed, *(make.paste(image, parts.opacity, b) for b in behind)]
        logits = yield shown
        swapped = logits[1 : 1 + len(others)]
        on_same = logits[1 + len(others) :].argmax(axis=1)
        causes = Causes(
            log_odds=float(log_odds(case.logits, target)),
            donors=len(others),
            swaps=answers(swapped) if donors else (),
            without_foreground=int(logits[0].argmax()),
            mixed_same=int(on_same[0]) if same else -1,
            survival_same=_mean(on_same == target),
            background_log_odds=float(log_odds(logits[0], target)),
            mixed_rand=_mean(swapped[: len(donors)].argmax(axis=1) == item.label),
            passes=len(shown),
            asked=(PARTS,),
        )
        return self._weighed(causes, target, logits[0], swapped, donors), swapped, donors

    def _yardsticks(
        self, case: ExplainedImage, parts: make.Parts, causes: Causes
    ) -> Generator[list[Image], Logits, Causes]:
        """Show the foreground on black, and pasted back on its own background."""
        image = case.sample.image
        if not self._in_sample(case):
            return causes.without(SAMPLED)
        behind = (np.zeros_like(parts.removed), parts.removed)
        logits = yield [make.paste(image, parts.opacity, b) for b in behind]
        only, pasted = logits.argmax(axis=1)
        found = replace(causes, only_foreground=int(only), pasted_back=int(pasted))
        return found.with_asked(YARDSTICKS, len(behind))

    def _in_sample(self, case: ExplainedImage) -> bool:
        return self._budget is None or self._budget.samples(case.sample.item.image)

    def _other(self, donor: int) -> Image | None:
        """Return the background of a donor; None of none."""
        return None if donor < 0 else self._pool.backgrounds[donor].astype(np.float32)

    def _edited(
        self, case: ExplainedImage, parts: make.Parts, donor: int, causes: Causes
    ) -> Generator[list[Image], Logits, Causes]:
        """Ask what every edit of the whole background changes; some take from a donor's."""
        other = self._other(donor)
        if other is None:
            return causes
        if not (self._in_sample(case) or self._may_accuse(case, causes)):
            return causes.without(NO_EDIT)
        random, target = np.random.default_rng(seed_of(case.sample.item.image)), case.target
        scene = Scene(case.sample.image, parts, other, self._pool.colours, random)
        logits = yield all_edits(scene)
        lost = causes.log_odds - log_odds(logits, target)
        edits = {
            key: Edited(float(cost), said.prediction, said.confidence)
            for key, cost, said in zip(EDITS, lost, answers(logits), strict=True)
        }
        return replace(causes, edits=edits, edit_donor=donor).with_asked(EDITED, len(edits))

    def _may_accuse(self, case: ExplainedImage, causes: Causes) -> bool:
        """Return whether an edit of the background may accuse the answer."""
        return bool(edits_may_accuse(_told(case, causes), self._thresholds))

    def _no_mask_decides(self, case: ExplainedImage, causes: Causes, swapped: Logits) -> bool:
        if self._budget is None:
            return False
        target = case.target
        found = [causes.removal.prediction, *(e.prediction for e in causes.edits.values())]
        return no_mask_decides(
            _told(case, causes),
            self._thresholds,
            turned=any(answer not in (-1, target) for answer in found),
            kept=bool((swapped[DONORS // 2 :].argmax(axis=1) == target).any()),
        )

    def _weighed(
        self, causes: Causes, target: int, removed: Logits, swapped: Logits, donors: Sequence[int]
    ) -> Causes:
        """Shares and survival, by the background alone and the foreground on other backgrounds."""
        if not donors:
            return replace(causes, shares=Shares(reason="no other background to try"))
        nothing = self._pool.logits[list(donors)]
        shares = shapley(
            causes.log_odds,
            _mean(log_odds(swapped[: len(donors)], target)),
            float(log_odds(removed, target)),
            _mean(log_odds(nothing, target)),
        )
        survival = _mean(swapped.argmax(axis=1) == target)
        return replace(causes, shares=shares, survival=survival)

    def _removed(
        self, case: ExplainedImage, parts: make.Parts, other: Image | None, causes: Causes
    ) -> Generator[list[Image], Logits, tuple[Causes, Region]]:
        """Fill a region, and search for one that costs more where that may change the verdict."""
        heated = heats(case, parts)
        first = yield from looked_at(case, parts, heated)
        causes = causes.with_asked(REGION, len(first))
        removal, region = most_costly(first, case, causes.log_odds)
        causes = replace(causes, removal=removal)
        if self._budget is not None and self._enough(case, causes, first):
            causes, stands = yield from self._quartered(case, parts, causes)
            if stands:
                return causes.without(NO_REGION), region
        found = yield from searched(case, parts, heated, causes.log_odds, scan=self._scan)
        removal, region = most_costly([*first, *found.filled], case, causes.log_odds)
        causes = causes.with_asked(SEARCH, found.passes)
        if not region.any():
            return replace(causes, removal=removal), region
        removal, controls = yield from controlled(case, parts, causes, removal, region)
        removal, fills = yield from refilled(case, parts, other, removal, region)
        causes = replace(causes, removal=removal, passes=causes.passes + controls + fills)
        return causes, region

    def _quartered(
        self, case: ExplainedImage, parts: make.Parts, causes: Causes
    ) -> Generator[list[Image], Logits, tuple[Causes, bool]]:
        """Fill the background quarter by quarter, and say whether that, too, changes little.

        Asked where the answer hangs on its background: explainers may look past what decides. One
        that is owed to its background is searched whatever they show.
        """
        told = _told(case, causes)
        if owed(told, self._thresholds):
            return causes, False
        if not (self._scan and hangs(told) and supported(told, self._thresholds)):
            return causes, True
        filled = yield from quarters(case, parts)
        causes = causes.with_asked(QUARTERS, len(filled))
        return causes, self._enough(case, causes, filled)

    def _enough(self, case: ExplainedImage, causes: Causes, filled: Sequence[Filled]) -> bool:
        """Return whether no region decides, by all that were filled; nothing says nothing."""
        told = _told(case, causes)
        return all(
            no_region_decides(
                told, self._thresholds, each.lost(case, causes.log_odds), turned=each.turns(case)
            )
            for each in filled
        )

    @property
    def _thresholds(self) -> Thresholds:
        assert self._budget is not None
        return self._budget.thresholds

    def _likened(
        self, case: ExplainedImage, parts: make.Parts, causes: Causes, region: Region
    ) -> Causes:
        """Say how much the region looks like the foreground, where a verdict may hang on it.

        A machine's mask alone is doubted for it, where the region or the background decides.
        """
        changed = causes.removal.prediction not in (-1, case.target)
        alone = causes.without_foreground == case.target
        doubted = case.sample.mask_source in AUTOMATIC and (changed or alone)
        if not (region.any() and doubted):
            return causes
        image, passes, features = case.sample.image, causes.passes, None
        if self._features is not None:
            features = self._features(image[None].astype(np.float32))[0]
            passes += 1
        foreground, rest = case.sample.trimap == FOREGROUND, parts.off & ~region
        alike = resemblance(image, features, foreground, rest, region)
        return replace(causes, removal=replace(causes.removal, resembles=alike), passes=passes)

    def _variant(
        self,
        case: ExplainedImage,
        causes: Causes,
        swapped: Logits,
        donors: Sequence[int],
        region: Region,
        reach: float,
    ) -> Generator[list[Image], Logits, tuple[Causes, int]]:
        """Study the same with the mask grown or shrunk: two donors anew, the others as before."""
        image, target = case.sample.image, case.target
        parts, why = make.split_foreground(image, case.sample.trimap, reach)
        if parts is None:
            return Causes(why), 0
        again = donors[: DONORS // 2]
        shown = [parts.removed]
        shown += [make.paste(image, parts.opacity, b) for b in self._backgrounds(again)]
        left = region & parts.off
        retried = causes.removal.flips(target) and left.sum() < region.sum()
        shown += [make.fill(image, left)] if retried else []
        logits = yield shown
        anew = np.concatenate([logits[1 : 1 + len(again)], swapped[len(again) :]])
        variant = self._weighed(causes, target, logits[0], anew, donors)
        if retried:
            removal = replace(causes.removal, prediction=int(logits[-1].argmax()))
            variant = replace(variant, removal=removal)
        return replace(variant, without_foreground=int(logits[0].argmax())), len(shown)

    def _backgrounds(self, donors: Sequence[int]) -> list[make.Pixels]:
        return [self._pool.backgrounds[i] for i in donors]


def _told(case: ExplainedImage, causes: Causes) -> dict[str, Any]:
    """Return what a record will tell of the image: what is asked hangs on it."""
    return {
        "correct": case.target == case.sample.item.label,
        "survival": causes.survival,
        "mixed_rand": causes.mixed_rand,
        "background_share": causes.shares.share,
        "log_odds": causes.log_odds,
    }


def _mean(values: NDArray[Any]) -> float:
    return float(np.mean(values)) if len(values) else float("nan")
