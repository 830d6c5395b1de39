"""Checks of the explainers, as the report shows them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from audit.checks.explainer_sanity.outputs import FILE
from audit.checks.selftest.planted import planted
from audit.core.errors import RunFolderError
from audit.core.estimate import Estimate, mean
from audit.report import charts
from audit.report.source import Source

_KINDS = ("deletion", "insertion")
_BASELINES = {"random": "Random", "centre": "Centre Gaussian"}


@dataclass(frozen=True)
class Sanity:
    """Likeness of an explainer's heatmaps to those of a model that learnt nothing."""

    title: str
    rank: Estimate
    ssim: Estimate


@dataclass(frozen=True)
class Area:
    """Mean area under the deletion and the insertion curve of one explainer.

    Attributes
    ----------
    deletion_gain, insertion_gain : Estimate
        By how much the area is better than that of random pixels, image by image; above 0 is
        better.
    """

    title: str
    deletion: Estimate
    insertion: Estimate
    deletion_gain: Estimate
    insertion_gain: Estimate


@dataclass(frozen=True)
class ExplainerSanity:
    """Checks on a sample of images.

    Attributes
    ----------
    costs : Chart or None
        Cost against quality, where optional explainers were asked for.
    """

    images: int
    sanity: list[Sanity]
    areas: list[Area]
    curves: list[charts.Chart]
    costs: charts.Chart | None


def explainer_sanity(source: Source) -> ExplainerSanity | None:
    """Return the checks, or None where a run has none."""
    found = source.output(FILE)
    try:
        return _summary(found, source) if found else None
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        file, reason = FILE.file(source.run), f"{type(error).__name__}: {error}"
        raise RunFolderError(f"{file} is of another shape ({reason}): sweep again.") from None


def _summary(found: dict[str, Any], source: Source) -> ExplainerSanity:
    titles = {**source.titles, **_BASELINES}
    sanity = [
        Sanity(source.titles[name], _mean(values["rank"], source), _mean(values["ssim"], source))
        for name, values in found["randomised"].items()
    ]
    areas = [_area(titles[name], found, name, source) for name in found["deletion"]]
    curves = [
        charts.perturbation(
            found["fractions"],
            {titles[name]: np.nanmean(rows, axis=0).tolist() for name, rows in found[kind].items()},
            kind,
        )
        for kind in _KINDS
    ]
    seconds = {titles[name]: spent for name, spent in found.get("seconds", {}).items()}
    costs = charts.costs(seconds, _qualities(found, source)) if seconds else None
    return ExplainerSanity(int(found["images"]), sanity, areas, curves, costs)


def _qualities(found: dict[str, Any], source: Source) -> dict[str, dict[str, Estimate]]:
    """Estimate what explainers gain on random pixels and find, on images that all were tried on."""
    names = list(found["seconds"])
    tried = np.all([np.isfinite(_of_images(found, "deletion", name)) for name in names], axis=0)
    both = [_of_images(found, kind, "random") for kind in _KINDS]
    qualities = {}
    for kind, by_chance, sign in zip(_KINDS, both, (1, -1), strict=True):
        gains = {n: sign * (by_chance - _of_images(found, kind, n))[tried] for n in names}
        qualities[f"gain in area,\n{kind}"] = {
            source.titles[n]: _mean(gain.tolist(), source) for n, gain in gains.items()
        }
    defined = source.records.dropna(subset=[f"{name}_skill" for name in names])
    known = planted(replace(source, records=defined))
    areas = {s.title: s.auroc for s in known.signals} if known else {}
    skills = {t: areas[f"{t} skill"] for t in source.titles.values() if known}
    defined_at_all = any(not np.isnan(area.value) for area in skills.values())
    return qualities | ({"AUROC of skill,\nplanted": skills} if defined_at_all else {})


def _area(title: str, found: dict[str, Any], name: str, source: Source) -> Area:
    deletion, insertion = (_of_images(found, kind, name) for kind in _KINDS)
    by_chance = [_of_images(found, kind, "random") for kind in _KINDS]
    gains = by_chance[0] - deletion, insertion - by_chance[1]
    told = (_mean(v.tolist(), source) for v in (deletion, insertion, *gains))
    return Area(title, *told)


def _of_images(found: dict[str, Any], kind: str, name: str) -> NDArray[np.float64]:
    """Return the area under each image's curve."""
    return np.asarray(np.trapezoid(np.asarray(found[kind][name]), found["fractions"], axis=1))


def _mean(values: list[float], source: Source) -> Estimate:
    return mean(pd.Series(values, dtype=float), source.seed)
