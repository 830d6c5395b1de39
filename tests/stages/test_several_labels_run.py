"""Images of several labels, from the manifest to the report: red and blue honest, green a tag."""

import re

import keras
import numpy as np
import pandas as pd
import pytest
from jsonschema import Draft202012Validator
from PIL import Image
from scipy.special import expit
from severallabels import LABELS, SETS, model, write

import audit
from audit.core.errors import ConfigError, ModelError
from audit.report.schema import summary_schema
from audit.report.source import load

pytestmark = pytest.mark.usefixtures("without_charts")


@pytest.fixture(scope="module")
def manifest(tmp_path_factory):
    return write(tmp_path_factory.mktemp("images") / "discs")


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    made = tmp_path_factory.mktemp("model") / "discs.keras"
    model().save(made)
    return made


@pytest.fixture(scope="module")
def configured(manifest, file):
    def make(**flags):
        given = {"images": manifest, "model": file, "grabcut": False, "workers": 0}
        return audit.configure(**(given | {"batch_size": 8, "budget": "full"} | flags))

    return make


@pytest.fixture(scope="module")
def run(configured, tmp_path_factory):
    return audit.run(configured(), tmp_path_factory.mktemp("runs") / "several")


def test_each_label_that_is_there_is_one_row(run):
    records = run.records
    rows = {f"{s}" for s in records["name"]}
    assert len(rows) == len(records) == 3 * sum(map(len, SETS)) == 27
    assert all(row.name.endswith(f" [{row.label_name}]") for row in records.itertuples())
    assert set(records["prediction_name"]) == set(LABELS)
    assert records["correct"].all()


def test_the_score_of_a_row_is_its_labels_own_logit(run, file, manifest):
    own = keras.models.load_model(file)
    linear = model(activation="linear")
    for row in run.records.head(5).itertuples():
        image = np.asarray(Image.open(manifest.parent / row.name.split(" [")[0]), np.float32)[None]
        z = float(np.asarray(linear(image))[0, row.label])
        assert row.log_odds == pytest.approx(z, abs=1e-3)
        assert row.logit == pytest.approx(z / 2, abs=1e-3)
        assert row.confidence == pytest.approx(
            float(np.asarray(own(image))[0, row.label]), abs=1e-3
        )


def test_the_label_that_rests_on_the_tag_is_right_for_wrong_reasons_alone(run):
    verdicts = run.records.groupby("label_name")["verdict"].agg(set)
    assert verdicts["green"] == {"wrong-reasons"}
    assert verdicts["red"] == verdicts["blue"] == {"right-reasons"}


def test_intervals_draw_whole_images(run):
    source = load(run.folder)
    assert source.clusters.by == "image"
    clusters = source.predictions.groupby(source.images(source.predictions))["cluster"]
    assert (clusters.nunique() == 1).all()
    assert source.clusters.images == 27 and source.clusters.clusters <= 18  # near-duplicates, too
    assert run.summary["figures"]["accuracy"]["n"] == 27


def test_what_is_of_one_class_an_image_is_not_available_and_says_why(run):
    told = run.summary["unavailable"]
    assert {"calibration", "confusions", "opportunity", "robustness", "shortcuts"} <= set(told)
    assert all(why.endswith("and images have several labels") for why in told.values())
    assert run.summary["figures"]["ece"]["value"] is None
    for page in ("calibration", "confusions", "shortcuts"):
        assert not (run.folder.report_dir / f"{page}.html").exists()
    assert "Not available: " in run.folder.summary_md.read_text()


def test_the_report_calls_the_share_of_labels_recall(run):
    index = (run.folder.report_dir / "index.html").read_text()
    assert "Recall of labels" in index
    assert "Images may have several labels." in index
    assert "- Recall of labels: 100" in run.folder.summary_md.read_text()
    words = re.sub(r"<(script|style|svg)\b.*?</\1>|<[^>]+>", " ", index, flags=re.S)
    assert not re.search(r"\bAccuracy\b", words)


def test_labels_that_are_not_there_are_counted_on_a_page_of_their_own(run):
    part = run.summary["labels"]
    assert (part["images"], part["images_of_several_labels"]) == (18, 9)
    assert part["precision"]["value"] == part["recall"]["value"] == 1
    assert (run.folder.report_dir / "labels.html").is_file()
    Draft202012Validator(summary_schema()).validate(run.summary)


