"""Accuracy of every class against one limit, so that many classes do not fail by chance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from audit.core.estimate import Estimate, share_at
from audit.core.wording import verb
from audit.gate.bounds import Standing, shared_level, standing
from audit.gate.limits import as_given
from audit.report.classes import by_label
from audit.report.source import Source
from audit.report.templating import percent, plain

NAMED = 5  # classes that a line names


@dataclass(frozen=True)
class ClassRate:
    """Accuracy of one class; its interval holds together with those of all others.

    Attributes
    ----------
    index : int
    name : str
        As given: not to be trusted in markup.
    """

    index: int
    name: str
    estimate: Estimate

    def standing(self, limit: float) -> Standing:
        """Return its standing to the lowest accuracy allowed; undefined without test images."""
        e = self.estimate
        return standing(e.value, e.low, e.high, limit, "at least")


def class_rates(source: Source, level: float) -> list[ClassRate]:
    """Return all classes, lowest accuracy first, those without test images last."""
    images = by_label(source.predictions.drop(columns="name"))
    each = shared_level(max(1, source.predictions["label"].nunique()), level)
    rates = [ClassRate(i, name, _accuracy(images(i), each)) for i, name in source.labels.items()]
    return sorted(rates, key=lambda r: (not r.estimate.n, r.estimate.value, -r.estimate.n))


def _accuracy(images: pd.DataFrame, level: float) -> Estimate:
    return share_at(images["label"] == images["prediction"], images, level)


def worst_standing(rates: Sequence[ClassRate], limit: float) -> Standing:
    """Return the worst standing of all classes; undefined where there are none."""
    found = {rate.standing(limit) for rate in rates}
    order: tuple[Standing, ...] = ("broken", "undefined", "doubtful", "holds")
    return next((s for s in order if s in found), "undefined")


def class_words(rates: Sequence[ClassRate], limit: float, level: float) -> str:
    """Say in one line which classes are below the limit or cannot be judged, else the lowest."""
    broken = [r for r in rates if r.standing(limit) == "broken"]
    empty = [r for r in rates if not r.estimate.n]
    beyond = f"below the limit of {as_given(limit)} beyond doubt"
    said = []
    if broken:
        said.append(f"{_of(broken, rates)} {beyond}: {_named(broken)}")
    if empty:
        said.append(f"{_of(empty, rates)} not to be judged, with no test image: {_named(empty)}")
    if not said:
        said.append(
            f"none of {len(rates)} classes is {beyond}, the lowest are {_named(rates[:NAMED])}"
        )
    return f"{'; '.join(said)} (each interval at {percent(level, 2)}, so that all hold at 95%)"


def _of(some: Sequence[ClassRate], rates: Sequence[ClassRate]) -> str:
    return f"{len(some)} of {len(rates)} classes {verb(len(some), 'is', 'are')}"


def _named(rates: Sequence[ClassRate]) -> str:
    said = [_one(rate) for rate in rates[:NAMED]]
    more = len(rates) - NAMED
    return ", ".join(said) + (f" and {more} more" if more > 0 else "")


def _one(rate: ClassRate) -> str:
    e = rate.estimate
    interval = f"{percent(e.low)} to {percent(e.high)}, n = {e.n:,}"
    return f"{plain(rate.name)} {percent(e.value)} ({interval})" if e.n else plain(rate.name)
