"""The last release beside a run: the comparison's own figures, and why there may be none."""

import json

import pytest
from gateruns import accused, answered, write_run

from audit.compare.against import against, beside, beside_or_why, refuse_early
from audit.compare.build import render
from audit.compare.content import comparison
from audit.compare.findings import findings
from audit.compare.pairing import entries
from audit.compare.pairing import pair as paired
from audit.core.errors import RunFolderError


@pytest.fixture
def two(tmp_path):
    """The last release, with 2 of 40 right answers accused, and a run with 10."""
    return [write_run(tmp_path / name, accused(n, 40)) for name, n in (("old", 2), ("new", 10))]


def test_figures_are_those_of_the_comparison(two):
    told, theirs = against(comparison(two)), findings(paired(*entries(two)))
    assert list(told.figures) == [f.metric.key for f in theirs]
    for found in theirs:
        one = told.figures[found.metric.key]
        assert (one.says, one.n) == (found.says, found.n)
        assert repr(one.last) == repr(found.a)
        assert repr(one.difference) == repr(found.difference)
    wrong = told.figures["wrong_reasons_share"]
    assert (wrong.last.value, wrong.difference.value, wrong.says) == (0.05, 0.2, "worse")
    assert wrong.words.startswith("this run is worse by 20.0 points (")
    assert wrong.change.startswith("+20.0 points (+")
    assert told.figures["accuracy"].says == "alike"


def test_what_was_released_is_named(two):
    told = against(comparison(two))
    assert (told.place, told.model, told.finished) == ("old", "ab" * 32, "2026-03-04")
    assert (told.tested, told.explained, told.why) == (40, 40, "")


def test_files_are_those_that_compare_writes(pair, tmp_path):
    old, new = pair
    files = beside(new, old).files
    render(pair, tmp_path / "out")
    assert {f.name: f.read_bytes() for f in (tmp_path / "out").iterdir()} == dict(files)


def test_images_of_one_run_alone_are_said(tmp_path):
    old = write_run(tmp_path / "old", accused(2, 30))
    new = write_run(tmp_path / "new", accused(2, 40))
    told = against(comparison([old, new]))
    assert told.tested == 30
    assert any("the 30 tested in both are compared" in warning for warning in told.warnings)


def of_other_images(run):
    run.update_manifest(data=run.manifest()["data"] | {"fingerprint": "another"})


def of_another_data_set(run):
    run.update_manifest(data=run.manifest()["data"] | {"name": "another"})


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (of_other_images, "were audited on other images, labels or splits"),
        (of_another_data_set, "were audited on other data sets"),
    ],
)
def test_what_cannot_be_compared_says_why_and_has_no_figure(two, caplog, change, why):
    old, new = two
    change(old)
    with pytest.raises(RunFolderError, match=why):
        beside(new, old)
    found = beside_or_why(new, old)
    assert why in found.told.why and "\n" not in found.told.why
    assert str(old.root.parent) not in found.told.why
    assert (found.told.figures, found.told.page, found.files) == ({}, "", {})
    assert "The report sets no last release beside this run" in caplog.text


def test_a_run_is_not_its_own_last_release(two):
    with pytest.raises(RunFolderError, match="is given twice"):
        refuse_early(two[0], two[0].root)
    assert refuse_early(two[0], two[1].root) is None


def test_a_last_release_without_predictions_stops_before_any_work(two, tmp_path):
    two[0].predictions_file.unlink()
    with pytest.raises(RunFolderError, match="has no predictions yet"):
        refuse_early(two[0], tmp_path / "to come")


def test_other_answers_are_told_by_the_paired_interval(tmp_path):
    old = write_run(tmp_path / "old", answered(40, 60))
    new = write_run(tmp_path / "new", answered(55, 60))
    told = against(comparison([old, new])).figures["accuracy"]
    assert (told.says, told.difference.value) == ("better", pytest.approx(15 / 60))
    assert "15 images gained, 0 lost" in told.words
    assert json.loads(json.dumps(told.as_json()))["says"] == "better"
