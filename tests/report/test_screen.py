"""The first screen's parts."""

import json

import pytest
from drawnruns import PLAIN, make_run
from uncharted import content

from audit.checks.selftest.record import SHIPPED
from audit.report.screen import screen
from audit.report.source import load
from audit.settings.verdict import Thresholds


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    run = make_run(tmp_path_factory.mktemp("run") / "run", images=12, classes=PLAIN)
    return load(run)


def test_the_shipped_self_test_was_made_at_the_thresholds_that_runs_have():
    shipped = json.loads(SHIPPED.read_text(encoding="utf-8"))
    assert shipped["thresholds"] == dict(Thresholds())


def test_a_run_of_unknown_truth_cites_the_self_test(source):
    told = content(source)
    found, record = screen(told), told.checks["selftest"].record
    shipped = json.loads(SHIPPED.read_text(encoding="utf-8"))
    assert (record.here, record.found.n) == (False, shipped["found"]["n"])
    assert record.thresholds_differ  # drawn runs judge by a skill of 0
    assert all(strip.case.verdict.key == "wrong-reasons" for strip in found.evidence[:1])


def test_a_planted_run_cites_itself(tmp_path):
    run = make_run(tmp_path / "run", images=40, classes=PLAIN, planted=True)
    assert content(load(run)).checks["selftest"].record.here
