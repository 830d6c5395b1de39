"""flower-audit check: the report says from then on what was decided."""

import json
import shutil

import pytest
import uncharted
from killed import kill_at_rename
from links import broken, read_site

from audit.gate.files import gate_json
from audit.gate.gates import Limits, hold_to_limits
from audit.report.build import render, renew
from audit.report.made import Made
from audit.storage.paths import location
from audit.storage.run import RunFolder
from audit.storage.swap import settle

BROKEN = ("--max-wrong-reasons", "0")
NOW = "2026-03-05T08:00:00+00:00"
KEPT = ("--max-wrong-reasons", "100%", "--max-suspect", "100%")


@pytest.fixture(scope="module", autouse=True)
def quick():
    """Leave the charts out."""
    with uncharted.no_charts():
        yield


@pytest.fixture
def run(own_report):
    """A run with its report."""
    return own_report


def said(run):
    """Which of the states stands in everything that shows one."""
    pages = [run.report_dir / f"{name}.html" for name in ("index", "findings", "modelcard")]
    found = {}
    for file in (*pages[:1], run.report_html, run.summary_md):
        text = file.read_text(encoding="utf-8")
        found[file.name] = [s for s in ("DO NOT SHIP", "NOT SHOWN", "WITHIN LIMITS") if s in text]
    states = {tuple(s) for s in found.values()}
    assert len(states) == 1, found
    return states.pop()


def others(run):
    """Everything in report/ that says nothing of a gate, with its time of change."""
    told = ("index.html", "findings.html", "modelcard.html",
            "data/model_card.md", "data/findings.csv", "data/actions.csv")  # fmt: skip
    files = (f for f in run.report_dir.rglob("*") if f.is_file())
    return {f.relative_to(run.report_dir).as_posix(): f.stat().st_mtime_ns for f in files
            if f.relative_to(run.report_dir).as_posix() not in told
            and f.parent.name != "search"}  # fmt: skip


def test_a_failed_gate_reaches_what_is_attached(call, run):
    assert said(run) == ("NOT SHOWN",)
    code, out, err = call("check", run.root, *BROKEN)
    assert (code, err) == (3, "")
    line = f"Report renewed: {run.report_dir / 'index.html'} and {run.report_html}"
    assert out.splitlines()[-1] == line
    assert said(run) == ("DO NOT SHIP",)
    assert "The gate failed on 1 of 2 limits" in run.report_html.read_text("utf-8")
    assert "The gate failed" in (run.report_dir / "findings.html").read_text("utf-8")
    assert "The gate failed" in (run.report_dir / "modelcard.html").read_text("utf-8")
    assert "The gate failed" in (run.report_dir / "data" / "model_card.md").read_text("utf-8")
    assert json.loads(run.summary_json.read_text())["decision"]["gate"] == "failed"


def test_the_next_check_replaces_what_the_last_one_said(call, run):
    call("check", run.root, *BROKEN)
    code, _, err = call("check", run.root, *KEPT)
    assert (code, err) == (0, "")
    assert said(run) == ("WITHIN LIMITS",)
    assert "The gate failed" not in (run.report_dir / "findings.html").read_text("utf-8")


def test_what_says_nothing_of_the_gate_stays_as_it_is(call, run):
    before = others(run)
    call("check", run.root, *BROKEN)
    assert others(run) == before
    assert broken(read_site(run.report_dir)) == []
    assert not list(run.root.glob(".report-*"))


def test_the_renewed_pages_are_those_of_a_whole_render(call, run):
    call("check", run.root, *BROKEN)
    files = [run.report_html, run.summary_md, run.summary_json]
    files += [f for f in run.report_dir.rglob("*") if f.suffix in (".html", ".md", ".js", ".json")]
    renewed = {file: file.read_text(encoding="utf-8") for file in files}
    render(run)
    for file in files:
        if file.parent.name != "search":  # its order is another one
            assert file.read_text(encoding="utf-8") == renewed[file], file


def test_a_search_finds_what_was_decided_last(call, run):
    call("check", run.root, *BROKEN)
    text = (run.report_dir / "search" / "search_index.js").read_text(encoding="utf-8")
    entries = json.loads(text.removeprefix("var __index = "))["docs"]
    assert any("The gate failed" in entry["title"] for entry in entries)
    locations = [entry["location"] for entry in entries]
    assert len(locations) == len(set(locations))
    call("check", run.root, *KEPT)
    assert "The gate failed" not in (run.report_dir / "search" / "search_index.js").read_text()


