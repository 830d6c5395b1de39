"""What the report makes of a run's shortcuts: figures, the finding, the page and its pictures."""

import json
import math
import re

import numpy as np
import pytest
from drawnruns import PLAIN, group, make_run
from links import broken, read_site
from uncharted import found_in, render

from audit.checks.shortcuts.render import SIDE, patch
from audit.checks.shortcuts.summary import find_shortcuts
from audit.report.source import load
from audit.report.templating import fill
from audit.storage.run import write_whole


@pytest.fixture
def run(tmp_path):
    return make_run(tmp_path / "run", images=24, classes=PLAIN[:3], size=48, corrupted=0,
                    examined=False)  # fmt: skip


def tell(run, **told):
    write_whole(run.file("shortcuts.json"), json.dumps({"reason": "", "cases": 0} | told).encode())


def test_figures_equal_worked_ones(run):
    records = run.records()
    of_class = records[records["prediction"] == 2]["name"].tolist()
    tell(run, cases=9, groups=[group(2, of_class[:4], proven=True)])
    found = find_shortcuts(load(run))
    (shortcut,) = found.proven
    assert (found.loose, shortcut.class_name, shortcut.members) == (5, PLAIN[2], 4)
    assert (shortcut.prevalence.value, shortcut.prevalence.n) == (4 / len(of_class), len(of_class))
    assert shortcut.prevalence.method == "wilson"
    assert (shortcut.rise.value, shortcut.rise.low, shortcut.rise.n) == (3, 2, 4)
    right = records.set_index("name")["correct"].astype(bool)
    assert shortcut.right == [name for name in of_class[:4] if right[name]]
    assert shortcut.local == shortcut.exemplars[0].share == 0.75


def test_a_run_that_calls_every_foreground_a_flower_is_read(run):
    now = group(2, run.records()["name"].tolist()[:4], proven=True)
    before = json.loads(json.dumps(now).replace('"foreground', '"flower'))
    tell(run, groups=[before])
    (older,) = find_shortcuts(load(run)).groups
    tell(run, groups=[now])
    assert find_shortcuts(load(run)).groups == [older]


def test_a_window_that_costs_more_than_was_gained_does_all_of_it(run):
    names = run.records()["name"].tolist()
    told = group(1, names[:4], proven=True)
    told["exemplars"][0] |= {"gained": 2.0, "lost": 5.0}
    tell(run, groups=[told])
    assert find_shortcuts(load(run)).exemplars[0].share == 1
    told["exemplars"][0]["gained"] = -1.0
    tell(run, groups=[told])
    assert math.isnan(find_shortcuts(load(run)).exemplars[0].share)


def test_a_proven_shortcut_is_a_finding_with_its_number_and_where_to_look(run):
    finding = found_in(run)["shortcuts"]
    assert finding.severity == "look"
    assert finding.title == "1 shortcut proven in the background"
    assert "+3.00 (95% interval +2.00 to +4.00, n = " in finding.words
    assert [link.address for link in finding.steps[0].links] == ["shortcuts.html#shortcut-1"]
    tell(run, groups=[group(1, run.records()["name"].tolist()[:4], proven=False)])
    assert "shortcuts" not in found_in(run)


def test_the_page_shows_every_shortcut_with_its_picture(run):
    render(run)
    page = (run.report_dir / "shortcuts.html").read_text(encoding="utf-8")
    assert "1 shortcut proven" in page
    assert "One window does 75% of it" in page
    assert "Alike, but not proven" in page
    assert "within chance</td>" in page
    assert (run.report_dir / "pictures" / "shortcut-1-1.webp").is_file()
    assert broken(read_site(run.report_dir)) == []
    heading = r"1\. <bdi>hard-leaved pocket orchid</bdi>: one window, at the lower left, \d+ images"
    single = run.report_html.read_text(encoding="utf-8")
    assert re.search(heading, page) and re.search(heading, single)
    for words in (
        "The photo that the background is of",
        "Another flower, before: <strong>",
        "On this background, after: <strong>",
        "The window, enlarged: it does 75%",
    ):
        assert words in page and words in single
    told = json.loads(run.summary_json.read_text(encoding="utf-8"))["shortcuts"]
    assert [s["class"] for s in told["proven"]] == [PLAIN[1]]


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"reason": "interventions are off", "groups": []}, "undefined"),
        ({"cases": 3, "groups": []}, "no 4 of one class show the same"),
    ],
)
def test_without_a_shortcut_the_page_says_why(run, told, words):
    tell(run, **told)
    known = {
        "content": {"checks": {"shortcuts": find_shortcuts(load(run))}},
        "subject": "flower",
        "links": True,
    }
    page = fill("checks/shortcuts/summary.html", **known)
    assert words in page
    assert told.get("reason", "") in page
    assert "<table" not in page


def test_a_run_that_looked_for_none_says_nothing(run):
    run.file("shortcuts.json").unlink()
    assert find_shortcuts(load(run)) is None


def test_no_window_is_framed_that_carries_less_than_half(run):
    names = run.records()["name"].tolist()
    weak = group(2, names[:4], proven=True)
    weak["exemplars"][0]["lost"] = 1.9  # of 4
    tell(run, groups=[weak, group(2, names[4:8], proven=True)])
    render(run)
    page = (run.report_dir / "shortcuts.html").read_text(encoding="utf-8")
    first, second = re.findall(r'<section class="fa-shortcut">.*?</section>', page, re.S)
    assert "No window of this background carries half of the effect" in first
    assert "outlined" not in first and "enlarged" not in first and first.count("<figure>") == 3
    assert "outlined" in second and "enlarged" in second and second.count("<figure>") == 4
    headings = [re.search(r"<h3.*?</h3>", each)[0] for each in (first, second)]
    assert "the background as a whole" in headings[0] != headings[1]


def test_without_a_window_a_patch_ends_with_the_foreground_elsewhere(run):
    case, flower = list(run.maps(0))[:2]
    framed, plain = patch(case, flower, [0.75, 0, 1, 0.25]), patch(case, flower, None)
    assert plain.shape == (SIDE, 3 * SIDE, 3)
    np.testing.assert_array_equal(plain[:, SIDE : 2 * SIDE], framed[:, SIDE : 2 * SIDE])


def test_a_patch_shows_the_photo_another_before_and_after_and_the_window(run):
    case, flower = list(run.maps(0))[:2]
    picture = patch(case, flower, [0.75, 0, 1, 0.25])
    assert picture.shape == (SIDE, 4 * SIDE, 3)
    photo, before, elsewhere, window = np.split(picture.astype(int), 4, axis=1)
    assert np.abs(before - elsewhere).mean() > 3  # the same flower, another background
    upper = slice(0, SIDE // 8)
    assert np.abs(photo[upper] - elsewhere[upper]).mean() < 3  # the same background
    assert np.abs(photo - elsewhere).mean() > 10  # another flower
    corner = case.image[36:, :12].mean(axis=(0, 1))
    np.testing.assert_allclose(window.mean(axis=(0, 1)), corner, atol=3)
