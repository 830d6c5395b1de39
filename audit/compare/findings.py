"""Figures of two runs side by side: the paired difference, its interval, and what it says."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pandas as pd

from audit.checks.base import Compared
from audit.compare.columns import PROPORTIONS, Estimator, accused, columns
from audit.compare.pairing import Pair
from audit.core.estimate import OURS, Estimate, Metric, clusters_in, mean, share, share_change
from audit.core.paired import Difference, McNemar, Says, difference_of_means, mcnemar
from audit.report import figures as f

LEVEL = 0.05

WRONG_BOTH = Metric(
    key="wrong_reasons_both_right",
    title="Wrong reasons, where both are right",
    description=(
        "Of the images that both models name rightly: like with like, whatever else each gets "
        "right."
    ),
    formula="images with the verdict wrong reasons / images right, tested and judged in both",
    direction="lower is better",
    paper=OURS,
)


@dataclass(frozen=True)
class PairFinding:
    """One figure in A and in B.

    Attributes
    ----------
    a, b : Estimate
        Each over the images that count in it.
    n : int
        Images that count in A or in B: the difference rests on them.
    mcnemar : McNemar or None
        For proportions of the very same images.
    """

    metric: Metric
    a: Estimate
    b: Estimate
    difference: Difference
    n: int
    mcnemar: McNemar | None

    @property
    def settled(self) -> bool:
        """True where the interval leaves out no difference, and McNemar's test agrees."""
        interval = self.difference.low > 0 or self.difference.high < 0
        return interval and (self.mcnemar is None or self.mcnemar.mid_p < LEVEL)

    @property
    def says(self) -> Says:
        """Standing of B against A: better, worse, alike (not shown to differ), unknown."""
        if math.isnan(self.difference.value):
            return "unknown"
        if not self.settled:
            return "alike"
        return "better" if self._gain > 0 else "worse"

    def words(self, a: str, b: str) -> str:
        """Return the finding as a sentence without full stop; ``a`` and ``b`` are the letters."""
        d = self.difference
        if self.says == "unknown":
            empty = [letter for letter, e in ((a, self.a), (b, self.b)) if not e.n]
            return f"not to be compared: no image counts in {' or '.join(empty)}"
        tested = self._test_words(a, b)
        if self.says != "alike":
            low, high = sorted((abs(d.low), abs(d.high)))
            bounds = f"{self._amount(low)} to {self._amount(high)}"
            return (
                f"{b} is {self.says} by {self._amount(abs(d.value))}{self._unit} ({bounds}){tested}"
            )
        return f"no difference shown: {self._with_bounds(d.reason)}{tested}"

    @property
    def change(self) -> str:
        """The difference in a few words: ``+1.2 points (+0.3 to +2.1)``."""
        return "not comparable" if self.says == "unknown" else self._with_bounds()

    def bar(self, reach: float) -> tuple[float, float, float] | None:
        """Return the low end, middle and high end of the interval on 0..100, better to the right.

        ``reach`` is the difference that 0 and 100 stand for; None where there is no interval.
        """
        d = self.difference
        if math.isnan(d.low):
            return None
        sign = self._better_sign
        low, middle, high = (
            round(50 + 50 * sign * value / reach, 2) for value in (d.low, d.value, d.high)
        )
        return min(low, high), middle, max(low, high)

    def _with_bounds(self, reason: str = "") -> str:
        """Return the difference with its interval; ``reason``: why there may be none."""
        d = self.difference
        bounds = f"{self._signed(d.low)} to {self._signed(d.high)}"
        if math.isnan(d.low):
            bounds = f"no interval: {reason}" if reason else "no interval"
        return f"{self._signed(d.value)}{self._unit} ({bounds})"

    @property
    def _better_sign(self) -> int:
        return 1 if self.metric.direction.startswith("higher") else -1

    @property
    def _gain(self) -> float:
        return self._better_sign * self.difference.value

    @property
    def _unit(self) -> str:
        return " points" if self.metric.style == "percent" else ""

    def _amount(self, value: float) -> str:
        scale = 100 if self.metric.style == "percent" else 1
        return f"{scale * value:.{self._digits}f}"

    @property
    def _digits(self) -> int:
        """Digits of the figure itself; more where a bound that is not 0 would read as 0."""
        digits = {"percent": 1, "decimal": 3}.get(self.metric.style, 2)
        scale = 100 if self.metric.style == "percent" else 1
        nearest = scale * min(abs(self.difference.low), abs(self.difference.high))
        while self.settled and digits < 4 and round(nearest, digits) == 0:
            digits += 1
        return digits

    def _signed(self, value: float) -> str:
        text = self._amount(abs(value))
        sign = "" if float(text) == 0 else "+" if value > 0 else "\u2212"
        return f"{sign}{text}"

    def _test_words(self, a: str, b: str) -> str:
        test = self.mcnemar
        if test is None:
            return ""
        accuracy = self.metric.key == f.ACCURACY.key
        gained, lost = ("gained", "lost") if accuracy else (f"in {b} alone", f"in {a} alone")
        images = "image" if test.gained == 1 else "images"
        counts = f"{test.gained:,} {images} {gained}, {test.lost:,} {lost}"
        return f", McNemar {p_words(test.mid_p)}, {counts}"


