"""Effects of corruptions on answers and on heatmaps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from audit.checks.robustness.corruptions import CORRUPTIONS, SEVERITIES, Corruption
from audit.checks.robustness.outputs import PICTURE, robustness_table
from audit.core.estimate import Estimate, as_json, mean, rate
from audit.report import charts
from audit.report.source import Source
from audit.report.unavailable import Unavailable, explainers

# What to make of a model that suffers most from a group of corruptions.
MEANINGS = {
    "light": "Expect more errors where light and colour are not as in this data: other cameras, "
    "hours and weather.",
    "detail": "Expect more errors where fine detail is lost: small, blurred, noisy or strongly "
    "compressed photographs.",
    "geometry": "Expect more errors where size, place or pose are not as in this data: subjects "
    "taken from nearer, off the middle or askew.",
    "parts": "Expect more errors where a leaf or a finger hides part of the subject.",
}


_UNKNOWN = {"images": 0, "pictured": "", "ig_images": 0, "ig_severity": 0, "ig_steps": 0}


@dataclass(frozen=True)
class Level:
    """One corruption at one severity.

    Attributes
    ----------
    accuracy : Estimate
        Rate, with its Wilson interval.
    held : Estimate
        Share of the answers that are those to the clean images.
    rank, mass : Estimate
        Of Grad-CAM where the answer held: rank correlation, and change of mass on the subject.
    """

    severity: int
    amount: str
    accuracy: Estimate
    held: Estimate
    rank: Estimate
    mass: Estimate


@dataclass(frozen=True)
class Row:
    """One corruption.

    Attributes
    ----------
    error : Estimate
        Mean error rate over severities; bootstrap over images.
    cost : Estimate
        The same less the error on the clean images.
    rank, mass, ig_rank, ig_mass : Estimate
        Of each image's mean over severities; of Integrated Gradients at one severity.
    changed : list of int
        Severities at which the pictured image's answer is another.
    """

    key: str
    kind: Corruption
    levels: list[Level]
    error: Estimate
    cost: Estimate
    rank: Estimate
    mass: Estimate
    ig_rank: Estimate
    ig_mass: Estimate
    changed: list[int]
    chart: charts.Chart


@dataclass(frozen=True)
class Robustness:
    """Effects of corruptions, on a sample of test images.

    Attributes
    ----------
    clean : Estimate
        Accuracy on the same images without corruption.
    error : Estimate
        Mean corruption error: mean error rate over corruptions and severities.
    cost : Estimate
        The same less the error on the clean images.
    facts : dict
        How it was measured, as the manifest has it.
    lacking : list of Unavailable
        Explainers whose heatmaps were not compared, as the model lacks what they need.
    pictured : bool
        Whether there is a sheet of one image through all corruptions.
    """

    images: int
    clean: Estimate
    error: Estimate
    cost: Estimate
    rows: list[Row]
    facts: dict[str, Any]
    lacking: list[Unavailable]
    pictured: bool

    @property
    def worst(self) -> list[Row]:
        """Rows, the costliest first."""
        return sorted(self.rows, key=lambda row: -row.error.value)

    @property
    def least_stable(self) -> Row | None:
        """Row where Grad-CAM's order of pixels changes most, of the defined."""
        defined = [row for row in self.rows if row.rank.n]
        return min(defined, key=lambda row: row.rank.value) if defined else None

    @property
    def meaning(self) -> str:
        """Meaning of the costliest corruption for the model, in words."""
        return MEANINGS[self.worst[0].kind.group]


def robustness(source: Source) -> Robustness | None:
    """Return what the run's corruptions did, or None where none were tried."""
    table = robustness_table(source.run)
    if table is None:
        return None
    table = table.assign(wrong=~table["correct"].astype(bool)).set_index("name")
    clean = table[table["severity"] == 0]
    tried = table[table["severity"] > 0]
    facts = _UNKNOWN | source.section("robustness")
    rows = [
        _row(key, tried[tried["corruption"] == key], clean, source, facts.get("pictured"))
        for key in CORRUPTIONS
    ]
    errors = _errors(tried, clean, source)
    pictured = PICTURE.file(source.run).is_file()
    lacking = explainers(source)
    return Robustness(len(clean), _accuracy(clean), *errors, rows, facts, lacking, pictured)


def _row(
    key: str, tried: pd.DataFrame, clean: pd.DataFrame, source: Source, pictured: object
) -> Row:
    kind = CORRUPTIONS[key]
    levels = [_level(kind, s, tried[tried["severity"] == s], source) for s in SEVERITIES]
    shown = tried[tried.index == pictured]
    columns = ("gradcam_rank", "gradcam_mass_change", "ig_rank", "ig_mass_change")
    rank, mass, ig_rank, ig_mass = (_of_images(tried[column], source) for column in columns)
    error, cost = _errors(tried, clean, source)
    return Row(
        key=key,
        kind=kind,
        levels=levels,
        error=error,
        cost=cost,
        rank=rank,
        mass=mass,
        ig_rank=ig_rank,
        ig_mass=ig_mass,
        changed=shown.loc[~shown["holds"].astype(bool), "severity"].tolist(),
        chart=charts.severities(
            kind.title,
            _accuracy(clean),
            [level.accuracy for level in levels],
            {
                title: [level.rank for level in levels]
                for key, title in source.judged.items()
                if key == "gradcam"
            },
        ),
    )


def _level(kind: Corruption, severity: int, tried: pd.DataFrame, source: Source) -> Level:
    return Level(
        severity=severity,
        amount=_amount(kind.amounts[severity - 1]),
        accuracy=_accuracy(tried),
        held=rate(int(tried["holds"].sum()), len(tried)),
        rank=mean(tried["gradcam_rank"], source.seed),
        mass=mean(tried["gradcam_mass_change"], source.seed),
    )


def _amount(amount: float | Sequence[float]) -> str:
    return " and ".join(f"{a:g}" for a in (amount if isinstance(amount, tuple) else (amount,)))


def _accuracy(rows: pd.DataFrame) -> Estimate:
    return rate(int(rows["correct"].sum()), len(rows))


def _errors(tried: pd.DataFrame, clean: pd.DataFrame, source: Source) -> tuple[Estimate, Estimate]:
    """Return the mean error and its excess over clean images; versions of one image go together."""
    errors = _by_image(tried["wrong"].astype(float))
    return mean(errors, source.seed), mean(errors - clean["wrong"], source.seed)


def _of_images(values: pd.Series, source: Source) -> Estimate:
    return mean(_by_image(values), source.seed)


def _by_image(values: pd.Series) -> pd.Series:
    """Return each image's mean of what is defined; NaN where nothing is."""
    return values.groupby(level=0, sort=False).mean()


def summary_part(found: Robustness) -> dict[str, Any]:
    """Give its part of summary.json."""
    return {
        "images": found.images,
        "not_compared": {each.key: each.why for each in found.lacking},
        "clean_accuracy": as_json(found.clean),
        "mean_corruption_error": as_json(found.error),
        "corruptions": {
            row.key: {
                "accuracy": [as_json(level.accuracy) for level in row.levels],
                "mean_error": as_json(row.error),
                "gradcam_rank_correlation": as_json(row.rank),
                "gradcam_mass_change": as_json(row.mass),
            }
            for row in found.rows
        },
    }
