"""Everything that the report says, computed once and handed to every page."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import wraps
from itertools import combinations
from typing import Any, TypeVar

from audit.checks.registry import every
from audit.core.estimate import Figure
from audit.report import charts
from audit.report.against import Against
from audit.report.cases import Case, galleries
from audit.report.classes import ClassRow, class_rows
from audit.report.figures import (
    ACCURACY,
    estimate,
    headline,
    metrics,
    not_available,
    of_checks,
)
from audit.report.notes import Notes, notes
from audit.report.source import Source
from audit.report.sweeps import threshold_sweeps
from audit.report.unavailable import Unavailable, is_unavailable, unavailable
from audit.report.verdicts import VerdictRow, verdict_rows
from audit.verdict.verdict import Verdict

R = TypeVar("R")
_CLASS_CASES = 12
_WORST = (
    Verdict.WRONG_REASONS,
    Verdict.SUSPECT,
    Verdict.DISTRACTED,
    Verdict.MISREAD,
    Verdict.UNDECIDED,
    Verdict.RIGHT_REASONS,
)


@dataclass(frozen=True)
class Content:
    """The figures, tables, charts and cases of one report.

    Attributes
    ----------
    checks : dict
        By key, what each check gathered; None where the run has nothing of it.
    against : Against or None
        The last release, where the report was asked to set it beside.
    kept : dict
        What was computed of it by functions that are computed `once`.
    """

    source: Source
    figures: dict[str, Figure]
    verdicts: list[VerdictRow]
    notes: Notes
    classes: list[ClassRow]
    by_hand: dict[str, Figure]
    sweeps: list[charts.Chart]
    agreement: list[charts.Chart]
    checks: dict[str, Any]
    mass_charts: list[tuple[str, charts.Chart]]
    curves: list[charts.Chart]
    galleries: dict[str, list[Case]]
    maps_bytes: int
    against: Against | None = None
    kept: dict[Any, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def unavailable(self) -> list[Unavailable]:
        """What the run does not tell: its model, or images of several labels, do not allow it."""
        return unavailable(self.source)

    @property
    def available(self) -> list[Figure]:
        """Headline figures but those of checks that are not available."""
        lacking = {metric.key for metric in not_available(self.source)}
        return [figure for key, figure in self.figures.items() if key not in lacking]

    def strongest(self, most: int) -> list[Case]:
        """Return the right predictions that accuse the model most."""
        return [c for key in _WORST[:2] for c in self.galleries.get(key, [])][:most]

    def worst_first(self) -> Iterator[Case]:
        """Yield every case, verdict by verdict, the worst first."""
        for key in _WORST:
            cases = self.galleries.get(key, [])
            # Galleries of good verdicts begin with the best: from their end the worst comes first.
            best_first = bool(cases) and cases[0].verdict.worst_first is False
            yield from reversed(cases) if best_first else cases

    def cases_by_class(self) -> dict[int, list[Case]]:
        """Return at most 12 cases a class, the worst first."""
        found: dict[int, list[Case]] = defaultdict(list)
        for case in self.worst_first():
            if len(found[case.label]) < _CLASS_CASES:
                found[case.label].append(case)
        return found


def once(compute: Callable[[Content], R]) -> Callable[[Content], R]:
    """Have a function be computed once a content: many pages ask for the same."""

    @wraps(compute)
    def asked(content: Content) -> R:
        if compute not in content.kept:
            content.kept[compute] = compute(content)
        found: R = content.kept[compute]
        return found

    return asked


def content(source: Source, against: Against | None = None) -> Content:
    """Compute everything that the report says."""
    cases = galleries(source, source.drawn)
    return Content(
        source=source,
        figures={f.metric.key: f for f in headline(source)},
        verdicts=verdict_rows(source),
        notes=notes(source),
        classes=class_rows(source),
        by_hand=_by_hand(source),
        sweeps=threshold_sweeps(source),
        agreement=_agreement(source),
        checks={
            check.key: None if is_unavailable(source, check) else check.summarise(source, cases)
            for check in every()
        },
        mass_charts=_mass_charts(source),
        curves=_curves(source),
        galleries=cases,
        maps_bytes=source.run.maps_bytes(),
        against=against,
    )


def _by_hand(source: Source) -> dict[str, Figure]:
    """Return figures of images whose mask no machine made; none where that is all or nobody."""
    few = source.by_hand
    if len(few.explained) in (0, len(source.explained)):
        return {}
    of_all = {ACCURACY.key, *(own.metric.key for own in of_checks())}
    own = (m for m in metrics(few.titles) if m.key not in of_all)
    return {m.key: Figure(m, estimate(few, m)) for m in own}


def _agreement(source: Source) -> list[charts.Chart]:
    """Chart how far explainers agree with each other, and with what interventions find."""
    skills = {f"{key}_skill": f"{title} skill" for key, title in source.leading.items()}
    told = {"background_share": "background share"} | skills
    pairs = [*combinations(skills, 2), *(("background_share", skill) for skill in skills)]
    tested = source.some(source.is_tested, *told)
    drawn = [charts.scatter(tested[x], tested[y], (told[x], told[y])) for x, y in pairs]
    return [chart for chart in drawn if chart]


def _mass_charts(source: Source) -> list[tuple[str, charts.Chart]]:
    """Chart the mass of each explainer, by the key of the figure that is its mean."""
    records = source.explained
    drawn = [
        (f"{key}_mass", charts.mass_histogram(records[f"{key}_mass"], records["chance"], title))
        for key, title in source.titles.items()
    ]
    return [(key, chart) for key, chart in drawn if chart]


def _curves(source: Source) -> list[charts.Chart]:
    if source.history is None:
        return []
    training = source.section("training")
    marks = training.get("best_epoch"), training.get("fine_tuned_from")
    columns = (("accuracy", "Accuracy"), ("loss", "Loss"))
    drawn = [charts.curves(source.history, *column, *marks) for column in columns]
    return [chart for chart in drawn if chart]
