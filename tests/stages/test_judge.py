"""Stored evidence sorted anew: what other thresholds would have asked is said."""

import pytest
from drawnruns import PLAIN, make_run

from audit.stages import commands


@pytest.fixture
def run(tmp_path):
    return make_run(tmp_path / "run", images=24, classes=PLAIN[:3], size=32, corrupted=0,
                    examined=False)  # fmt: skip


def test_images_that_other_thresholds_would_have_searched_are_counted(run, caplog):
    stopped = run.records().query("stopped_by != ''")
    assert 0 < len(stopped) < 24
    commands.judge(run, {"least_support": 0.0})
    assert f"{len(stopped)} images were not searched for regions" in caplog.text
    assert "--budget full" in caplog.text


def test_thresholds_under_which_nothing_more_would_be_asked_say_nothing(run, caplog):
    commands.judge(run, {"accusing_score": 0.9})
    assert "searched" not in caplog.text