def test_a_later_report_keeps_the_decision_of_the_same_records(call, run):
    call("check", run.root, *BROKEN)
    render(run)
    assert said(run) == ("DO NOT SHIP",)
    rows = run.records().query("part == 0").to_dict("records")
    rows = [row | {"verdict_reason": "another"} if row["row"] >= 0 else row for row in rows]
    run.write_part(0, rows, list(run.maps(0)))
    render(run)
    assert said(run) == ("NOT SHOWN",)
    assert "run flower-audit check again" in run.report_html.read_text("utf-8")


def test_a_report_of_other_records_is_rendered_whole(call, run):
    before = others(run)
    run.update_manifest(data=run.manifest()["data"] | {"name": "renamed"})
    assert Made.of(run).run != Made.now(uncharted.uncharted(run).source).run
    call("check", run.root, *BROKEN)
    assert others(run).keys() == before.keys()
    assert "Audit of renamed" in (run.report_dir / "classes.html").read_text("utf-8")
    assert said(run) == ("DO NOT SHIP",)


def test_a_report_that_was_shared_stays_so(call, run):
    run.update_manifest(host={"platform": "Linux-9.9-planted"})
    render(run, share=True)
    for change in ({}, {"command": "changed, so that all is rendered"}):
        run.update_manifest(**change)
        call("check", run.root, *BROKEN)
        pages = "".join(f.read_text("utf-8") for f in run.report_dir.rglob("*.html"))
        assert "DO NOT SHIP" in pages
        assert "Linux-9.9-planted" not in pages and "10:58" not in pages


@pytest.mark.parametrize(("limits", "code"), [(BROKEN, 3), (KEPT, 0)])
def test_without_a_report_the_gates_answer_stands(call, run, limits, code):
    shutil.rmtree(run.report_dir)
    found, out, err = call("check", run.root, *limits)
    assert found == code
    assert "max-wrong-reasons" in out and "renewed" not in out
    assert err == (
        f"The report does not say so yet: {run.report_dir} is not there. Try flower-audit report "
        f"{run.root}.\n"
    )


@pytest.mark.parametrize(("limits", "code"), [(BROKEN, 3), (KEPT, 0)])
def test_a_report_that_cannot_be_written_does_not_hide_the_gates_answer(call, run, limits, code):
    (run.report_dir / "my notes.txt").write_text("keep me")
    found, out, err = call("check", run.root, *limits)
    assert found == code and "max-wrong-reasons" in out
    assert err.startswith("The report does not say so yet: ") and "my notes.txt" in err
    assert len(err.splitlines()) == 1
    assert said(run) == ("NOT SHOWN",)


def test_a_link_in_a_report_is_not_followed(call, run, tmp_path):
    outside = tmp_path / "outside"
    (run.report_dir / "data").rename(outside)
    (run.report_dir / "data").symlink_to(outside)
    with (run.report_dir / "files.txt").open("a") as listed:
        listed.write("\ndata")  # as if a render had written it
    before = (outside / "model_card.md").read_bytes()
    code, _, err = call("check", run.root, *BROKEN)
    assert code == 3
    assert "data is a link" in err
    assert (outside / "model_card.md").read_bytes() == before


@pytest.mark.parametrize(
    ("rename", "state"), [(4, "NOT SHOWN"), (6, "DO NOT SHIP"), (9, "DO NOT SHIP")]
)
def test_a_renewal_that_was_killed_is_whole_or_did_not_happen(call, run, reports, rename, state):
    hidden = run.report_dir.rename(run.root.parent / "hidden")
    call("check", run.root, *BROKEN)  # the gate alone
    hidden.rename(run.report_dir)
    kill_at_rename(reports, "renew", run, rename)
    settle(run.root)
    assert said(run) == (state,)
    assert not list(run.root.glob(".report-*"))


def test_a_report_of_an_earlier_version_is_rendered_whole(run):
    (run.report_dir / "made.json").unlink()
    renew(run)
    assert (run.report_dir / "made.json").is_file()


def test_a_report_at_a_url_is_renewed(run):
    root = location("memory://renewed/run")
    for file in (f for f in run.root.rglob("*") if f.is_file()):
        (root / file.relative_to(run.root).as_posix()).write_bytes(file.read_bytes())
    run = RunFolder(root)
    run.gate_file.write_bytes(gate_json(hold_to_limits(run, Limits(max_wrong_reasons=0.0)), NOW))
    renew(run)
    assert said(run) == ("DO NOT SHIP",)
    assert "The gate failed" in (run.report_dir / "findings.html").read_text("utf-8")
    assert (run.report_dir / "gallery.html").is_file()


def test_python_renews_too(run):
    from audit import load_run

    assert not load_run(run.root).check(max_wrong_reasons=0.0).holds
    assert said(run) == ("DO NOT SHIP",)
