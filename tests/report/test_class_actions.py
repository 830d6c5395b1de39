"""What to do, class by class: what findings ask of single classes, and nothing else."""

import csv

import pytest
import uncharted
from drawnruns import HOSTILE, PLAIN, make_run
from gateruns import accused, answered, case, write_run
from links import broken, read_site

from audit.report.actions import class_actions
from audit.report.findings import findings
from audit.report.templating import fill

CLASSES = [*PLAIN[:3], HOSTILE[1]]


def actions(root, cases, classes=("rose", "tulip")):
    return class_actions(uncharted.uncharted(write_run(root / "run", cases, classes)))


def asked(found):
    return [(of.name, each.finding.key, each.action.what) for of in found for each in of.asked]


def of_tulip(wrong, n):
    return [one | {"label": 1, "prediction": 1} for one in accused(wrong, n)]


def test_a_class_with_wrong_reasons_is_to_be_looked_at_with_count_and_interval(tmp_path):
    (rose,) = actions(tmp_path, [*accused(12, 40), *of_tulip(0, 40)])
    assert (rose.index, rose.name) == (0, "rose")
    (only,) = rose.asked
    assert only.action.why == (
        "12 of 40 right answers have wrong reasons: 30.0% (95% interval 18.1% to 45.4%, n = 40), "
        "more than in the other classes together."
    )
    (link,) = only.action.links
    assert (link.text, link.address) == ("12 cases", "gallery.html#class=0&verdict=wrong-reasons")


def test_what_two_findings_ask_alike_is_said_once(tmp_path):
    run = write_run(tmp_path / "run", [*accused(12, 40), *of_tulip(0, 40)])
    content = uncharted.uncharted(run)
    keys = {finding.key for finding in findings(content)}
    assert {"wrong-reasons", "classes-wrong-reasons"} <= keys
    assert asked(class_actions(content)) == [("rose", "wrong-reasons", "look")]


def test_findings_for_information_ask_for_nothing(tmp_path):
    run = write_run(tmp_path / "run", [*accused(1, 400), *of_tulip(1, 400)])
    content = uncharted.uncharted(run)
    severity = {finding.key: finding.severity for finding in findings(content)}
    assert severity["wrong-reasons"] == "info"
    assert class_actions(content) == []


def test_a_class_that_is_often_wrong_needs_images(tmp_path):
    cases = [*answered(5, 40), *answered(40, 40, 1), *answered(40, 40, 2)]
    (weak,) = actions(tmp_path, cases, ["rose", "tulip", "lily"])
    (only,) = weak.asked
    assert (weak.name, only.finding.key, only.action.what) == ("rose", "weak-classes", "collect")
    assert only.action.why.startswith("Named rightly in 12.5% (95% interval 5.5% to 26.1%, n = 40)")
    assert "Most often taken for tulip (35)." in only.action.why
    assert only.action.links[0].address == "gallery.html#class=0&answer=wrong"


def test_doubtful_masks_are_counted_by_class(tmp_path):
    doubted = [case(mask_doubt="tiny: 0.4% of the image") for _ in range(30)]
    (rose,) = actions(tmp_path, [*doubted, *answered(10, 10), *answered(60, 60, 1)])
    (only,) = rose.asked
    assert (only.finding.key, only.action.what) == ("doubtful-masks", "check masks")
    assert only.action.why.startswith("30 masks look unlikely, or leave out what decides: 75.0% (")


def test_the_gravest_class_comes_first(tmp_path):
    weak = [*answered(5, 40, 1), *answered(60, 60, 2)]
    found = actions(tmp_path, [*weak, *accused(30, 40)], ["rose", "tulip", "lily"])
    assert asked(found)[0] == ("rose", "wrong-reasons", "look")
    assert ("tulip", "weak-classes", "collect") in asked(found)


@pytest.fixture(scope="module")
def rendered(tmp_path_factory):
    run = make_run(tmp_path_factory.mktemp("actions") / "run", images=60, classes=CLASSES, size=32)
    uncharted.render(run)
    return run


def rows(run):
    with (run.report_dir / "data" / "actions.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_checks_ask_what_their_findings_say(rendered):
    told = {(row["class"], row["finding"], row["do"]) for row in rows(rendered)}
    assert (CLASSES[0], "sensitivity", "collect") in told  # rests on its texture
    assert (CLASSES[1], "shortcuts", "collect") in told
    content = uncharted.uncharted(rendered)
    grave = {f.key for f in findings(content) if f.severity != "info"}
    assert {finding for _, finding, _ in told} <= grave


def test_the_sheet_and_the_pages_list_the_same(rendered):
    pages = read_site(rendered.report_dir)
    page = pages[(rendered.report_dir / "findings.html").resolve()]
    assert ("a", "data/actions.csv") in page.links
    assert broken(pages) == []
    text = (rendered.report_dir / "findings.html").read_text("utf-8")
    single = rendered.report_html.read_text("utf-8")
    for row in rows(rendered):
        assert float(row["figure_low"] or 0) <= float(row["figure"] or 0)
        for shown in (text, single):
            assert row["what_to_do"] in shown.replace("&#39;", "'")
    listed = {row["class_index"] for row in rows(rendered)}
    left = len(CLASSES) - len(listed)
    said = f"{len(listed)} classes of {len(CLASSES)} are listed"
    assert said in text and said in single
    assert not left or f"of the other {left} they ask nothing" in text


def test_names_in_the_list_are_text(rendered):
    for file in (rendered.report_dir / "findings.html", rendered.report_html):
        assert "<img src=x" not in file.read_text("utf-8")


def test_where_nothing_is_to_be_done_that_is_said_with_the_number_of_classes(tmp_path):
    content = uncharted.uncharted(write_run(tmp_path / "run", accused(0, 40)))
    text = fill("partials/actions.html", content=content, actions=[], links=False, root="")
    assert "none of 2 classes is listed" in text and "<table" not in text
