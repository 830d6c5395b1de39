"""The self-test on two small worlds: what it prints is what its runs hold."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from drawnruns import PLAIN, make_run

from audit.checks.selftest.page import selftest, write_page
from audit.report.source import load


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    root = tmp_path_factory.mktemp("selftest")
    sick = make_run(root / "tag", images=60, classes=PLAIN[:4], planted=True, size=48)
    healthy = make_run(root / "none", images=40, classes=PLAIN[:4], size=48, seed=1)
    return selftest({"tag": load(sick), "none": load(healthy)}, "b"), sick, healthy


def test_cases_are_right_predictions_that_turn_wrong_without_their_shortcut(found):
    result, sick, _ = found
    frame = sick.records()
    right = frame[frame["correct"]]
    cases = (right["shortcut"] != "") & (right["prediction_without_shortcut"] != right["label"])
    world = result.worlds[0]
    assert world.cases == world.found.n == int(cases.sum()) > 3
    hits = (right["verdict"] == "wrong-reasons") & cases
    assert world.found.value == pytest.approx(hits.sum() / cases.sum())


def test_healthy_worlds_count_for_false_alarms_alone(found):
    result, _, healthy = found
    frame = healthy.records()
    right = frame[frame["correct"]]
    assert result.worlds[1].cases == 0
    assert result.healthy.n == len(right)
    assert result.healthy.value == pytest.approx((right["verdict"] == "wrong-reasons").mean())


def test_precision_is_over_all_worlds(found):
    result, *runs = found
    frame = pd.concat([run.records() for run in runs])
    accused = frame[frame["correct"] & (frame["verdict"] == "wrong-reasons")]
    cases = (accused["shortcut"] != "") & (
        accused["prediction_without_shortcut"] != accused["label"]
    )
    assert result.verdict.precision.n == len(accused)
    assert result.verdict.precision.value == pytest.approx(cases.mean())


def test_page_and_json_say_the_same(found):
    result = found[0]
    page = write_page(result).decode()
    told = json.loads(result.json())
    assert f"{result.verdict.found.value:.1%}" in page
    assert told["worlds"][0]["found"]["value"] == pytest.approx(result.worlds[0].found.value)
    assert told["worlds"][1]["found"]["value"] is None
    verdict = next(s for s in told["signals"] if s["rule"] == "wrong reasons")
    assert np.isclose(verdict["auroc"]["value"], result.verdict.auroc.value)
    assert "<script" not in page
