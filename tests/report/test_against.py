"""The last release in a report: kept by a check, dropped by a report of the run alone, inert."""

import json
import shutil

import pytest
import uncharted
from drawnruns import HOSTILE, PLAIN, make_run
from jsonschema import Draft202012Validator
from links import broken, read_site

from audit.compare.against import beside, beside_or_why
from audit.core.errors import RunFolderError
from audit.report.against import FILE, Against
from audit.report.build import renew
from audit.report.schema import summary_schema
from audit.storage.run import RunFolder

CLASSES = [*PLAIN[:2], HOSTILE[1]]


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """The last release, and a run whose report sets it beside."""
    root = tmp_path_factory.mktemp("against")
    old, new = (
        make_run(root / name, images=24, classes=CLASSES, size=32, seed=seed)
        for seed, name in enumerate((HOSTILE[4].replace("/", "_"), "new"))
    )
    uncharted.render(new, beside=beside(new, old))
    return old, new


@pytest.fixture
def run(runs, tmp_path):
    """A copy of the run with its report."""
    shutil.copytree(runs[1].root, tmp_path / "new")
    return RunFolder(tmp_path / "new")


def told(run):
    return json.loads(run.summary_json.read_text("utf-8"))["against"]


def page(run, name="index"):
    return (run.report_dir / f"{name}.html").read_text("utf-8")


def test_the_figures_have_a_column_and_the_first_screen_a_line(runs):
    _, new = runs
    accuracy = told(new)["figures"]["accuracy"]
    for text in (page(new), new.report_html.read_text("utf-8")):
        assert '<th scope="col">Last release</th>' in text
        assert accuracy["change"] in text
        assert "Last release: <bdi>" in text and "(model <code" in text
        assert text.count("fa-since") >= 6
    assert "whole comparison is <code>report/compare/compare.html" in new.report_html.read_text()


def test_the_summary_to_paste_has_a_line(runs):
    line = next(
        line
        for line in runs[1].summary_md.read_text("utf-8").splitlines()
        if "last release" in line
    )
    assert told(runs[1])["figures"]["accuracy"]["words"] in line.replace("\\", "")
    assert "wrong reasons among right" in line and "report/compare/compare.html" in line


def test_the_summary_keeps_it_by_its_schema(runs):
    summary = json.loads(runs[1].summary_json.read_text("utf-8"))
    assert list(Draft202012Validator(summary_schema()).iter_errors(summary)) == []
    assert summary["against"]["tested"] == 24


def test_what_is_attached_holds_the_whole_comparison(runs):
    listed = (runs[1].report_dir / "files.txt").read_text().split("\n")
    files = ("compare.html", "compare.json", "compare.md", "flips-B.csv")
    assert {f"compare/{name}" for name in files} | {FILE} <= set(listed)
    pages = read_site(runs[1].report_dir)
    assert ("a", "compare/compare.html") in pages[
        (runs[1].report_dir / "index.html").resolve()
    ].links
    assert broken(pages) == []


def test_names_of_a_last_release_are_text(runs):
    for text in (page(runs[1]), runs[1].report_html.read_text("utf-8")):
        assert "<img src=x" not in text
        assert "[link](http:__example.com)" in text


def test_a_check_keeps_it(call, run):
    before, compared = told(run), page(run, "compare/compare")
    with uncharted.no_charts():
        code, _, err = call("check", run.root, "--max-wrong-reasons", "0")
    assert (code, err) == (3, "")
    assert "DO NOT SHIP" in page(run) and "Last release: <bdi>" in page(run)
    assert told(run) == before and page(run, "compare/compare") == compared
    assert "Last release: <bdi>" in run.report_html.read_text("utf-8")


def test_the_renewed_pages_are_those_of_a_whole_render(runs, run):
    with uncharted.no_charts():
        renew(run)
    files = ("report/index.html", "report.html", "summary.json", "summary.md")
    assert all((run.root / f).read_bytes() == (runs[1].root / f).read_bytes() for f in files)


def test_a_report_of_the_run_alone_says_that_it_drops_it(call, run, caplog):
    with uncharted.no_charts():
        assert call("report", run.root)[0] == 0
    assert f"flower-audit report {run.root} --against PREVIOUS does." in caplog.text
    assert told(run) is None and not (run.report_dir / "compare").exists()
    assert "ast release" not in page(run) + run.summary_md.read_text("utf-8")
    caplog.clear()
    uncharted.render(run)
    assert "no longer" not in caplog.text


def test_report_against_a_run_of_other_data_changes_nothing(call, run, tmp_path):
    other = make_run(tmp_path / "other", images=4, classes=CLASSES, size=32, data="tulips")
    before = run.report_html.read_bytes()
    code, _, err = call("report", run.root, "--against", other.root)
    assert code == 1 and len(err.splitlines()) == 1
    assert "were audited on other data sets" in err
    assert run.report_html.read_bytes() == before


def test_a_report_says_why_there_is_no_comparison(run, tmp_path):
    other = make_run(tmp_path / "other", images=4, classes=CLASSES, size=32, data="tulips")
    uncharted.render(run, beside=beside_or_why(run, other))
    for text in (page(run), run.report_html.read_text("utf-8")):
        assert "Not compared with the last release" in text
        assert "were audited on other data sets" in text
        assert "Last release</th>" not in text and "fa-since" not in text.split("</style>")[-1]
    assert "Not compared with the last release, other: " in run.summary_md.read_text("utf-8")
    assert told(run)["figures"] == {} and told(run)["why"]
    assert not (run.report_dir / "compare").exists()


def test_it_is_read_as_it_was_written(runs):
    old, new = runs
    assert repr(Against.of(new)) == repr(beside(new, old).told)


@pytest.mark.parametrize(
    "change",
    [
        {"figures": {"accuracy": {}}},
        {"place": None, "figures": 3},
        {"tested": "many"},
        {"figures": {"accuracy": {"says": "best"}}},
    ],
)
def test_a_torn_file_is_one_line(run, change):
    file = run.report_dir / FILE
    file.write_text(json.dumps(json.loads(file.read_text()) | change))
    with pytest.raises(RunFolderError, match=r"against\.json is torn"):
        renew(run)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_first_screen_fits_with_the_last_release(visit, runs, theme):
    shown = visit(runs[1].report_dir / "index.html", height=800, theme=theme)
    box = shown.locator(".fa-screen").bounding_box()
    assert box["y"] + box["height"] <= 800
    shown.get_by_role("link", name="Whole comparison").first.click()
    shown.get_by_role("heading", name="Is B better than A").wait_for()


def test_a_phone_shows_it_without_scrolling_sideways(visit, runs):
    for file in (runs[1].report_dir / "index.html", runs[1].report_html):
        shown = visit(file, width=360)
        assert shown.evaluate("document.documentElement.scrollWidth") <= 360
