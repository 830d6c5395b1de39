"""Reports and what they say, without charts: drawing these would take more than half of the time.

The charts themselves are drawn by `rendered` and by tests of odd runs.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import Mock

import pytest
from jinja2 import BytecodeCache, Environment
from jinja2.bccache import Bucket
from markupsafe import Markup
from mkdocs.theme import Theme

from audit.checks.registry import every
from audit.report import build, charts
from audit.report.cases import galleries
from audit.report.classes import class_rows
from audit.report.content import Content
from audit.report.content import content as whole_content
from audit.report.figures import headline
from audit.report.findings import findings
from audit.report.notes import notes
from audit.report.source import Source, load
from audit.report.verdicts import verdict_rows
from audit.storage.run import RunFolder

CHARTED = "calibration"


@contextmanager
def no_charts() -> Iterator[None]:
    """Leave every chart empty; its words are made. Material is compiled once, not for each site."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(charts, "_axes", _nowhere)
        patch.setattr(Theme, "get_env", _with_compiled)
        yield


class _Compiled(BytecodeCache):
    """What Jinja made of templates, in this process."""

    def __init__(self) -> None:
        self._code: dict[tuple[str, str], Any] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._code.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._code[bucket.key, bucket.checksum] = bucket.code


_COMPILED, _get_env = _Compiled(), Theme.get_env


def _with_compiled(theme: Theme) -> Environment:
    environment = _get_env(theme)
    environment.bytecode_cache = _COMPILED
    return environment


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
    with no_charts():
        return _without_galleries(load(run))


def _without_galleries(source: Source) -> Content:
    wrong = source.drawn[source.drawn["verdict"] == "wrong-reasons"]
    cases = galleries(source, wrong) if len(wrong) else {}
    quick = (check for check in every() if check.key != CHARTED)
    return Content(
        source=source,
        figures={f.metric.key: f for f in headline(source)},
        verdicts=verdict_rows(source),
        notes=notes(source),
        classes=class_rows(source),
        by_hand={},
        sweeps=[],
        agreement=[],
        checks={CHARTED: None} | {check.key: check.summarise(source, cases) for check in quick},
        mass_charts=[],
        curves=[],
        galleries=cases,
        maps_bytes=0,
    )


def found_in(run: RunFolder) -> dict:
    return {f.key: f for f in findings(uncharted(run))}
