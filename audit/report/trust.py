"""What the checks of the explainers say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from audit.errors import RunFolderError
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
class Trust:
    """Checks on a sample of images."""

    images: int
    sanity: list[Sanity]
    areas: list[Area]
    curves: list[charts.Chart]


def trust(source: Source) -> Trust | None:
    """The checks, or None where a run has none."""
    found = source.run.trust()
    try:
        return _told(found, source) if found else None
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        file, reason = source.run.trust_file, f"{type(error).__name__}: {error}"
        raise RunFolderError(f"{file} is of another shape ({reason}): sweep again.") from None


def _told(found: dict[str, Any], source: Source) -> Trust:
    titles = {**source.titles, **_BASELINES}
    sanity = [
        Sanity(source.titles[name], _mean(values["rank"], source), _mean(values["ssim"], source))
        for name, values in found["randomised"].items()
    ]
    areas = [_area(titles[name], found, name, source) for name in found["deletion"]]
    curves = [
        charts.perturbation(
            found["fractions"],
            {titles[name]: np.mean(rows, axis=0).tolist() for name, rows in found[kind].items()},
            kind,
        )
        for kind in _KINDS
    ]
    return Trust(found["images"], sanity, areas, curves)


def _area(title: str, found: dict[str, Any], name: str, source: Source) -> Area:
    deletion, insertion = (_of_images(found, kind, name) for kind in _KINDS)
    by_chance = [_of_images(found, kind, "random") for kind in _KINDS]
    gains = by_chance[0] - deletion, insertion - by_chance[1]
    told = (_mean(v.tolist(), source) for v in (deletion, insertion, *gains))
    return Area(title, *told)


def _of_images(found: dict[str, Any], kind: str, name: str) -> NDArray[np.float64]:
    """Area under each image's curve."""
    return np.asarray(np.trapezoid(np.asarray(found[kind][name]), found["fractions"], axis=1))


def _mean(values: list[float], source: Source) -> Estimate:
    return mean(pd.Series(values, dtype=float), source.seed)
