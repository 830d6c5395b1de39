"""Interventions on images: composites made, shown to the model in full batches, and weighed up."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audit.core.edits import EDITS
from audit.core.geometry import place_of, upsample
from audit.core.questions import EDITED, MOVED, NO_MASK, PARTS, REGION, SEARCH
from audit.datasets.batches import in_batches
from audit.datasets.dataset import FOREGROUND
from audit.explainers.base import PASS, seed_of
from audit.interventions import composites as make
from audit.interventions.causal import Causes, Edited, Removal, Shares, log_odds, shapley
from audit.interventions.edits import Scene, all_edits
from audit.interventions.fills import OTHER_FILLS
from audit.interventions.pool import DONORS, BackgroundPool
from audit.interventions.resemblance import resemblance
from audit.interventions.tested import REACH, UNMOVED, Tested
from audit.masks.sample import Sample
from audit.settings.verdict import Thresholds
from audit.verdict.stopping import stopped_by, taken_by

SAME = 2  # donors of an image's own class
SIZES = {  # shares of the image that each proposer's regions have
    "both": (0.03, 0.06, 0.12),
    "gradcam": (0.06, 0.12),
    "ig": (0.12,),
    "scan": (0.03, 0.06, 0.12),
}
MEDIUM = 0.06
LARGEST = 0.12
ACROSS = 4  # tiles of the scan along each side
TILES = 12  # at most
TOGETHER = 4  # images under study at once: enough to fill the calls, little memory

Image = NDArray[np.float32]
Region = NDArray[np.bool_]
Logits = NDArray[np.float32]
Predict = Callable[[NDArray[np.float32]], NDArray[np.float32]]
Study = Generator[list[Image], Logits, "Tested"]
Heats = dict[str, NDArray[np.float32]]


@dataclass(frozen=True)
class ExplainedImage:
    """One image to study: what the model and the explainers said of it.

    Attributes
    ----------
    logits : float32 ``(classes,)``
    gradcam, ig : float32
        Heatmaps of the predicted class, ``(h, w)`` and ``(H, W)``.
    """

    sample: Sample
    logits: Logits
    gradcam: NDArray[np.float32]
    ig: NDArray[np.float32]

    @property
    def target(self) -> int:
        """Explained class."""
        return int(self.logits.argmax())


class Interventions:
    """Study of the causes of predictions, by forward passes alone.

    Parameters
    ----------
    predict : callable
        Float32 images ``(n, H, W, 3)`` in 0..255 to float32 logits ``(n, classes)``.
    pool : BackgroundPool
    scan : bool
        Search the background tile by tile, too: at most 62 passes an image, else 48.
    thresholds : Thresholds, optional
        Of the verdict: questions are left out whose answers could not change it. By default
        everything is asked, in a pass less at most.
    features : callable, optional
        The same images to feature maps ``(n, h, w, c)``, for what looks like the foreground.
    """

    def __init__(
        self,
        predict: Predict,
        pool: BackgroundPool,
        *,
        scan: bool = True,
        thresholds: Thresholds | None = None,
        features: Predict | None = None,
    ) -> None:
        self._predict = predict
        self._pool = pool
        self._scan = scan
        self._thresholds = thresholds
        self._features = features

    def __call__(self, cases: Sequence[ExplainedImage]) -> list[Tested]:
        """Study each case; images without a usable mask get the reason and nothing else."""
        found = (
            self._together([self._study(c) for c in some]) for some in in_batches(cases, TOGETHER)
        )
        return list(chain.from_iterable(found))

    def _together(self, studies: Sequence[Study]) -> list[Tested]:
        """Run studies side by side, so that their composites share the model's calls."""
        done: dict[int, Tested] = {}
        asked = {i: _advance(study, None, done, i) for i, study in enumerate(studies)}
        while asked := {i: images for i, images in asked.items() if images is not None}:
            answers = iter(self._logits(chain.from_iterable(asked.values())))
            given = {i: np.stack([next(answers) for _ in images]) for i, images in asked.items()}
            asked = {i: _advance(studies[i], given[i], done, i) for i in asked}
        return [done[i] for i in range(len(studies))]

    def _logits(self, images: Iterable[Image]) -> Iterator[Logits]:
        for some in in_batches(images, PASS):  # composites of several studies fill a call together
            yield from self._predict(np.stack(some))

    def _study(self, case: ExplainedImage) -> Study:
        parts, why = make.split_foreground(case.sample.image, case.sample.trimap)
        if parts is None:
            return Tested(Causes(why), Causes(why), Causes(why))
        # First: a removal needs its log-odds, and the variants reuse what it swapped.
        causes, swapped, donors = yield from self._whole(case, parts)
        item, target = case.sample.item, case.target
        other = self._pool.background(item.name, {item.label, target}, target)
        causes = yield from self._edited(case, parts, other, causes)
        causes, region = yield from self._removed(case, parts, other, causes)
        causes = self._compared(case, parts, causes, region)
        if causes.stopped_by == NO_MASK:
            return Tested(causes, UNMOVED, UNMOVED, region, donors)
        variants = []
        for reach in (REACH, -REACH):
            variant, spent = yield from self._variant(case, causes, swapped, donors, region, reach)
            variants.append(variant)
            causes = replace(causes, passes=causes.passes + spent)
        causes = replace(causes, asked=(*causes.asked, MOVED))
        return Tested(causes, variants[0], variants[1], region, donors)

    def _whole(
        self, case: ExplainedImage, parts: make.Parts
    ) -> Generator[list[Image], Logits, tuple[Causes, Logits, list[int]]]:
        """Study foreground and background apart, and the foreground elsewhere."""
        item, image, target = case.sample.item, case.sample.image, case.target
        donors = self._pool.others(item.name, {item.label, target}, DONORS, target)
        donors = donors or self._pool.others(item.name, {target}, DONORS, target)  # two classes
        same = self._pool.same(item.name, item.label, SAME)
        others = self._backgrounds(donors)
        others += [self._pool.neutral(parts.removed)] if donors else []
        black = np.zeros_like(parts.removed)
        behind = [black, parts.removed, *others, *self._backgrounds(same)]  # read by position below
        shown = [parts.removed, *(make.paste(image, parts.opacity, b) for b in behind)]
        logits = yield shown
        swapped = logits[3 : 3 + len(others)]
        answers = logits.argmax(axis=1)
        on_same = answers[3 + len(others) :]
        causes = Causes(
            log_odds=float(log_odds(case.logits, target)),
            donors=len(others),
            without_foreground=int(answers[0]),
            only_foreground=int(answers[1]),
            pasted_back=int(answers[2]),
            mixed_same=int(on_same[0]) if same else -1,
            survival_same=_mean(on_same == target),
            background_log_odds=float(log_odds(logits[0], target)),
            mixed_rand=_mean(swapped[: len(donors)].argmax(axis=1) == item.label),
            passes=len(shown),
            asked=(PARTS,),
        )
        return self._weighed(causes, target, logits[0], swapped, donors), swapped, donors

    def _edited(
        self, case: ExplainedImage, parts: make.Parts, other: Image | None, causes: Causes
    ) -> Generator[list[Image], Logits, Causes]:
        """Ask what every edit of the whole background changes."""
        if other is None:
            return causes
        random, target = np.random.default_rng(seed_of(case.sample.item.name)), case.target
        scene = Scene(case.sample.image, parts, other, self._pool.colours, random)
        logits = yield all_edits(scene)
        lost, answers = causes.log_odds - log_odds(logits, target), logits.argmax(axis=1)
        edits = {
            key: Edited(float(cost), int(answer))
            for key, cost, answer in zip(EDITS, lost, answers, strict=True)
        }
        asked = (*causes.asked, EDITED)
        return replace(causes, edits=edits, passes=causes.passes + len(edits), asked=asked)

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
        heats, asked, spent = _heats(case, parts), causes.asked, 0
        if self._thresholds is not None:
            removal, region = yield from _looked_at(case, parts, heats, causes.log_odds)
            asked, spent = (*asked, REGION), int(region.any())
            if why := _enough(causes, removal, case.target, self._thresholds):
                causes = replace(causes, asked=asked, passes=causes.passes + spent)
                return replace(causes, removal=removal, stopped_by=why), region
        removal, region, more = yield from self._searched(case, parts, other, heats, causes)
        passes, asked = causes.passes + spent + more, (*asked, SEARCH)
        return replace(causes, removal=removal, passes=passes, asked=asked), region

    def _searched(
        self,
        case: ExplainedImage,
        parts: make.Parts,
        other: Image | None,
        heats: Heats,
        causes: Causes,
    ) -> Generator[list[Image], Logits, tuple[Removal, Region, int]]:
        """Fill what the explainers and the scan propose; control the best of it."""
        image, target, before = case.sample.image, case.target, causes.log_odds
        regions, spent = yield from self._proposals(case, parts, heats, before)
        if not regions:
            return Removal(), np.zeros(parts.off.shape, bool), spent
        logits = yield [make.fill(image, region) for _, region in regions]
        lost, answers = before - log_odds(logits, target), logits.argmax(axis=1)
        best = _best(np.array([r.mean() for _, r in regions]), answers != target, lost)
        name, region = regions[best]
        area, place = float(region.mean()), place_of(region)
        removal = Removal(name, area, place, float(lost[best]), int(answers[best]))
        controls = make.controls(region, parts.off)
        removal = yield from _controlled(image, target, before, removal, controls)
        removal, refilled = yield from _refilled(case, parts, other, removal, region)
        return removal, region, spent + len(regions) + len(controls) + refilled

    def _compared(
        self, case: ExplainedImage, parts: make.Parts, causes: Causes, region: Region
    ) -> Causes:
        """Say how much the region looks like the foreground, where a verdict may hang on it."""
        changed = causes.removal.prediction not in (-1, case.target)
        if not (region.any() and (changed or causes.without_foreground == case.target)):
            return causes
        image, passes, features = case.sample.image, causes.passes, None
        if self._features is not None:
            features = self._features(image[None].astype(np.float32))[0]
            passes += 1
        foreground, rest = case.sample.trimap == FOREGROUND, parts.off & ~region
        alike = resemblance(image, features, foreground, rest, region)
        return replace(causes, removal=replace(causes.removal, resembles=alike), passes=passes)

    def _proposals(
        self, case: ExplainedImage, parts: make.Parts, heats: Heats, before: float
    ) -> Generator[list[Image], Logits, tuple[list[tuple[str, Region]], int]]:
        """Collect regions by what proposes them, and the passes that the scan took."""
        tiles = make.windows(parts.off, ACROSS, TILES) if self._scan else []
        if tiles:
            logits = yield [make.fill(case.sample.image, tile) for tile in tiles]
            scanned = make.scan_map(tiles, before - log_odds(logits, case.target), ACROSS)
            heats = heats | {"scan": make.together(scanned, heats["both"])}
        regions = [
            (name, region)
            for name, heat in heats.items()
            for region in make.hottest(heat, parts.off, SIZES[name])
        ]
        return [(name, region) for name, region in regions if region.any()], len(tiles)

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


