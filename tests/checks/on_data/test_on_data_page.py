"""What the report says of a self-test on its data, and how it reads a stranger's file."""

import json

import pytest
from drawnruns import PLAIN, make_run
from uncharted import render

from audit.checks.on_data.outputs import FILE
from audit.checks.on_data.reading import read
from audit.checks.selftest.record import standing
from audit.cli.selftest import _tell
from audit.core.errors import RunFolderError
from audit.report.source import load
from audit.storage.run import write_whole


@pytest.fixture
def run(tmp_path):
    return make_run(tmp_path / "run", images=12, classes=PLAIN[:3], size=32, corrupted=0,
                    examined=False)  # fmt: skip


def told(run):
    return json.loads(FILE.file(run).read_text())


def tell(run, found):
    write_whole(FILE.file(run), json.dumps(found).encode())


def judged(run, **settings):
    run.update_manifest(config={"verdict": {"thresholds": "calibrated"} | settings})


def test_what_was_written_is_read(run):
    assert read(load(run)).json() == told(run)
    FILE.file(run).unlink()
    assert read(load(run)) is None


@pytest.mark.parametrize(
    "change",
    [
        {"kinds": 3},
        {"kinds": [{"key": "tag"}]},
        {"found": 0.9},
        {"found": {"value": 1.2, "low": 0, "high": 1, "n": 3, "undefined": 0, "method": "wilson"}},
        {"found": {"value": 1, "low": 0, "high": 1, "n": -3, "undefined": 0, "method": "wilson"}},
        {"found": {"value": 1, "low": 0, "high": 1, "n": 3, "undefined": 0, "method": "<b>"}},
        {"calibration": {"threshold": 0.5, "bound": 0.1, "n": 3}},
        {"calibration": {"threshold": None, "bound": None, "n": 300}},
        {"calibration": {"threshold": True, "bound": 0.1, "n": 300}},
        {"sample": "many"},
        {"rule": []},
    ],
)
def test_a_strangers_file_of_another_shape_is_refused_in_a_line(run, change):
    tell(run, told(run) | change)
    with pytest.raises(
        RunFolderError, match=r"selftest\.json is of another shape .* selftest --on"
    ):
        read(load(run))


@pytest.mark.parametrize("key", ["<script>", "tag"])
def test_a_kind_that_there_is_none_of_or_twice_is_refused(run, key):
    found = told(run)
    tell(run, found | {"kinds": [*found["kinds"], found["kinds"][0] | {"key": key}]})
    with pytest.raises(RunFolderError, match="is of another shape"):
        read(load(run))


def test_the_report_says_where_its_thresholds_come_from(run):
    assert standing(load(run)) == "fixed"
    judged(run)
    assert standing(load(run)) == "default"
    judged(run, accusing_score=0.77)
    assert standing(load(run)) == "own"
    judged(run, accusing_score=told(run)["calibration"]["threshold"])
    assert standing(load(run)) == "here"


def test_a_threshold_of_scores_that_are_made_otherwise_now_is_none_of_this_data(run):
    found = told(run)
    judged(run, accusing_score=found["calibration"]["threshold"])
    tell(run, found | {"rule": found["rule"] | {"intercept": 7.0}})
    assert standing(load(run)) == "own"


def test_the_first_screen_and_the_page_tell_it_by_kind(run):
    judged(run, accusing_score=told(run)["calibration"]["threshold"])
    render(run)
    first = (run.report_dir / "index.html").read_text()
    assert "On your data" in first and "Self-test of this release" not in first
    assert "least often tag (90%)" in first
    assert "Calibrated on this data" in first and "95% confidence: 8.3%" in first
    page = (run.report_dir / "selftest.html").read_text()
    assert "counts for nothing" in page and "not learned" in page
    assert "Calibrated on this data" in run.report_html.read_text()
    assert "split conformal" in (run.report_dir / "methods.html").read_text()


def test_without_one_the_shipped_self_test_is_told(run):
    FILE.file(run).unlink()
    render(run)
    first = (run.report_dir / "index.html").read_text()
    assert "Self-test of this release" in first and "On your data" not in first
    assert "fixed thresholds" in first
    assert not (run.report_dir / "selftest.html").exists()
    assert run.summary()["selftest"] is None


def test_healthy_worlds_alone_say_that_nothing_was_taught(run, capsys):
    nothing = {"value": None, "low": None, "high": None, "n": 0, "undefined": 0, "method": "wilson"}
    tell(run, told(run) | {"kinds": [], "found": nothing})
    judged(run)
    render(run)
    first = (run.report_dir / "index.html").read_text("utf-8")
    assert "On your data: no stamp was learned; false alarms" in first
    page = (run.report_dir / "selftest.html").read_text("utf-8")
    assert "how many would be found is not known" in page
    _tell(read(load(run)))
    assert "All: found undefined (n = 0), clean accused" in capsys.readouterr().out
