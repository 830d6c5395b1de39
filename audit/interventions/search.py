"""Search for the region of the background that decides an answer, or that costs it most."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from audit.core.geometry import place_of, upsample
from audit.core.registries import STAND_IN
from audit.interventions import composites as make
from audit.interventions.causal import Causes, Removal, answers, log_odds
from audit.interventions.explained import ExplainedImage, Image, Logits, Region
from audit.interventions.fills import OTHER_FILLS

SIZES = {  # shares of the image that each proposer's regions have
    "both": (0.03, 0.06, 0.12),
    "gradcam": (0.06, 0.12),
    "ig": (0.12,),
    STAND_IN: (0.03, 0.06, 0.12),
    "scan": (0.03, 0.06, 0.12),
}
MEDIUM = 0.06
LARGEST = 0.12
FIRST = ("both", STAND_IN)  # what is looked at before a search, of those that there are
ACROSS = 4  # tiles of the scan along each side
TILES = 12  # at most

Heats = dict[str, NDArray[np.float32]]


class Filled(NamedTuple):
    """A region of the background that was filled in, what proposed it, and the logits then."""

    proposer: str
    region: Region
    logits: Logits

    def turns(self, case: ExplainedImage) -> bool:
        """Return whether the answer changes."""
        return int(self.logits.argmax()) != case.target

    def lost(self, case: ExplainedImage, before: float) -> float:
        """Return what it costs an answer of log-odds ``before``."""
        return before - float(log_odds(self.logits, case.target))


class _Search(NamedTuple):
    """Regions that a search filled in, and the passes that it took."""

    filled: list[Filled]
    passes: int


def heats(case: ExplainedImage, parts: make.Parts) -> Heats:
    """Return what proposes regions by heatmaps, at the image's size; what comes first leads."""
    if case.stand_in is not None:
        left = {} if np.isnan(case.ig).all() else {"ig": make.smoothed(case.ig)}
        return {STAND_IN: np.maximum(np.nan_to_num(case.stand_in), 0)} | left
    camera = np.maximum(upsample(case.gradcam, parts.off.shape), 0)
    gathered = make.smoothed(case.ig)
    return {"both": make.together(camera, gathered), "gradcam": camera, "ig": gathered}


def looked_at(
    case: ExplainedImage, parts: make.Parts, heats: Heats
) -> Generator[list[Image], Logits, list[Filled]]:
    """Fill the largest region that explainers look at most; nothing where there is none."""
    first, heat = next(iter(heats.items()))
    (region,) = make.hottest(heat, parts.off, (LARGEST,))
    if not region.any():
        return []
    logits = yield [make.fill(case.sample.image, region)]
    return [Filled(first, region, logits[0])]


def _sizes(proposer: str) -> tuple[float, ...]:
    """Shares of the image to search by a proposer, without what was looked at first."""
    return tuple(s for s in SIZES[proposer] if not (proposer in FIRST and s == LARGEST))


def searched(
    case: ExplainedImage, parts: make.Parts, heats: Heats, before: float, *, scan: bool
) -> Generator[list[Image], Logits, _Search]:
    """Fill what the explainers and the scan propose, but for what was looked at first."""
    image = case.sample.image
    tiles = make.windows(parts.off, ACROSS, TILES) if scan else []
    if tiles:
        logits = yield [make.fill(image, tile) for tile in tiles]
        scanned = make.scan_map(tiles, before - log_odds(logits, case.target), ACROSS)
        heats = heats | {"scan": make.together(scanned, next(iter(heats.values())))}
    proposed = [
        (name, region)
        for name, heat in heats.items()
        for region in make.hottest(heat, parts.off, _sizes(name))
        if region.any()
    ]
    if not proposed:
        return _Search([], len(tiles))
    logits = yield [make.fill(image, region) for _, region in proposed]
    filled = [Filled(*each, found) for each, found in zip(proposed, logits, strict=True)]
    return _Search(filled, len(tiles) + len(filled))


def quarters(
    case: ExplainedImage, parts: make.Parts
) -> Generator[list[Image], Logits, list[Filled]]:
    """Fill each quarter of the image that has background enough."""
    regions = make.windows(parts.off, 2, 4)
    if not regions:
        return []
    logits = yield [make.fill(case.sample.image, region) for region in regions]
    return [Filled("scan", *each) for each in zip(regions, logits, strict=True)]


def most_costly(
    filled: Sequence[Filled], case: ExplainedImage, before: float
) -> tuple[Removal, Region]:
    """Return the region that decides, else the one that costs most; an empty one of none."""
    if not filled:
        return Removal(), np.zeros(case.sample.trimap.shape, bool)
    logits = np.stack([each.logits for each in filled])
    lost, turned = before - log_odds(logits, case.target), logits.argmax(axis=1) != case.target
    areas = np.array([each.region.mean() for each in filled])
    best = _best(areas, turned, lost) if len(filled) > 1 else 0
    chosen, (said,) = filled[best].region, answers(logits[best : best + 1])
    found = Removal(
        filled[best].proposer, float(areas[best]), place_of(chosen), float(lost[best]),
        said.prediction, confidence=said.confidence,
    )  # fmt: skip
    return found, chosen


def refilled(
    case: ExplainedImage, parts: make.Parts, other: Image | None, removal: Removal, region: Region
) -> Generator[list[Image], Logits, tuple[Removal, int]]:
    """Fill a region that turns the answer in the other ways, too: the fill may be the cue."""
    if removal.prediction == case.target or other is None:
        return removal, 0
    image = case.sample.image.astype(np.float32)
    logits = yield [refill(image, region, parts.off, other) for refill in OTHER_FILLS.values()]
    turned = 1 + int((logits.argmax(axis=1) != case.target).sum())
    return replace(removal, fills=1 + len(OTHER_FILLS), fills_flipped=turned), len(OTHER_FILLS)


def controlled(
    case: ExplainedImage, parts: make.Parts, causes: Causes, removal: Removal, region: Region
) -> Generator[list[Image], Logits, tuple[Removal, int]]:
    """Measure a removal beside what its controls cost."""
    controls = make.controls(region, parts.off)
    if not controls:
        return removal, 0
    logits = yield [make.fill(case.sample.image, control) for control in controls]
    measured = replace(
        removal,
        controls=len(controls),
        controls_flipped=int((logits.argmax(axis=1) != case.target).sum()),
        control_lost=float((causes.log_odds - log_odds(logits, case.target)).max()),
    )
    return measured, len(controls)


def _best(areas: NDArray[np.float64], flips: NDArray[np.bool_], lost: NDArray[np.float64]) -> int:
    """Return the smallest region that flips the answer, else the medium one that costs most."""
    if flips.any():
        return min(np.flatnonzero(flips).tolist(), key=lambda i: (areas[i], -lost[i]))
    # A region has whole pixels, so a medium one may come out a little above.
    return int(np.where(areas <= MEDIUM + 0.001, lost, -np.inf).argmax())
