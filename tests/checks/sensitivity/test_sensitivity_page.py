"""What the report makes of a run's sensitivities: figures, the finding and the page."""

import json

import pytest
from drawnruns import PLAIN, make_run
from links import broken, read_site
from uncharted import found_in, render

from audit.checks.sensitivity.outputs import TABLE, read_sensitivities
from audit.checks.sensitivity.summary import find_sensitivities, summary_part
from audit.core.errors import RunFolderError
from audit.report.source import load
from audit.storage.run import write_whole
from audit.verdict.sensitivity import KEYS


@pytest.fixture
def run(tmp_path):
    return make_run(tmp_path / "run", images=24, classes=PLAIN[:3], size=48, corrupted=0,
                    examined=False)  # fmt: skip


def test_what_is_kept_is_read_back(run):
    found = read_sensitivities(run)
    assert len(found) == 3 * len(KEYS)
    (blur,) = [s for s in found if s.target == 0 and s.edit == "blur"]
    assert (blur.flips.value, blur.flips.n, blur.others.n) == (0.9, 20, 60)
    assert blur.excess.value == pytest.approx(0.85)
    assert (blur.lost, blur.others_lost, blur.proven, blur.kind) == (3.0, 0.2, True, "texture")


def test_classes_are_named_with_the_kind_of_their_shortcut(run):
    found = find_sensitivities(load(run))
    assert [(c.name, c.kind) for c in found.classes] == [
        (PLAIN[0], "texture"),
        (PLAIN[2], "scene"),
    ]
    told = summary_part(found)
    assert told["classes_tested"] == 3
    assert told["proven"][0]["flips"]["value"] == 0.9
    json.dumps(told, allow_nan=False)


def test_a_run_of_an_earlier_version_has_none(run):
    TABLE.file(run).unlink()
    assert find_sensitivities(load(run)) is None


def test_an_edit_that_there_is_none_of_is_refused(run):
    table = TABLE.read(run)
    table.loc[0, "edit"] = "<b>"
    write_whole(TABLE.file(run), table.to_parquet(index=False))
    with pytest.raises(RunFolderError, match="no edit that there is"):
        read_sensitivities(run)


def test_the_page_shows_the_classes_the_picture_and_the_finding(run):
    render(run)
    site = read_site(run.report_dir)
    assert not broken(site)
    page = (run.report_dir / "sensitivity.html").read_text()
    assert "2 classes proven to rest on the background" in page
    assert "the texture of the background" in page
    assert page.count("fa-proven") == 2
    assert "texture of the background, 1 rests on the scene" in found_in(run)["sensitivity"].words
