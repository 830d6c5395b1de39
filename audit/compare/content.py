"""Everything that a comparison says, computed once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from audit.checks.base import Compared
from audit.checks.registry import every
from audit.compare.classes import ClassChange, class_changes
from audit.compare.facts import facts, other_settings
from audit.compare.findings import PairFinding, findings
from audit.compare.flips import (
    Gallery,
    Transition,
    changed,
    choose,
    gallery,
    joined,
    transitions,
)
from audit.compare.grown import Grown, grown
from audit.compare.pairing import Entry, Pair, entries, merged_titles, pair
from audit.core.estimate import Estimate
from audit.report.figures import headline, metrics, named
from audit.storage.run import RunFolder

_MOST = 24  # cases a direction where two runs are compared
_SHARED = 32  # and what several pairs share, so that the file stays below 10 MB


@dataclass(frozen=True)
class Versus:
    """A run against the baseline.

    Attributes
    ----------
    grown : list of Grown or None
        How sensitive each class is to each kind of cue in both; None where one has not measured it.
    """

    pair: Pair
    findings: list[PairFinding]
    checks: dict[str, Compared | None]
    transitions: list[list[Transition]]
    galleries: list[Gallery]
    classes: list[ClassChange]
    flips: pd.DataFrame
    grown: list[Grown] | None

    @cached_property
    def by_key(self) -> dict[str, PairFinding]:
        """Findings by the key of their figure."""
        return {found.metric.key: found for found in self.findings}

    @property
    def csv(self) -> str:
        """Name of the file that lists all flips."""
        return f"flips-{self.pair.b.letter}.csv"

    @cached_property
    def drawn(self) -> dict[str, str]:
        """Anchor of the first card of each image that has one."""
        cards = [(flip.a.name, flip.anchor) for g in self.galleries for flip in g.shown]
        return dict(reversed(cards))

    @property
    def moved(self) -> list[Transition]:
        """Transitions from one verdict to another that some image went through."""
        return [t for row in self.transitions for t in row if t.names and t.a != t.b]

    @property
    def column_totals(self) -> list[int]:
        """Images of each verdict in B."""
        return [sum(len(t.names) for t in column) for column in zip(*self.transitions, strict=True)]

    def row_total(self, row: Sequence[Transition]) -> int:
        """Count the images of one verdict in A."""
        return sum(len(t.names) for t in row)

    @property
    def reach(self) -> float:
        """Largest bound of an interval: where the bars of the differences end."""
        bounds = [abs(b) for f in self.findings for b in (f.difference.low, f.difference.high)]
        return max((b for b in bounds if b == b), default=1.0) or 1.0

    def titles(self, says: str) -> list[str]:
        """Return the titles of the figures on which B is better, worse, ..."""
        return [found.metric.title for found in self.findings if found.says == says]


@dataclass(frozen=True)
class Comparison:
    """All runs, and each but the first against the first.

    Attributes
    ----------
    facts, settings : dict
        A row each: one value a run.
    overview : list
        Title, style and one estimate a run, each run on all of its own images; empty for two runs.
    """

    entries: list[Entry]
    versus: list[Versus]
    facts: dict[str, list[str]]
    settings: dict[str, list[str]]
    overview: list[tuple[str, str, list[Estimate]]]

    @property
    def baseline(self) -> Entry:
        """First run."""
        return self.entries[0]


def comparison(runs: Sequence[RunFolder]) -> Comparison:
    """Compare runs with the first of them.

    Raises
    ------
    RunFolderError
        One is unreadable, or they cannot be compared.
    """
    loaded = entries(runs)
    pairs = [pair(loaded[0], other) for other in loaded[1:]]
    most = _MOST if len(pairs) == 1 else max(1, _SHARED // len(pairs))
    versus = [_versus(p, most) for p in pairs]
    told = [facts(e.source) for e in loaded]
    return Comparison(
        loaded,
        versus,
        {key: [each[key] for each in told] for key in told[0]},
        other_settings(loaded),
        _overview(loaded, versus) if len(pairs) > 1 else [],
    )


def _versus(found: Pair, most: int) -> Versus:
    both, sources = joined(found), (found.a.source, found.b.source)
    compared = {check.key: check.compare(*sources) for check in every()}
    return Versus(
        pair=found,
        findings=findings(found, compared.values()),
        checks=compared,
        transitions=transitions(both),
        galleries=gallery(found, choose(both), most),
        classes=class_changes(found),
        flips=changed(both),
        grown=grown(found),
    )


def _overview(
    loaded: Sequence[Entry], versus: Sequence[Versus]
) -> list[tuple[str, str, list[Estimate]]]:
    """Return the figures that every report has, of every run."""
    compared = {key for v in versus for key in v.by_key}
    known = metrics(merged_titles([e.source for e in loaded]))
    titles = {m.key: named(m, loaded[0].source).title for m in known}
    told = [{f.metric.key: f for f in headline(e.source)} for e in loaded]
    return [
        (titles[key], figure.metric.style, [each[key].estimate for each in told])
        for key, figure in told[0].items()
        if key in compared
    ]
