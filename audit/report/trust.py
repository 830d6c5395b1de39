"""What the checks of the explainers say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from audit.report import charts
from audit.report.figures import Estimate, mean
from audit.report.source import Source

_KINDS = ("deletion", "insertion")
_BASELINES = {"random": "Random", "centre": "Centre Gaussian"}


@dataclass(frozen=True)
class Sanity:
    """How alike an explainer's heatmaps are to those of a model that learnt nothing."""

    title: str
    rank: Estimate
    ssim: Estimate


@dataclass(frozen=True)
class Area:
    """Mean area under the deletion and the insertion curve of one explainer."""

    title: str
    deletion: Estimate
    insertion: Estimate


@dataclass(frozen=True)
class Trust:
    """Checks on a sample of images."""

    images: int
    sanity: list[Sanity]
    areas: list[Area]
    curves: list[charts.Chart]


def trust(source: Source) -> Trust | None:
    """The checks, or None where a run has none."""
    found = source.run.trust()
    if not found:
        return None
    titles = {**source.titles, **_BASELINES}
    sanity = [
        Sanity(source.titles[name], _mean(values["rank"], source), _mean(values["ssim"], source))
        for name, values in found["randomised"].items()
    ]
    areas = [
        Area(
            titles[name], *(_area(found, kind, name, source) for kind in ("deletion", "insertion"))
        )
        for name in found["deletion"]
    ]
    curves = [
        charts.perturbation(
            found["fractions"],
            {titles[name]: np.mean(rows, axis=0).tolist() for name, rows in found[kind].items()},
            kind,
        )
        for kind in _KINDS
    ]
    return Trust(found["images"], sanity, areas, curves)


def _area(found: dict[str, Any], kind: str, name: str, source: Source) -> Estimate:
    rows = np.asarray(found[kind][name])
    return _mean(np.trapezoid(rows, found["fractions"], axis=1).tolist(), source)


def _mean(values: list[float], source: Source) -> Estimate:
    return mean(pd.Series(values, dtype=float), source.seed)
