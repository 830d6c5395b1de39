"""Reports and what they say, without charts: drawing these would take more than half of the time.

The charts themselves are drawn by `rendered` and by tests of odd runs.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import Mock

import pytest
from markupsafe import Markup

from audit.checks.confusions.page import confusions
from audit.checks.data_health.page import health
from audit.checks.explainer_sanity.page import trust
from audit.checks.preflight.outcome import read
from audit.checks.robustness.page import robustness
from audit.checks.selftest.planted import planted
from audit.checks.shortcuts.page import shortcuts
from audit.checks.verdicts.classes import class_rows
from audit.checks.verdicts.page import verdict_rows
from audit.report import build, charts
from audit.report.cases import galleries
from audit.report.content import Content
from audit.report.content import content as whole_content
from audit.report.figures import headline
from audit.report.findings import findings
from audit.report.notes import notes
from audit.report.source import Source, load
from audit.storage.run import RunFolder


@contextmanager
def no_charts() -> Iterator[None]:
    """Leave every chart empty; its words are made."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(charts, "_axes", _nowhere)
        yield


@contextmanager
def _nowhere(*_, rows=1, **__):
    yield [Mock() for _ in range(rows)] if rows > 1 else Mock(), [Markup("<svg></svg>")]


def render(run: RunFolder, *args, **kwargs) -> None:
    """Render a report."""
    with no_charts():
        build.render(run, *args, **kwargs)


def content(source: Source) -> Content:
    """Compute what a report says."""
    with no_charts():
        return whole_content(source)


def uncharted(run: RunFolder) -> Content:
    """What rules read of a run; charts and other galleries would take most of the time."""
    source = load(run)
    figures = {f.metric.key: f for f in headline(source)}
    known = figures, verdict_rows(source), planted(source), notes(source), class_rows(source)
    checks = trust(source), shortcuts(source), robustness(source), health(source)
    asked = read(source.section("preflight"))
    wrong = source.drawn[source.drawn["verdict"] == "wrong-reasons"]
    cases = galleries(source, wrong) if len(wrong) else {}
    nothing = confusions(source, cases), None, {}, [], []
    return Content(source, *known, *nothing, *checks, asked, [], [], cases, 0)


def found_in(run: RunFolder) -> dict:
    return {f.key: f for f in findings(uncharted(run))}
