"""The self-test's page: every signal and the verdict, over worlds whose truth is known."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from audit.checks.selftest.planted import rests_on_shortcut, signal_json
from audit.core.estimate import Estimate, rate
from audit.report import charts
from audit.report.source import Source
from audit.report.templating import fill, templates_dir
from audit.verdict.signals import Signal, signals
from audit.verdict.verdict import Verdict


@dataclass(frozen=True)
class World:
    """The verdict's record in one world.

    Attributes
    ----------
    accuracy : Estimate
        Of all test images.
    cases : int
        Right predictions that rest on a shortcut; 0 in healthy worlds.
    """

    name: str
    accuracy: Estimate
    cases: int
    found: Estimate
    false_alarms: Estimate
    passes: float


@dataclass(frozen=True)
class Selftest:
    """All worlds together.

    Attributes
    ----------
    healthy : Estimate
        False alarms of ``wrong-reasons`` in the worlds whose models are healthy.
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
    right = pd.concat([s.correct.assign(world=w) for w, s in sources.items()], ignore_index=True)
    truth = rests_on_shortcut(right)
    first = next(iter(sources.values()))
    found = signals(right, truth, first.thresholds, first.titles)
    worlds = [_world(name, source) for name, source in sources.items()]
    cases = truth.groupby(right["world"]).transform("any")
    accused = right.loc[~cases, "verdict"] == Verdict.WRONG_REASONS
    healthy = rate(int(accused.sum()), len(accused))
    return Selftest(half, worlds, found, healthy, charts.roc(found))


def write_page(found: Selftest) -> bytes:
    """Return the HTML of the self-contained page."""
    css = (templates_dir() / "assets" / "audit.css").read_text(encoding="utf-8")
    return fill(
        "checks/selftest/standalone.html", css=css, found=found, signals=found.signals
    ).encode()


def _world(name: str, source: Source) -> World:
    right, predictions = source.correct, source.predictions
    truth = rests_on_shortcut(right)
    accused = right["verdict"] == Verdict.WRONG_REASONS
    hits = predictions["label"] == predictions["prediction"]
    return World(
        name,
        rate(int(hits.sum()), len(hits)),
        int(truth.sum()),
        rate(int((accused & truth).sum()), int(truth.sum())),
        rate(int((accused & ~truth).sum()), int((~truth).sum())),
        float(source.tested["passes"].mean()),
    )


def _estimates(world: World) -> dict[str, Any]:
    return {
        key: {k: None if v != v else v for k, v in vars(value).items()}
        for key, value in vars(world).items()
        if isinstance(value, Estimate)
    }
