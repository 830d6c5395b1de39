"""Stored evidence sorted anew: what other thresholds would have asked is said."""

import pandas as pd
import pytest
from drawnruns import PLAIN, make_run

from audit.settings.verdict import Thresholds
from audit.stages import commands
from audit.verdict.stopping import hangs


@pytest.fixture
def run(tmp_path):
    run = make_run(tmp_path / "run", images=24, classes=PLAIN[:3], size=32, corrupted=0,
                   examined=False)  # fmt: skip
    commands.judge(run, {"thresholds": "calibrated"})
    return run


def test_images_of_which_other_thresholds_would_have_asked_more_are_counted(run, caplog):
    unedited = run.records().query("stopped_by.str.contains('no-edit-decides')")
    unedited = unedited[~hangs(unedited)]
    assert 0 < len(unedited) < 24
    commands.judge(run, {"thresholds": "fixed"})
    assert f"{len(unedited)} images were not asked all that may decide" in caplog.text
    assert "--budget full" in caplog.text


def test_thresholds_under_which_nothing_more_would_be_asked_say_nothing(run, caplog):
    commands.judge(run, {"accusing_score": 0.9})
    assert "not asked all" not in caplog.text


@pytest.mark.parametrize(("least", "said"), [(0.1, True), (0.2, False)])
def test_so_is_one_whose_region_other_thresholds_believe(least, said, caplog):
    record = {
        "stopped_by": "of-a-sample,no-region-decides",
        "survival": 0.4,
        "mixed_rand": 0.5,
        "correct": True,
        "background_share": 0.15,
    }
    now = Thresholds(least_support=least)
    commands._warn_of_unasked(pd.DataFrame([record]), Thresholds(), now)
    assert ("1 image was not asked all" in caplog.text) is said
