"""What the report makes of confidence: worked figures, words, nothing invented of few images."""

import json
import math
from types import SimpleNamespace

import pandas as pd
import pytest
from drawnruns import PLAIN, make_run, write_predictions
from links import broken, read_site
from uncharted import render

from audit.checks.calibration.summary import calibration
from audit.report.figures import headline
from audit.report.source import load
from audit.report.templating import fill


def answered(root, sure, right, images=10):
    """A run of few explained images whose predictions are these."""
    run = make_run(root, images=images, classes=PLAIN[:2], corrupted=0, trained=False)
    predictions = [0 if hit else 1 for hit in right]
    names = [f"image {i}" for i in range(len(sure))]
    table = {"name": names, "label": 0, "prediction": predictions, "confidence": sure}
    write_predictions(run, pd.DataFrame(table))
    return run


def judged(run, **given):
    """The run with other records, of its explained images."""
    frame = run.records()
    for column, values in given.items():
        frame.loc[frame["row"] >= 0, column] = pd.array(values, dtype=frame[column].dtype)
    run.write_part(0, frame.to_dict("records"), list(run.maps(0)))
    return run


def page(run):
    """The page's text, before MkDocs frames it."""
    source = load(run)
    figures = {f.metric.key: f for f in headline(source)}
    content = SimpleNamespace(checks={"calibration": calibration(source)}, figures=figures)
    return fill("checks/calibration/page.md", content=content, source=source, subject="flower")


def nine_of_twelve(root):
    """Twelve answers, 90% sure of each; nine are right."""
    return answered(root, [0.9] * 12, [True] * 9 + [False] * 3)


@pytest.fixture
def worked(tmp_path):
    return nine_of_twelve(tmp_path / "run")


@pytest.fixture(scope="module")
def rendered(tmp_path_factory):
    run = nine_of_twelve(tmp_path_factory.mktemp("calibration") / "run")
    render(run)
    return run


def test_figures_equal_worked_ones(worked):
    found = {f.metric.key: f.estimate for f in headline(load(worked))}
    assert found["ece"].value == pytest.approx(0.15)
    assert found["over_confidence"].value == pytest.approx(0.15)
    # 9 of 12 at (0.9 - 1)^2, 3 at 0.9^2
    assert found["brier"].value == pytest.approx((9 * 0.01 + 3 * 0.81) / 12)
    assert found["ece"].low == 0 < found["ece"].value < found["ece"].high
    # |Binomial(12, 0.9) / 12 - 0.9|: its mean is 0.0659
    assert found["ece_if_calibrated"].value == pytest.approx(0.0659, abs=0.006)
    assert {found[k].n for k in ("ece", "ece_if_calibrated", "over_confidence", "brier")} == {12}


def test_a_confidence_that_is_no_number_is_left_out_and_counted(tmp_path):
    run = answered(tmp_path / "run", [0.9] * 4 + [math.nan], [True] * 5)
    found = {f.metric.key: f.estimate for f in headline(load(run))}
    for key in ("ece", "ece_if_calibrated", "over_confidence", "brier"):
        assert (found[key].n, found[key].undefined) == (4, 1), key


def test_the_summary_has_the_figures_of_all_images_alone(rendered):
    summary = json.loads(rendered.summary_json.read_text())
    assert summary["figures"]["ece"]["value"] == pytest.approx(0.15)
    assert summary["figures"]["ece_if_calibrated"]["method"] == "simulation"
    assert summary["masks_by_hand"]
    assert not {"ece", "over_confidence", "brier", "accuracy"} & set(summary["masks_by_hand"])


def test_thresholds_equal_worked_ones(tmp_path):
    sure = [0.5, 0.6, 0.7, 0.8, 0.9] * 4
    run = answered(tmp_path / "run", sure, [s > 0.55 for s in sure])
    words = ["wrong-reasons"] * 4 + ["right-reasons"] * 6
    judged(run, verdict=words, confidence=[0.5, 0.5, 0.9, 0.95] + [0.9] * 6)
    rows = {row.threshold: row for row in calibration(load(run)).coverages}
    assert rows[0.5].accuracy.value == pytest.approx(0.8) and rows[0.5].share == 1
    # 80% are asked for: 16 answers from 0.6 on, all right, and half of the shortcuts.
    assert (rows[0.6].accuracy.value, rows[0.6].accuracy.n) == (1, 16)
    assert (rows[0.6].shortcuts.value, rows[0.6].shortcuts.n) == (0.5, 4)
    assert calibration(load(run)).ranking.value == 1