def test_data_health_reads_an_image_once(run):
    assert run.summary["health"]["images"] == 6 * (4 + 3)
    pairs = pd.read_parquet(run.folder.file("duplicates.parquet"))
    assert (pairs["a"] != pairs["b"]).all()


def test_a_killed_sweep_goes_on_with_the_same_rows(run, configured):
    before = run.records
    folder = run.folder
    (folder.records_dir / "part-00000.parquet").unlink()
    again = audit.run(configured(), folder.root, resume=True).records
    pd.testing.assert_frame_equal(
        *(t.sort_values("name", ignore_index=True) for t in (before, again))
    )


@pytest.fixture(scope="module")
def missing_red(configured, tmp_path_factory):
    """A function of probabilities, audited: the same answers, but red is said nowhere."""
    own = model(activation="linear")

    def predict(images):
        return expit(np.asarray(own(images.astype(np.float32))) - [0, 0, 8])

    config = configured(model=None, image_size=64)
    return audit.run(config, tmp_path_factory.mktemp("runs") / "missing", model=predict)


def test_a_function_of_probabilities_is_audited_label_by_label(run, missing_red):
    found, before = (r.records.set_index("name") for r in (missing_red, run))
    assert set(found.loc[found["label_name"] == "green", "verdict"]) == {"wrong-reasons"}
    others = found["label_name"] != "red"
    assert (found["log_odds"] - before["log_odds"])[others].abs().max() < 1e-2


def test_a_label_that_is_missed_is_explained_as_not_there(run, missing_red):
    red = missing_red.records.query("label_name == 'red'")
    assert set(red["prediction_name"]) == {"not red"} and not red["correct"].any()
    there = run.records.set_index("name")["log_odds"].loc[red["name"]].to_numpy()
    np.testing.assert_allclose(red["log_odds"], 8 - there, atol=1e-2)
    assert set(red["verdict"]) <= {"misread", "distracted"}
    page = next((missing_red.folder.report_dir / "classes").glob("2-red*.html")).read_text()
    assert "not red" in page
    assert missing_red.summary["labels"]["recall"]["value"] == pytest.approx(18 / 27)


def test_runs_of_several_labels_are_compared_and_gated(run, missing_red, tmp_path):
    page = audit.compare([run, missing_red], tmp_path / "comparison")
    assert "red" in page.read_text()
    found = missing_red.check(min_accuracy=0.9, min_class_accuracy=0.5)
    words = [outcome.words for outcome in found.outcomes]
    assert any(word.startswith("Recall of labels 66.7%") for word in words)


@pytest.mark.parametrize(
    ("flags", "error", "said"),
    [
        (
            {"model": None, "weights": "random"},
            ConfigError,
            "training teaches one class an image: give --model",
        ),
        ({"tta": 4}, ConfigError, "leave --tta out"),
        (
            {"labels": "one"},
            ModelError,
            r"tells 3 classes apart, but discs has 6 .*--labels several",
        ),
    ],
)
def test_what_cannot_be_of_several_labels_is_one_line(configured, tmp_path, flags, error, said):
    with pytest.raises(error, match=said):
        audit.run(configured(**flags), tmp_path / "run")


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (
            lambda: model(activation="softmax"),
            r"exclude each other \(softmax end\), but discs",
        ),
        (lambda: model((0,)), "one unit tells two classes apart, but discs gives images several"),
        (
            lambda: model((0, 1)),
            r"2 classes apart, but discs has 3 .*, or --labels one",
        ),
    ],
)
def test_a_model_that_does_not_answer_for_each_label_is_one_line(configured, tmp_path, made, said):
    file = tmp_path / "other.keras"
    made().save(file)
    with pytest.raises(ModelError, match=said):
        audit.run(configured(model=file), tmp_path / "run")


def looked_at(config):
    return audit.preflight(config).set_index("key")


def test_another_order_of_the_outputs_is_seen_by_images_of_one_label(configured, tmp_path):
    file = tmp_path / "turned.keras"
    model((2, 1, 0)).save(file)
    found = looked_at(configured(model=file)).loc["class-order"]
    assert found["strength"] == "strong"
    assert "2 of 3 outputs read as other classes, 100% of 21 images" in found["words"]


def test_without_images_of_one_label_nothing_tells_of_pixels_and_order(configured, tmp_path):
    images = write(tmp_path / "discs", train=1, test=2, sets=SETS[3:])
    found = looked_at(configured(images=images, labels="several"))
    assert found.loc["one-label", "strength"] == "weak"
    assert not {"class-order", "accuracy"} & set(found.index)
