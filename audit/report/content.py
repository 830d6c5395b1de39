"""Everything that the report says, computed once and handed to every page."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from audit.checks.calibration.page import Calibration, calibration
from audit.checks.confusions.page import Confusions, confusions
from audit.checks.data_health.page import Health, health
from audit.checks.explainer_sanity.page import Trust, trust
from audit.checks.preflight.outcome import Preflight, read
from audit.checks.robustness.page import Robustness, robustness
from audit.checks.selftest.planted import Planted, planted
from audit.checks.shortcuts.page import Shortcuts, shortcuts
from audit.checks.verdicts.classes import ClassRow, class_rows
from audit.checks.verdicts.page import VerdictRow, verdict_rows
from audit.checks.verdicts.sweeps import threshold_sweeps
from audit.core.estimate import Figure
from audit.report import charts
from audit.report.cases import Case, galleries
from audit.report.figures import OF_ALL, estimate, headline, metrics
from audit.report.notes import Notes, notes
from audit.report.source import Source

_CLASS_CASES = 12
_WORST = ("wrong-reasons", "suspect", "distracted", "misread", "undecided", "right-reasons")


@dataclass(frozen=True)
class Content:
    """The figures, tables, charts and cases of one report."""

    source: Source
    figures: dict[str, Figure]
    verdicts: list[VerdictRow]
    planted: Planted | None
    notes: Notes
    classes: list[ClassRow]
    confusions: Confusions
    calibration: Calibration | None
    by_hand: dict[str, Figure]
    sweeps: list[charts.Chart]
    agreement: list[charts.Chart]
    trust: Trust | None
    shortcuts: Shortcuts | None
    robustness: Robustness | None
    health: Health | None
    preflight: Preflight | None
    mass_charts: list[tuple[str, charts.Chart]]
    curves: list[charts.Chart]
    galleries: dict[str, list[Case]]
    maps_bytes: int

    def strongest(self, most: int) -> list[Case]:
        """The right predictions that accuse the model most."""
        return [c for key in _WORST[:2] for c in self.galleries.get(key, [])][:most]

    def cases_by_class(self) -> dict[int, list[Case]]:
        """At most 12 cases a class, the worst first."""
        found: dict[int, list[Case]] = defaultdict(list)
        for key in _WORST:
            cases = self.galleries.get(key, [])
            # Galleries of good verdicts begin with the best: from their end the worst comes first.
            best_first = bool(cases) and cases[0].verdict.worst_first is False
            for case in reversed(cases) if best_first else cases:
                if len(found[case.label]) < _CLASS_CASES:
                    found[case.label].append(case)
        return found


def content(source: Source) -> Content:
    """Compute everything that the report says."""
    cases = galleries(source, source.drawn)
    return Content(
        source,
        {f.metric.key: f for f in headline(source)},
        verdict_rows(source),
        planted(source),
        notes(source),
        class_rows(source),
        confusions(source, cases),
        calibration(source),
        _by_hand(source),
        threshold_sweeps(source),
        _agreement(source),
        trust(source),
        shortcuts(source),
        robustness(source),
        health(source),
        read(source.section("preflight")),
        _mass_charts(source),
        _curves(source),
        cases,
        source.run.maps_bytes(),
    )


def _by_hand(source: Source) -> dict[str, Figure]:
    """Figures of the images whose mask no machine made; none where that is all or nobody."""
    few = source.by_hand
    if len(few.explained) in (0, len(source.explained)):
        return {}
    own = (m for m in metrics(few.titles) if m.key not in OF_ALL)
    return {m.key: Figure(m, estimate(few, m)) for m in own}


def _agreement(source: Source) -> list[charts.Chart]:
    """Do explainers agree with each other, and with what interventions find?"""
    tested = source.tested
    gradcam, ig = source.judged.values()
    pairs = (
        ("gradcam_skill", "ig_skill", f"{gradcam} skill", f"{ig} skill"),
        ("background_share", "gradcam_skill", "background share", f"{gradcam} skill"),
        ("background_share", "ig_skill", "background share", f"{ig} skill"),
    )
    drawn = [charts.scatter(tested[x], tested[y], (a, b)) for x, y, a, b in pairs]
    return [chart for chart in drawn if chart]


def _mass_charts(source: Source) -> list[tuple[str, charts.Chart]]:
    records = source.explained
    drawn = [
        (title, charts.mass_histogram(records[f"{key}_mass"], records["chance"], title))
        for key, title in source.titles.items()
    ]
    return [(title, chart) for title, chart in drawn if chart]


def _curves(source: Source) -> list[charts.Chart]:
    if source.history is None:
        return []
    training = source.section("training")
    marks = training.get("best_epoch"), training.get("fine_tuned_from")
    columns = (("accuracy", "Accuracy"), ("loss", "Loss"))
    drawn = [charts.curves(source.history, *column, *marks) for column in columns]
    return [chart for chart in drawn if chart]