def test_the_page_tells_an_error_from_chance(tmp_path):
    sure = [0.95] * 400
    text = page(answered(tmp_path / "run", sure, [i % 2 == 0 for i in range(400)]))
    assert "too sure by 45.0 percentage points" in text
    assert (
        "cannot be relied on as a probability" in text
        and "above 1 where a model is too sure" in text
    )
    other = page(answered(tmp_path / "other", [0.9] * 100, [i % 10 > 0 for i in range(100)]))
    assert "no error beyond chance is shown" in other and "calls for a correction" in other
    assert "neither too much nor too little confidence is shown" in other


def test_an_error_whose_interval_reaches_into_chance_is_not_beyond_doubt(tmp_path):
    # 48 of 60 right at 90%: an error of 10%, where chance reaches 8%.
    text = page(answered(tmp_path / "run", [0.9] * 60, [i % 5 > 0 for i in range(60)]))
    assert "larger than chance explains, but not beyond doubt" in text
    assert "cannot be relied on" not in text and "Fit a <em>temperature</em>" not in text


def test_a_model_that_is_not_sure_enough_is_called_so(tmp_path):
    text = page(answered(tmp_path / "run", [0.6] * 200, [True] * 190 + [False] * 10))
    assert "not sure enough by 35.0 percentage points" in text
    assert "below 1 where a model is not sure enough" in text


@pytest.mark.parametrize(
    ("confidence", "said"),
    [
        ([0.9, 0.92, 0.94, 0.96, 0.98, 0.5, 0.52, 0.54, 0.56, 0.58], "<strong>Yes</strong>"),
        ([0.5, 0.52, 0.54, 0.56, 0.58, 0.9, 0.92, 0.94, 0.96, 0.98], "No, less sure"),
        ([0.5, 0.6, 0.7, 0.8, 0.9, 0.5, 0.6, 0.7, 0.8, 0.9], "No difference is shown"),
    ],
)
def test_the_page_says_whether_shortcuts_are_surer(tmp_path, confidence, said):
    run = answered(tmp_path / "run", [0.9] * 12, [True] * 9 + [False] * 3)
    words = ["wrong-reasons"] * 5 + ["right-reasons"] * 5
    assert said in page(judged(run, verdict=words, confidence=confidence))


def test_too_few_shortcuts_are_not_compared(worked):
    words = ["wrong-reasons"] + ["right-reasons"] * 9
    found = calibration(load(judged(worked, verdict=words))).shortcuts
    assert math.isnan(found.value)
    assert found.reason == "fewer than 2 predictions are right for the wrong reasons"
    assert found.reason in page(worked)


def test_one_image_has_no_interval_and_no_judgement(tmp_path):
    run = make_run(tmp_path / "run", images=1, classes=["only"])
    text = page(run)
    assert "too few to say whether it is too sure" in text and "no interval" in text
    assert "so no threshold tells right from wrong here" in text


def test_no_predictions_have_no_calibration(tmp_path):
    run = answered(tmp_path / "run", [], [])
    table = pd.DataFrame({"name": [], "label": [], "prediction": [], "confidence": []})
    types = {"name": "str", "label": "int32", "prediction": "int32", "confidence": "float64"}
    table.astype(types).to_parquet(run.predictions_file)
    assert "there is no confidence to judge" in page(run)
    assert all(math.isnan(f.estimate.value) for f in headline(load(run)) if f.metric.key == "ece")


def test_charts_say_in_words_what_they_show(rendered):
    found = read_site(rendered.report_dir)[(rendered.report_dir / "calibration.html").resolve()]
    labels = [a["aria-label"] for _, a in found.elements if a.get("role") == "img"]
    assert "Reliability diagram, bins of equal width: 90% sure, 75% right of 12." in labels
    said = "9 right answers in the median 90% sure, 3 wrong answers in the median 90% sure"
    assert f"Histogram of confidence: {said}." in labels


def test_the_single_file_and_the_overview_say_it_too(rendered):
    for file in (rendered.report_html, rendered.report_dir / "index.html"):
        assert "expected calibration error is 15.0%" in file.read_text(encoding="utf-8")
    assert broken(read_site(rendered.report_dir)) == []
