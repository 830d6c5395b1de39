"""The self-test's page: every signal and the verdict, over worlds whose truth is known."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from audit.checks.selftest.planted import count, signal_json
from audit.core.estimate import Estimate, rate
from audit.report import charts
from audit.report.definitions import other_metrics
from audit.report.glossary import glossary
from audit.report.help import helps
from audit.report.source import Source
from audit.report.templating import fill, templates_dir
from audit.verdict.signals import Signal, signals
from audit.verdict.truth import Truth, truths, was_learned, worth
from audit.verdict.verdict import Verdict


@dataclass(frozen=True)
class World:
    """The verdict's record in one world.

    Attributes
    ----------
    accuracy : Estimate
        Of all test images.
    cases, partly : int
        Right predictions that rest on their backgrounds, and those that do in part.
    worth : Estimate
        Log-odds that an answer owes to its own class's shortcut in the median; undefined in healthy
        worlds.
    learned : bool
        Whether it is worth enough; a world in which it is not counts for nothing.
    """

    name: str
    accuracy: Estimate
    worth: Estimate
    learned: bool
    cases: int
    partly: int
    found: Estimate
    false_alarms: Estimate
    passes: float


@dataclass(frozen=True)
class Selftest:
    """All worlds together.

    Attributes
    ----------
    healthy : Estimate
        False alarms of ``wrong-reasons`` in the worlds where nothing was to be learned.
    """

    half: str
    worlds: list[World]
    signals: list[Signal]
    healthy: Estimate
    roc: charts.Chart | None

    @property
    def verdict(self) -> Signal:
        """Signal of the verdict ``wrong-reasons``."""
        return next(s for s in self.signals if s.rule == "wrong reasons")

    @property
    def best_single(self) -> Signal:
        """Single signal with the largest area under its ROC curve."""
        alone = [s for s in self.signals if s.title != "Verdict"]
        return max(alone, key=lambda s: s.auroc.value)

    def json(self) -> bytes:
        """Return everything but the curves as JSON."""
        worlds = [{**vars(w), **_estimates(w)} for w in self.worlds]
        found: dict[str, Any] = {
            "half": self.half,
            "worlds": worlds,
            "healthy_false_alarms": vars(self.healthy),
            "signals": [signal_json(s) for s in self.signals],
        }
        return (json.dumps(found, indent=2) + "\n").encode()


def selftest(sources: Mapping[str, Source], half: str) -> Selftest:
    """Judge the runs of several worlds together.

    Parameters
    ----------
    sources : mapping
        Runs by the name of their world.
    """
    worlds = [_world(name, source) for name, source in sources.items()]
    told = [s.correct.assign(rewarded=_rewarded(s)) for s in sources.values()]
    counted = [t if world.learned else t[:0] for world, t in zip(worlds, told, strict=True)]
    right = pd.concat(counted, ignore_index=True)
    truth, first = truths(right), next(iter(sources.values()))
    found = signals(right, truth, first.thresholds, first.titles)
    clean = ~right["rewarded"] & (truth["truth"] == Truth.CLEAN)
    accused = right.loc[clean, "verdict"] == Verdict.WRONG_REASONS
    healthy = rate(int(accused.sum()), len(accused))
    return Selftest(half, worlds, found, healthy, charts.roc(found))


def write_page(found: Selftest) -> bytes:
    """Return the HTML of the self-contained page."""
    css = (templates_dir() / "assets" / "audit.css").read_text(encoding="utf-8")
    return fill(
        "checks/selftest/standalone.html",
        css=css,
        found=found,
        signals=found.signals,
        helps=helps(other_metrics(), glossary({}, "flower")),
    ).encode()


def _world(name: str, source: Source) -> World:
    right, predictions = source.correct, source.predictions
    truth, worth_of_it = truths(right), worth(right)
    case, clean = (truth["truth"] == kind for kind in (Truth.CASE, Truth.CLEAN))
    accused = right["verdict"] == Verdict.WRONG_REASONS
    hits, counts = predictions["label"] == predictions["prediction"], count(truth)
    return World(
        name,
        accuracy=rate(int(hits.sum()), len(hits)),
        worth=worth_of_it,
        learned=was_learned(worth_of_it),
        cases=counts.cases,
        partly=counts.partly,
        found=rate(int((accused & case).sum()), counts.cases),
        false_alarms=rate(int((accused & clean).sum()), counts.clean),
        passes=float(source.explained.loc[source.is_tested, "passes"].mean()),
    )


def _rewarded(source: Source) -> bool:
    """Return whether training had a shortcut to learn; else its world is healthy."""
    return bool((source.records["shortcut_class"] >= 0).any())


def _estimates(world: World) -> dict[str, Any]:
    return {
        key: {k: None if v != v else v for k, v in vars(value).items()}
        for key, value in vars(world).items()
        if isinstance(value, Estimate)
    }
