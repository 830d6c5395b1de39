"""Gates of a run: which figures have to keep to which limits, and whether they do."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

from audit.checks.registry import every
from audit.checks.verdicts.provable import unprovable
from audit.compare.findings import WRONG_BOTH, finding
from audit.compare.pairing import Pair, entries, pair
from audit.core.estimate import Estimate, Metric, rate
from audit.core.wording import plural, verb
from audit.gate.bounds import Bound, Standing, keeps, shared_level, standing
from audit.gate.classes import ClassRate, class_rates, class_words, worst_standing
from audit.gate.limits import WRONG_REASONS, as_given, digits, reach
from audit.report import figures as f
from audit.report.source import Source, load
from audit.report.templating import count, percent, points
from audit.storage.run import RunFolder

LEVEL = 0.95
COUNTED = "counted"  # method of what is no figure of the model: whether the audit itself is whole


@dataclass(frozen=True)
class Limits:
    """Limits that a run has to keep to: shares, 0..1; None where it is not asked.

    Attributes
    ----------
    no_worse_than : float
        By how much accuracy and wrong reasons may be worse than those of the base run.
    anyway : bool
        Let a run pass whose preflight says that its inputs are read wrongly.
    """

    max_wrong_reasons: float | None = None
    max_suspect: float | None = None
    min_accuracy: float | None = None
    max_bg_gap: float | None = None
    min_class_accuracy: float | None = None
    min_group_accuracy: float | None = None
    no_worse_than: float = 0.0
    anyway: bool = False


@dataclass(frozen=True)
class Outcome:
    """One gate: a figure, its limit, and how it stands to it.

    Attributes
    ----------
    key : str
        As its option, ``max-wrong-reasons``.
    estimate : Estimate
        The figure; against a base run the difference, this run minus the base.
    level : float
        Confidence level of the interval; NaN for what is counted.
    words : str
        In one line, without a full stop and without signs that XML forbids.
    classes : tuple of ClassRate
        Classes that broke the gate, worst first; those without a test image last.
    figure : str
        Key of the headline figure that it is; "" where it is none.
    weakest : Estimate or None
        Of several figures, the one whose interval reaches furthest beyond the limit.
    """

    key: str
    estimate: Estimate
    level: float
    bound: Bound
    limit: float
    standing: Standing
    words: str
    classes: tuple[ClassRate, ...] = ()
    figure: str = ""
    weakest: Estimate | None = None

    @property
    def holds(self) -> bool:
        """True where the gate lets the run pass."""
        return self.standing in ("holds", "doubtful")

    @property
    def shown(self) -> bool:
        """True where the limit is shown to be kept to: by the whole interval."""
        if self.estimate.method == COUNTED:
            return self.standing == "holds"
        e = self.weakest or self.estimate
        return self.standing == "holds" and keeps(e.low, e.high, self.limit, self.bound)


@dataclass(frozen=True)
class GateResult:
    """All gates of a run.

    Attributes
    ----------
    warnings : list of str
        What else differs between the run, B, and its base, A.
    """

    source: Source
    base: Source | None
    outcomes: list[Outcome]
    warnings: list[str]

    @property
    def holds(self) -> bool:
        """True where every gate lets the run pass."""
        return all(o.holds for o in self.outcomes)


def hold_to_limits(run: RunFolder, limits: Limits, base: RunFolder | None = None) -> GateResult:
    """Hold a run against limits, and against a base run where one is given.

    Raises
    ------
    RunFolderError
        A run has no predictions or is torn, or both are not of the same images.
    """
    if base is None:
        source = load(run)
        return GateResult(source, None, list(_own(source, limits)), [])
    first, second = entries([base, run])
    both = pair(first, second)
    outcomes = [
        *_own(second.source, limits),
        _complete("complete-base", first.source),
        *_against(both, limits.no_worse_than),
    ]
    return GateResult(second.source, first.source, outcomes, both.warnings)


def by_default(source: Source, asked: Collection[str]) -> list[Outcome]:
    """Hold a run to what all runs are held to, but for the gates that were asked, by their keys."""
    outcomes = [
        *_own(source, Limits()),
        _wrong_reasons(source, WRONG_REASONS, "the default limit"),
    ]
    return [o for o in outcomes if o.key not in asked]


def _own(source: Source, limits: Limits) -> Iterator[Outcome]:
    yield _complete("complete", source)
    for each in every():
        yield from each.outcomes(source, limits)
    if limits.max_wrong_reasons is not None:
        yield _wrong_reasons(source, limits.max_wrong_reasons)
    if limits.max_suspect is not None:
        none = "no right prediction was judged"
        yield _figure("max-suspect", source, f.SUSPECTS, limits.max_suspect, none)
    if limits.min_accuracy is not None:
        none = "no image was tested"
        yield _figure("min-accuracy", source, f.ACCURACY, limits.min_accuracy, none)
    if limits.max_bg_gap is not None:
        none = "fewer than two images were put on a background of their own class and on others"
        yield _figure("max-bg-gap", source, f.BG_GAP, limits.max_bg_gap, none)
    if limits.min_class_accuracy is not None:
        yield _classes(source, limits.min_class_accuracy)


def _complete(key: str, source: Source) -> Outcome:
    """Check that no record is missing: what is not explained yet may be what is wrong."""
    done = len(source.records)
    n = done + source.missing
    stands: Standing = "undefined" if not n else "broken" if source.missing else "holds"
    words = {
        "undefined": "no image is explained: run flower-audit sweep",
        "broken": f"the sweep is unfinished: {count(source.missing)} of {plural(n, 'image')} "
        f"{verb(source.missing, 'is', 'are')} not explained yet",
        "holds": f"the sweep is finished: {plural(n, 'image')}",
    }
    estimate = Estimate(done / n if n else math.nan, math.nan, math.nan, n, method=COUNTED)
    return Outcome(
        key=key,
        estimate=estimate,
        level=math.nan,
        bound="at least",
        limit=1.0,
        standing=stands,
        words=words[stands],
    )


def _wrong_reasons(source: Source, limit: float, called: str = "the limit") -> Outcome:
    """Hold wrong reasons against a limit; undefined where nothing could have been proven."""
    none = "no right prediction was tested by intervention and judged"
    outcome = _figure("max-wrong-reasons", source, f.WRONG_REASONS, limit, none, called)
    why = unprovable(source)
    if not why or outcome.standing in ("broken", "undefined"):
        return outcome
    words = f"{f.WRONG_REASONS.title} cannot be judged: {why}"
    return replace(outcome, standing="undefined", words=words)


def _figure(
    key: str, source: Source, metric: Metric, limit: float, none: str, called: str = "the limit"
) -> Outcome:
    """Hold a headline figure against a limit; ``none`` says why it may be undefined."""
    found = f.estimate(source, metric)
    bound = _bound(metric)
    stands = standing(found.value, found.low, found.high, limit, bound)
    side, places = "below" if bound == "at least" else "above", digits(found, limit)
    low, high = percent(found.low, places), percent(found.high, places)
    title = f.named(metric, source).title
    shown = f"{title} {percent(found.value, places)} ({low} to {high}, n = {found.n:,}) is"
    beyond = f"{side} {called} of {as_given(limit)}"
    words = {
        "undefined": f"{title} cannot be judged: {none}",
        "holds": f"{shown} not {beyond}{reach(found, limit, bound)}",
        "doubtful": f"{shown} {beyond}, but not beyond doubt",
        "broken": f"{shown} {beyond} beyond doubt",
    }
    return Outcome(
        key=key,
        estimate=found,
        level=LEVEL,
        bound=bound,
        limit=limit,
        standing=stands,
        words=words[stands],
        figure=metric.key,
    )


def _classes(source: Source, limit: float) -> Outcome:
    """Hold every class against a limit, all intervals together at `LEVEL`."""
    rates = class_rates(source, LEVEL)
    tested = [r for r in rates if r.estimate.n]
    level = shared_level(max(1, len(tested)), LEVEL)
    found = tested[0].estimate if tested else rate(0, 0)
    stands = worst_standing(rates, limit)
    words = class_words(rates, limit, level)
    failed = tuple(r for r in rates if r.standing(limit) in ("broken", "undefined"))
    return Outcome(
        key="min-class-accuracy",
        estimate=found,
        level=level,
        bound="at least",
        limit=limit,
        standing=stands,
        words=words,
        classes=failed,
        weakest=min((r.estimate for r in tested), key=lambda e: e.low, default=None),
    )


def _against(both: Pair, margin: float) -> Iterator[Outcome]:
    none = "no test image is shared"
    yield _difference("accuracy-against-base", both, f.ACCURACY, margin, none)
    metric = f.WRONG_REASONS
    # Resampling says nothing where all values are alike; the very same images still do.
    if math.isnan(finding(both, metric).difference.low):
        metric = WRONG_BOTH
    none = "no image is right, tested by intervention and judged in both runs"
    yield _difference("wrong-reasons-against-base", both, metric, margin, none)


def _difference(key: str, both: Pair, metric: Metric, margin: float, none: str) -> Outcome:
    """Hold this run minus the base against a margin; ``none`` says why it may be undefined."""
    found = finding(both, metric)
    d, bound = found.difference, _bound(metric)
    limit = -margin if bound == "at least" else margin
    estimate = Estimate(d.value, d.low, d.high, found.n, method="paired")
    stands = standing(d.value, d.low, d.high, limit, bound)
    places = digits(estimate, limit)
    value, low, high = (points(v, places) for v in (d.value, d.low, d.high))
    shown = (
        f"{metric.title} {percent(found.a.value)} in the base run, {percent(found.b.value)} here: "
        f"{value} points ({low} to {high}, n = {found.n:,}) is"
    )
    worse = f"worse by more than the margin of {as_given(margin)}" if margin else "worse"
    words = {
        "undefined": f"{metric.title} cannot be compared: {none}",
        "holds": f"{shown} not {worse}{reach(estimate, limit, bound)}",
        "doubtful": f"{shown} {worse}, but not beyond doubt",
        "broken": f"{shown} {worse} beyond doubt",
    }
    return Outcome(
        key=key,
        estimate=estimate,
        level=LEVEL,
        bound=bound,
        limit=limit,
        standing=stands,
        words=words[stands],
    )


def _bound(metric: Metric) -> Bound:
    return "at least" if metric.direction.startswith("higher") else "at most"