def _heats(case: ExplainedImage, parts: make.Parts) -> Heats:
    """Return what proposes regions by heatmaps, at the image's size."""
    camera = np.maximum(upsample(case.gradcam, parts.off.shape), 0)
    gathered = make.smoothed(case.ig)
    return {"both": make.together(camera, gathered), "gradcam": camera, "ig": gathered}


def _looked_at(
    case: ExplainedImage, parts: make.Parts, heats: Heats, before: float
) -> Generator[list[Image], Logits, tuple[Removal, Region]]:
    """Fill the largest region that both explainers look at most."""
    (region,) = make.hottest(heats["both"], parts.off, (LARGEST,))
    if not region.any():
        return Removal(), region
    logits = yield [make.fill(case.sample.image, region)]
    lost, answer = before - log_odds(logits, case.target)[0], int(logits.argmax())
    return Removal("both", float(region.mean()), place_of(region), float(lost), answer), region


def _enough(causes: Causes, removal: Removal, target: int, thresholds: Thresholds) -> str:
    """Return why no more need be asked than a region showed; "" where more must be."""
    taken = 0.0 if removal.prediction < 0 else taken_by(causes.log_odds, removal.lost)
    turned = removal.prediction not in (-1, target)
    share = causes.shares.share
    return "" if turned else stopped_by(share, causes.survival, taken, thresholds)


