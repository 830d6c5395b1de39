"""What the report makes of a run's corruptions: worked figures, words, and where they are shown."""

import json
import math

import pandas as pd
import pytest
from drawnruns import make_run
from links import broken, read_site
from uncharted import render

from audit.checks.robustness.corruptions import CORRUPTIONS, SEVERITIES
from audit.checks.robustness.outputs import robustness_table
from audit.checks.robustness.statistics import mean_corruption_error, outcomes
from audit.checks.robustness.summary import robustness
from audit.report.source import load


@pytest.fixture
def worked(tmp_path):
    """Two images: zoom spoils the first from severity 3 on, noise both at 5; the rest is right."""
    run = make_run(tmp_path / "run", images=4, corrupted=2)
    table = robustness_table(run).assign(correct=True, holds=True, gradcam_rank=0.9)
    first = table["name"] == table["name"].iloc[0]
    zoomed = first & (table["corruption"] == "zoom") & (table["severity"] >= 3)
    noisy = (table["corruption"] == "gaussian_noise") & (table["severity"] == 5)
    table.loc[zoomed | noisy, ["correct", "holds"]] = False
    table.loc[zoomed | noisy, "gradcam_rank"] = float("nan")
    table.loc[table["corruption"] == "jpeg", "gradcam_rank"] = 0.4
    table.to_parquet(run.file("robustness.parquet"))
    return run


def test_errors_equal_worked_ones(worked):
    found = robustness(load(worked))
    rows = {row.key: row for row in found.rows}
    assert (found.images, found.clean.value) == (2, 1)
    assert rows["zoom"].error.value == pytest.approx(3 / 10)
    assert rows["gaussian_noise"].error.value == pytest.approx(2 / 10)
    assert found.error.value == pytest.approx((0.3 + 0.2) / 10)
    assert found.cost.value == found.error.value  # no clean answer is wrong
    accuracies = [level.accuracy.value for level in rows["zoom"].levels]
    assert accuracies == [1, 1, 0.5, 0.5, 0.5]
    # Wilson of 1 of 2, z = 1.96: 0.5 -+ 0.4055
    last = rows["zoom"].levels[4].accuracy
    assert (last.low, last.high, last.n) == (
        pytest.approx(0.0945, abs=1e-3),
        pytest.approx(0.9055, abs=1e-3),
        2,
    )
    assert [row.key for row in found.worst[:2]] == ["zoom", "gaussian_noise"]


def test_the_mean_is_the_score_modules(worked):
    found = robustness(load(worked))
    columns = [
        robustness_table(worked)[c].tolist() for c in ("name", "corruption", "severity", "correct")
    ]
    scored = mean_corruption_error(outcomes(*columns))
    assert found.error.value == pytest.approx(scored.value)
    assert {row.key: row.error.value for row in found.rows} == pytest.approx(scored.by_corruption)


def test_likeness_is_averaged_where_answers_hold(worked):
    rows = {row.key: row for row in robustness(load(worked)).rows}
    assert rows["zoom"].rank.value == pytest.approx(0.9)
    level = rows["gaussian_noise"].levels[4]
    assert math.isnan(level.rank.value) and (level.rank.n, level.rank.undefined) == (0, 2)
    assert robustness(load(worked)).least_stable.key == "jpeg"
    assert rows["zoom"].changed == [3, 4, 5]
    assert rows["jpeg"].changed == []


def test_the_pages_say_what_hurts_most_only_where_it_is_shown(worked):
    render(worked)
    page = (worked.report_dir / "robustness.html").read_text(encoding="utf-8")
    # Zoom spoils one image of two: its bootstrap interval reaches down to 0.
    assert "No corruption is shown to cost answers" in page
    table = robustness_table(worked)
    table.loc[table["corruption"] == "occlusion", "correct"] = False
    table.to_parquet(worked.file("robustness.parquet"))
    render(worked)
    page = (worked.report_dir / "robustness.html").read_text(encoding="utf-8")
    assert "<strong>Occlusion</strong> hurts most: 100.0%" in page
    assert "then zoom with 30.0%" in page
    assert "hides part of the subject" in page
    assert "another answer at 3, 4, 5" in page
    assert "occlusion costs most" in (worked.report_dir / "index.html").read_text(encoding="utf-8")
    assert "<strong>Occlusion</strong> hurts most" in worked.report_html.read_text(encoding="utf-8")


def test_the_summary_has_the_figures(worked):
    render(worked)
    found = json.loads(worked.summary_json.read_text())["robustness"]
    assert found["images"] == 2
    assert found["mean_corruption_error"]["value"] == pytest.approx(0.05)
    assert found["clean_accuracy"]["value"] == 1
    assert list(found["corruptions"]) == list(CORRUPTIONS)
    zoom = found["corruptions"]["zoom"]
    assert [level["value"] for level in zoom["accuracy"]] == [1, 1, 0.5, 0.5, 0.5]
    assert zoom["mean_error"]["value"] == pytest.approx(0.3)


def test_every_chart_and_strip_says_in_words_what_it_shows(report):
    page = read_site(report.report_dir)[(report.report_dir / "robustness.html").resolve()]
    labels = [a["aria-label"] for _, a in page.elements if a.get("role") == "img"]
    for kind in CORRUPTIONS.values():
        assert any(label.startswith(f"{kind.title} at severities 1 to 5") for label in labels)
    strips = [a["alt"] for tag, a in page.elements if tag == "img" and "robustness" in a["src"]]
    assert len(strips) == len(set(strips)) == len(CORRUPTIONS)


def test_the_page_gives_every_parameter(report):
    page = (report.report_dir / "robustness.html").read_text(encoding="utf-8")
    assert "<td>15 and 8</td>" in page and "<td>0.38</td>" in page
    assert page.count("<td>5</td>") >= len(SEVERITIES)


def test_a_run_without_corruptions_says_nothing_of_them(tmp_path):
    run = make_run(tmp_path / "run", images=4, corrupted=0)
    render(run)
    assert not (run.report_dir / "robustness.html").exists()
    assert json.loads(run.summary_json.read_text())["robustness"] is None
    for page in (run.report_dir / "index.html", run.report_html):
        # what is defined for all runs follows the methods
        said, *_ = page.read_text(encoding="utf-8").split(">Methods</h2>")
        assert "orruption" not in said
    assert broken(read_site(run.report_dir)) == []


def test_one_image_has_figures_without_an_interval(tmp_path):
    run = make_run(tmp_path / "run", images=1, classes=["only"])
    render(run)
    assert "no interval" in (run.report_dir / "robustness.html").read_text(encoding="utf-8")


def test_a_lost_picture_costs_the_pictures_alone(tmp_path):
    run = make_run(tmp_path / "run", images=4)
    run.file("robustness.webp").unlink()
    render(run)
    assert "through all of it" not in (run.report_dir / "robustness.html").read_text()
    assert isinstance(robustness_table(run), pd.DataFrame)
