"""Backgrounds that decide answers: grouped by likeness, then put under other foregrounds."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from audit.checks.context import Context
from audit.checks.shortcuts import statistics as score
from audit.checks.shortcuts.outputs import FILE
from audit.core.geometry import place_of
from audit.core.paired import holm
from audit.core.track import Track
from audit.datasets.dataset import Item, stratified
from audit.explainers.base import seed_of
from audit.explainers.over_views import grad_cam
from audit.explainers.passes import features_of, logits_of
from audit.interventions import composites as make
from audit.interventions.causal import answers, log_odds
from audit.interventions.pool import BackgroundPool
from audit.models.base import Differentiable
from audit.settings.verdict import Thresholds
from audit.storage.heatmaps import Maps
from audit.verdict.verdict import background_driven

CASES = 512  # backgrounds that are grouped, those that accuse most: memory must not grow with more
TRIED = 12  # of a group
FLOWERS = 16  # that backgrounds are put under
RANDOM = 32  # backgrounds to compare with
EXEMPLARS = 3  # of a shortcut
GRIDS = (3, 4)  # tiles along each side: the windows that are filled in exemplars
_SEED = 0  # of the choice of foregrounds; not the run's, so that runs can be compared

Image = NDArray[np.float32]
Logits = NDArray[np.float32]


@dataclass(frozen=True)
class _Foreground:
    """A foreground to put on backgrounds."""

    name: str
    label: int
    image: NDArray[np.uint8]
    opacity: NDArray[np.float32]

    def on(self, background: NDArray[Any]) -> Image:
        return make.paste(self.image, self.opacity, background)


def write(context: Context) -> None:
    """Look for shortcuts among the explained images, and write what is found."""
    config, folder = context.config, context.folder
    maps = (m for part in sorted(folder.done_parts()) for m in folder.maps(part))
    found = find(
        folder.records(),
        maps,
        items=context.explained,
        classifier=context.classifier,
        pool=context.pool,
        cam=config.explain.cam,
        thresholds=config.verdict,
        seed=config.run.seed,
        track=context.track,
    )
    folder.keep(FILE.file(folder), json.dumps(found).encode())


def find(
    records: pd.DataFrame,
    maps: Iterable[Maps],
    items: Sequence[Item],
    classifier: Differentiable,
    pool: BackgroundPool | None,
    cam: str,
    thresholds: Thresholds,
    seed: int,
    track: Track,
) -> dict[str, Any]:
    """Group the backgrounds that decide answers, and try each group under other foregrounds.

    Parameters
    ----------
    records : DataFrame
        Of every explained image, as ``RECORD_SCHEMA``.
    maps : iterable of Maps
        Of the same images, one at a time.
    items : sequence of Item
        The explained images.
    pool : BackgroundPool or None
        Backgrounds to compare with; None where interventions are off.
    cam : str
        Kind of class activation map.
    seed : int
        Of the bootstrap.

    Returns
    -------
    dict
        ``reason`` why nothing was tried, "" where something was; ``cases``, ``grouped``: numbers
        of images; ``groups``: those of `score.grouped` with their `score.Effect`, the first to
        mend first.
    """
    rows: list[Any] = records.to_dict("records")
    driven = records[[background_driven(row, thresholds) for row in rows]]
    reason = _untested(records, driven, pool)
    if reason or pool is None:
        return {"reason": reason, "cases": len(driven), "grouped": 0, "groups": []}
    cases = driven.nlargest(CASES, "verdict_score")["name"].tolist()
    good = records.query("correct and mask_doubt == '' and causal_reason == ''")["name"]
    free = set(good) - set(cases)
    chosen = stratified([item for item in items if item.name in free], FLOWERS, _SEED)
    backgrounds, foregrounds = _scenes(maps, set(cases), {i.name: i.label for i in chosen})
    suspected = dict(zip(driven["name"], driven["prediction"].astype(int), strict=True))
    trial = _Trial(classifier, pool, foregrounds, backgrounds, suspected, seed)
    groups = trial.groups(cam, track)
    members = sum(len(group["members"]) for group in groups)
    return {"reason": "", "cases": len(driven), "grouped": members, "groups": groups}


def _untested(records: pd.DataFrame, driven: pd.DataFrame, pool: BackgroundPool | None) -> str:
    """Say why nothing is tried; "" where something is."""
    if pool is None:
        return "interventions are off"
    if not (records["causal_reason"] == "").any():
        return "no image has a usable mask"
    if not len(pool.names):
        return "no other background to try"
    return "" if len(driven) else "the background decides no answer"


def _scenes(
    maps: Iterable[Maps], cases: set[str], foregrounds: dict[str, int]
) -> tuple[dict[str, NDArray[np.uint8]], list[_Foreground]]:
    """Backgrounds of the cases, and foregrounds of other images, each without the other."""
    backgrounds, cut_out = {}, []
    for m in maps:
        if m.name not in cases and m.name not in foregrounds:
            continue
        parts, _ = make.split_foreground(m.image, m.trimap)
        if parts is None:
            continue
        if m.name in cases:
            backgrounds[m.name] = np.rint(parts.removed).astype(np.uint8)
        else:
            cut_out.append(_Foreground(m.name, foregrounds[m.name], m.image, parts.opacity))
    return backgrounds, cut_out


class _Trial:
    """Backgrounds, foregrounds and the model that is shown both together."""

    def __init__(
        self,
        classifier: Differentiable,
        pool: BackgroundPool,
        foregrounds: Sequence[_Foreground],
        backgrounds: dict[str, NDArray[np.uint8]],
        suspected: dict[str, int],
        seed: int,
    ) -> None:
        self._classifier = classifier
        self._pool = pool
        self._foregrounds = foregrounds
        self._backgrounds = backgrounds
        self._suspected = suspected
        self._seed = seed
        self._random = pool.others("", set(), RANDOM)

    def groups(self, cam: str, track: Track) -> list[dict[str, Any]]:
        """Return every group with its effect, the first to mend first."""
        found = list(self._grouped(cam))
        effects = [
            (target, members, self._effect(target, members[:TRIED]))
            for target, members in track(found, "shortcuts", len(found))
        ]
        corrected = holm([effect.p for _, _, effect in effects])
        told = [
            self._entry(*each, p, score.proven(each[2], p))
            for each, p in zip(effects, corrected, strict=True)
        ]
        keys = [(g["proven"], len(g["members"]), g["rise"]["value"]) for g in told]
        return [told[index] for index in score.ranked(keys)]

    def _grouped(self, cam: str) -> Iterator[tuple[int, list[str]]]:
        """Yield the groups of every suspected class that has cases enough."""
        random = self._pool.backgrounds[self._random]
        of_random = list(self._features(random))
        usual = np.mean([f.mean(axis=(0, 1)) for f in of_random], axis=0)
        explain = grad_cam(self._classifier, cam)
        for target in sorted({self._suspected[name] for name in self._backgrounds}):
            names = [name for name in self._backgrounds if self._suspected[name] == target]
            if len(names) < score.LEAST:
                continue
            own = np.stack([self._backgrounds[name] for name in names])
            images = np.concatenate([own, random])
            targets = np.full(len(images), target, np.int64)
            heatmaps = explain(images.astype(np.float32), targets).heatmaps
            features = np.stack([*self._features(own), *of_random])
            points = score.described(features, heatmaps, usual)
            for rows in score.grouped(points[: len(names)], points[len(names) :]):
                yield target, sorted((names[i] for i in rows), key=seed_of)

    def _features(self, images: NDArray[np.uint8]) -> Iterator[NDArray[np.float32]]:
        return features_of(self._classifier, images)

    @cached_property
    def _usual(self) -> Logits:
        """Logits ``(random, foregrounds, classes)`` of every foreground on random backgrounds."""
        return self._under(self._pool.backgrounds[self._random])

    def _effect(self, target: int, members: Sequence[str]) -> score.Effect:
        """Measure a group's backgrounds beside random ones, under foregrounds of other classes."""
        others, kept = self._others(target), self._kept(target, members)
        shown = self._under(np.stack([self._backgrounds[name] for name in members]))
        return score.effect(shown[:, others], self._usual[kept][:, others], target, self._seed)

    def _others(self, target: int) -> list[int]:
        """Return foregrounds of other classes."""
        return [k for k, foreground in enumerate(self._foregrounds) if foreground.label != target]

    def _kept(self, target: int, members: Sequence[str]) -> list[int]:
        """Return random backgrounds of other classes that are none of the group's own."""
        return [
            k
            for k, donor in enumerate(self._random)
            if self._pool.labels[donor] != target and self._pool.names[donor] not in members
        ]

    def _under(self, backgrounds: NDArray[np.uint8]) -> Logits:
        """Return logits ``(n, foregrounds, classes)`` of every foreground on every background."""
        pasted = (foreground.on(b) for b in backgrounds for foreground in self._foregrounds)
        logits = list(self._logits(pasted))
        shape = (len(backgrounds), len(self._foregrounds), self._classifier.classes)
        return np.array(logits, np.float32).reshape(shape)

    def _logits(self, images: Iterable[Image]) -> Iterator[Logits]:
        return logits_of(self._classifier, images)

    def _entry(
        self, target: int, members: Sequence[str], found: score.Effect, p: float, proven: bool
    ) -> dict[str, Any]:
        """Return what is written of a group; its strongest backgrounds first."""
        strength = dict(zip(members, found.rises, strict=False))
        best_first = sorted(members, key=lambda name: -strength.get(name, -np.inf))
        return asdict(found) | {
            "target": target,
            "members": best_first,
            "rises": [strength[name] for name in best_first if name in strength],
            "corrected": p,
            "proven": proven,
            "exemplars": [
                self._exemplar(target, name, members) for name in best_first[:EXEMPLARS] if proven
            ],
        }

    def _exemplar(self, target: int, name: str, members: Sequence[str]) -> dict[str, Any]:
        """Return the foreground that a background turns most, and the window that does it."""
        background, others = self._backgrounds[name], self._others(target)
        logits = np.stack(list(self._logits(self._foregrounds[k].on(background) for k in others)))
        reached = log_odds(logits, target)
        best = int(reached.argmax())
        (said,) = answers(logits[best : best + 1])
        foreground, usual = (
            self._foregrounds[others[best]],
            self._usual[self._kept(target, members)],
        )
        window, lost = self._window(foreground, background, target, float(reached[best]))
        return {
            "name": name,
            "foreground": foreground.name,
            "answer": said.prediction,
            "confidence": said.confidence,
            "gained": float(reached[best] - log_odds(usual[:, others[best]], target).mean()),
            "lost": lost,
            "window": _box(window),
            "place": place_of(window),
        }

    def _window(
        self, foreground: _Foreground, background: NDArray[np.uint8], target: int, before: float
    ) -> tuple[NDArray[np.bool_], float]:
        """Return the window of the background whose filling costs most log-odds, and how many."""
        allowed, picture = foreground.opacity < 0.5, foreground.on(background)
        most = GRIDS[-1] ** 2
        windows = [w for across in GRIDS for w in make.windows(allowed, across, most)]
        logits = np.stack(list(self._logits(make.fill(picture, window) for window in windows)))
        lost = before - log_odds(logits, target)
        return windows[int(lost.argmax())], float(lost.max())


def _box(window: NDArray[np.bool_]) -> list[float]:
    """Return the top, left, bottom and right of a window, in shares of the image."""
    rows, columns = (np.flatnonzero(window.any(axis=axis)) for axis in (1, 0))
    ends = (rows[0], columns[0], rows[-1] + 1, columns[-1] + 1)
    sides = window.shape * 2
    return [float(end / side) for end, side in zip(ends, sides, strict=True)]