def p_words(p: float) -> str:
    """Return a p-value to two digits: "p = 0.012", "p < 0.001"."""
    if math.isnan(p):
        return "p undefined"
    return "p < 0.001" if p < 0.001 else f"p = {p:.2g}"


def findings(pair: Pair, compared: Iterable[Compared | None] = ()) -> list[PairFinding]:
    """Return every figure of both runs, in the order of the report's headline table."""
    return list(_findings(pair, compared))


def _findings(pair: Pair, compared: Iterable[Compared | None]) -> Iterator[PairFinding]:
    for metric in (f.named(each, pair.a.source) for each in f.metrics(pair.titles)):
        if metric.key in PROPORTIONS or metric.key in columns():
            yield finding(pair, metric)
        if metric.key == f.WRONG_REASONS.key:
            yield finding(pair, WRONG_BOTH)
    for found in compared:
        if found is not None:
            metric = f.named(found.metric, pair.a.source)
            yield _mean(pair, metric, found.a, found.b, mean)


def finding(pair: Pair, metric: Metric) -> PairFinding:
    """One figure of both runs: of `PROPORTIONS`, `columns`, or `WRONG_BOTH`."""
    a, b = pair.a.source, pair.b.source
    proportions = PROPORTIONS | {WRONG_BOTH.key: accused}
    if metric.key in proportions:
        return _proportion(pair, metric, *(proportions[metric.key](s) for s in (a, b)))
    column, estimate = columns()[metric.key]
    return _mean(pair, metric, column(a), column(b), estimate)


def _proportion(pair: Pair, metric: Metric, a: pd.Series, b: pd.Series) -> PairFinding:
    """Compare shares of the images that count in both runs."""
    both = a.notna() & b.notna()
    table = pair.images(a)[both.to_numpy()]
    first, second = (s[both].astype(bool) for s in (a, b))
    return PairFinding(
        metric=metric,
        a=share(first, table),
        b=share(second, table),
        difference=share_change(first, second, table),
        n=int(both.sum()),
        mcnemar=mcnemar(first, second),
    )


def _mean(
    pair: Pair,
    metric: Metric,
    a: pd.Series,
    b: pd.Series,
    estimate: Estimator,
) -> PairFinding:
    """Compare means over the images that count in each run."""
    table, seed = pair.images(a), pair.seed
    clusters = clusters_in(table)
    return PairFinding(
        metric=metric,
        a=estimate(a, seed, table),
        b=estimate(b, seed, table),
        difference=difference_of_means(a.to_numpy(), b.to_numpy(), seed, clusters=clusters),
        n=int((a.notna() | b.notna()).sum()),
        mcnemar=None,
    )
