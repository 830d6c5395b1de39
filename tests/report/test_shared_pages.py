"""What is made to be sent tells neither host nor time of day, and of earlier runs no secret."""

import json
from pathlib import Path

import pytest
from drawnruns import PLAIN, make_run
from leaks import KEY, SECRET, TOKEN, USER, holding
from uncharted import render

from audit.compare.build import render as compare

MADE_ON = "Linux-9.9-planted"


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """Two drawn runs with a host; the second is asked to be shared."""
    root = tmp_path_factory.mktemp("pair")
    runs = [make_run(root / n, images=12, classes=PLAIN[:2], size=32) for n in "ab"]
    for run, share in zip(runs, (False, True), strict=True):
        run.update_manifest(host={"platform": MADE_ON})
        render(run, share=share)
    return runs


def pages(run):
    return "".join(p.read_text(encoding="utf-8") for p in run.report_dir.rglob("*.*ml"))


def test_the_site_tells_the_host_unless_it_is_shared(pair):
    assert [MADE_ON in pages(run) for run in pair] == [True, False]


def test_the_site_tells_times_of_day_unless_it_is_shared(pair):
    for time in ("10:58", "10:15"):
        assert [time in pages(run) for run in pair] == [True, False]
    assert "2026-03-04" in pages(pair[1])


def test_the_file_to_attach_never_tells_host_or_time_of_day(pair):
    for run in pair:
        text = run.report_html.read_text(encoding="utf-8")
        assert not any(each in text for each in (MADE_ON, "10:58", "10:15"))
        assert "2026-03-04" in text


def test_a_comparison_never_tells_the_time_of_day(pair, tmp_path):
    page = compare(pair, tmp_path / "compared")
    for file in page.parent.iterdir():
        assert "10:58" not in file.read_text(encoding="utf-8")


def test_the_settings_of_a_run_say_whether_it_is_shared(pair):
    run = pair[0]
    run.update_manifest(config=run.manifest()["config"] | {"share": True})
    render(run)
    assert MADE_ON not in pages(run)


# Runs of earlier versions


@pytest.fixture(scope="module")
def old(tmp_path_factory):
    """The report of a run whose manifest holds what earlier versions kept."""
    run = make_run(tmp_path_factory.mktemp("old") / "run", images=12, classes=PLAIN[:2], size=32)
    manifest = run.manifest()
    location = f"/home/{USER}/my project"
    manifest["command"] = (
        f"flower-audit run --images '{location}/photos' --out s3://{KEY}:{SECRET}@b/x"
    )
    manifest["config"] |= {"images": f"{location}/photos", "data_dir": f"s3:/{KEY}:{SECRET}@b/x"}
    manifest["model"]["source"] = f"{location}/m.keras"
    words = f"masks of {location}/photos/a.png, C:\\Users\\{USER}\\b.png and ?token={TOKEN}"
    manifest["preflight"]["observations"][0]["words"] = words
    manifest["data"]["skipped"] = [{"name": "a", "split": "test", "reason": f"no {location}/a.png"}]
    run.manifest_file.write_text(json.dumps(manifest))
    render(run)
    return run


def test_a_report_of_an_earlier_run_holds_none_of_it(old):
    made = [old.report_html, old.summary_json, old.summary_md, *old.report_dir.rglob("*.*")]
    assert holding(filter(Path.is_file, made), USER, KEY, SECRET, TOKEN) == []
    assert "masks of photos/a.png, b.png" in old.report_html.read_text(encoding="utf-8")