def _refilled(
    case: ExplainedImage, parts: make.Parts, other: Image | None, removal: Removal, region: Region
) -> Generator[list[Image], Logits, tuple[Removal, int]]:
    """Fill a region that turns the answer in the other ways, too: the fill may be the cue."""
    if removal.prediction == case.target or other is None:
        return removal, 0
    image = case.sample.image.astype(np.float32)
    logits = yield [refill(image, region, parts.off, other) for refill in OTHER_FILLS.values()]
    turned = 1 + int((logits.argmax(axis=1) != case.target).sum())
    return replace(removal, fills=1 + len(OTHER_FILLS), fills_flipped=turned), len(OTHER_FILLS)


def _controlled(
    image: NDArray[np.uint8],
    target: int,
    before: float,
    removal: Removal,
    controls: Sequence[Region],
) -> Generator[list[Image], Logits, Removal]:
    """Measure a removal beside what its controls cost."""
    if not controls:
        return removal
    logits = yield [make.fill(image, control) for control in controls]
    return replace(
        removal,
        controls=len(controls),
        controls_flipped=int((logits.argmax(axis=1) != target).sum()),
        control_lost=float((before - log_odds(logits, target)).max()),
    )


def _advance(
    study: Study, answer: Logits | None, done: dict[int, Tested], index: int
) -> list[Image] | None:
    """Return the composites that a study wants to see next; None where it has ended."""
    try:
        return study.send(answer)  # type: ignore[arg-type]
    except StopIteration as end:
        done[index] = end.value
        return None


def _best(areas: NDArray[np.float64], flips: NDArray[np.bool_], lost: NDArray[np.float64]) -> int:
    """Return the smallest region that flips the answer, else the medium one that costs most."""
    if flips.any():
        return min(np.flatnonzero(flips).tolist(), key=lambda i: (areas[i], -lost[i]))
    # A region has whole pixels, so a medium one may come out a little above.
    return int(np.where(areas <= MEDIUM + 0.001, lost, -np.inf).argmax())


def _mean(values: NDArray[Any]) -> float:
    return float(np.mean(values)) if len(values) else float("nan")
