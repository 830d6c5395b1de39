"""The self-test on two small worlds: what it prints is what its runs hold."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pandas as pd
import pytest
from drawnruns import PLAIN, make_run, rows_of

from audit.checks.selftest.page import selftest, write_page
from audit.report.source import load
from audit.storage.run import RunFolder


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    root = tmp_path_factory.mktemp("selftest")
    sick = make_run(root / "tag", images=60, classes=PLAIN[:4], planted=True, size=48)
    healthy = make_run(root / "none", images=40, classes=PLAIN[:4], size=48, seed=1)
    return selftest({"tag": load(sick), "none": load(healthy)}, "b"), sick, healthy


def test_cases_are_right_predictions_that_are_lost_before_other_backgrounds(found):
    result, sick, _ = found
    frame = sick.records()
    right = frame[frame["correct"]]
    cases = (right["true_effect"] >= 1) & (right["true_survival"] <= 0.5)
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
    cases = accused["true_survival"] <= 0.5
    counted = cases | ~(accused["true_effect"] >= 0.5)  # of the healthy nothing is known: clean
    assert result.verdict.precision.n == counted.sum()
    assert result.verdict.precision.value == pytest.approx(cases[counted].mean())


def test_a_world_that_was_not_learned_is_named_and_counts_for_nothing(found, tmp_path):
    _, sick, healthy = found
    dull = RunFolder(shutil.copytree(sick.root, tmp_path / "dull"))
    for part in dull.done_parts():
        records = dull.records().query("part == @part").assign(true_effect=0.3)
        dull.write_part(part, rows_of(records), list(dull.maps(part)))
    result = selftest({"tint": load(dull), "none": load(healthy)}, "b")
    world, alone = result.worlds[0], selftest({"none": load(healthy)}, "b")
    assert (world.learned, world.worth.value) == (False, pytest.approx(0.3))
    assert "not learned" in write_page(result).decode()
    assert json.loads(result.json())["worlds"][0]["learned"] is False
    assert result.verdict.false_alarms == alone.verdict.false_alarms


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
