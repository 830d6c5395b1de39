"""The same model twice: audited as a Keras file, and as a function that gives its answers alone."""

import html
import re

import keras
import numpy as np
import pandas as pd
import pytest
from jsonschema import Draft202012Validator

import audit
from audit.checks.registry import every
from audit.checks.robustness.outputs import robustness_table
from audit.core.errors import ConfigError, ModelError, RunFolderError
from audit.report.schema import summary_schema

pytestmark = pytest.mark.usefixtures("without_charts")
EQUAL = ("prediction", "correct", "donors", "without_foreground", "only_foreground", "pasted_back",
         "mixed_same", "mask_source")  # fmt: skip
CLOSE = ("confidence", "log_odds", "foreground_effect", "background_effect", "background_share",
         "survival", "survival_same", "mixed_rand", "background_log_odds", "chance",
         "centre_skill")  # fmt: skip
WHY = "not available, because the model gives its answers alone"


class Wrapped:
    """The Keras model's probabilities, and nothing else of it."""

    def __init__(self, file):
        self.model = keras.models.load_model(file)

    def __call__(self, images):
        assert images.dtype == np.uint8
        return np.asarray(self.model(images.astype(np.float32)))


@pytest.fixture(scope="module")
def images(tmp_path_factory, draw_manifest):
    return draw_manifest(tmp_path_factory.mktemp("images"))


@pytest.fixture(scope="module")
def config(images):
    def make(**flags):
        given = {"images": images, "grabcut": False, "workers": 0, "batch_size": 2}
        given |= {"robustness": 2, "image_size": 64, "budget": "full", "health": False}
        return audit.configure(**(given | flags))

    return make


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def predict(colour_model):
    return Wrapped(colour_model)


@pytest.fixture(scope="module")
def keras_run(config, out, colour_model):
    return audit.run(config(model=colour_model, opportunity=False), out / "keras")


@pytest.fixture(scope="module")
def run(config, out, predict):
    return audit.run(config(), out / "function", model=predict)


def test_answers_and_causes_are_those_of_the_keras_model(keras_run, run):
    own, alone = (r.records.sort_values("name").reset_index(drop=True) for r in (keras_run, run))
    for column in EQUAL:
        assert own[column].tolist() == alone[column].tolist(), column
    edits = [c for c in own.columns if c.startswith("edit_") and c.endswith("_lost")]
    size = own["log_odds"].abs().max()  # a function is given whole pixels: composites are rounded
    for column in (*CLOSE, *edits):
        logits = column in edits or column.endswith(("_effect", "log_odds"))
        apart = (own[column] - alone[column]).abs().max()
        assert apart < 1e-3 * (size if logits else 1), column


def test_what_the_model_lacks_is_undefined_and_says_why(run):
    for key in ("gradcam", "ig"):
        assert set(run.records[f"{key}_reason"]) == {WHY}
        scores = [f"{key}_{score}" for score in ("mass", "skill", "rank_accuracy", "pointing")]
        assert run.records[scores].isna().all(axis=None)
    assert run.records["ig_completeness_error"].isna().all()
    assert set(run.manifest["model"]["lacks"]) == {"gradcam", "ig"}


def test_occlusion_explains_every_image_and_proposes_regions(run):
    assert (run.records["occlusion_reason"] == "").all()
    assert run.records["occlusion_skill"].min() > 0.3
    assert set(run.records["removal_proposer"]) <= {"occlusion", "scan", ""}
    assert all(list(run.maps(name).optional) == ["occlusion"] for name in run.records["name"])


def test_no_verdict_hangs_on_a_heatmap_that_is_not_there(keras_run, run):
    assert set(run.records["verdict"]) == set(keras_run.records["verdict"]) == {"right-reasons"}
    assert run.records["verdict_score"].notna().all()


def words(file):
    """What a page says: no scripts, styles, drawings and tags."""
    text = re.sub(r"<(script|style|svg)\b.*?</\1>", "", file.read_text("utf-8"), flags=re.S)
    return re.sub(r"<[^>]+>", " ", text)


@pytest.fixture(scope="module")
def pages(run):
    folder = run.folder
    files = [*folder.report_dir.rglob("*.html"), folder.report_html, folder.summary_md]
    return {file.name: words(file) for file in [*files, folder.report_dir / "data/model_card.md"]}


def test_no_page_shows_a_figure_that_is_not_there(pages):
    assert len(pages) > 15
    for name, text in pages.items():
        assert not re.search(r"\bnan\b", text, re.I), name
        assert "Grad-CAM skill" not in text and "Integrated Gradients skill" not in text, name
        assert not re.search(r"(Grad-CAM|Integrated Gradients):? +undefined", text), name


@pytest.mark.parametrize(
    "page", ["index.html", "gallery.html", "methods.html", "trust.html", "report.html",
             "right-reasons-1.html", "modelcard.html", "model_card.md", "summary.md"]
)  # fmt: skip
def test_pages_say_what_is_not_available_and_why(pages, page):
    assert re.search(r"not available", pages[page], re.I)
    assert "the model gives its answers alone" in pages[page].lower()


def test_methods_say_of_each_check_that_looks_inside_why_it_is_not_there(pages):
    for check in every():
        if check.looks_inside:
            said = f"{check.page.title} Not available, because {check.looks_inside}, and the model"
            assert said in " ".join(html.unescape(pages["methods.html"]).split())


def test_no_heatmap_is_drawn_of_what_is_not_there(run):
    pictures = [file.name for file in (run.folder.report_dir / "pictures").iterdir()]
    assert not [name for name in pictures if name.endswith("-heat.webp")]
    assert len([name for name in pictures if name.endswith("-occlusion.webp")]) == 12
    cases = (run.folder.report_dir / "gallery" / "cases.js").read_text()
    assert '"titles":["Occlusion"],' in cases and '"halves":[0],' in cases


def test_the_summary_has_nulls_and_reasons_and_keeps_to_its_schema(run):
    Draft202012Validator(summary_schema()).validate(run.summary)
    assert run.summary["figures"]["gradcam_skill"]["value"] is None
    assert run.summary["figures"]["occlusion_skill"]["n"] == 12
    inside = {check.key for check in every() if check.looks_inside}
    assert set(run.summary["unavailable"]) == {"gradcam", "ig"} | inside


def test_runs_with_and_without_are_compared(keras_run, run, out):
    page = words(audit.compare([keras_run, run], out / "compared"))
    assert not re.search(r"\bnan\b", page, re.I)


def test_checks_that_look_inside_were_not_made(run):
    made = {file.stem for file in run.folder.root.iterdir() if file.suffix in (".json", ".parquet")}
    assert not made & {"trust", "shortcuts", "opportunity"}
    assert made >= {"sensitivity", "robustness"}


def test_answers_under_corruption_are_those_of_the_keras_model(keras_run, run):
    own, alone = (robustness_table(r.folder) for r in (keras_run, run))
    answers = ["name", "corruption", "severity", "prediction", "correct", "holds"]
    pd.testing.assert_frame_equal(own[answers], alone[answers])
    assert len(alone) == 2 * 51 and not alone["correct"].all()


def test_heatmaps_under_corruption_are_undefined_and_say_why(run):
    table = pd.read_parquet(run.folder.file("robustness.parquet"))
    for key in ("gradcam", "ig"):
        assert table[[f"{key}_rank", f"{key}_mass_change"]].isna().all(axis=None)
        assert set(table[f"{key}_rank_reason"]) == set(table[f"{key}_mass_reason"]) == {WHY}


def test_the_report_has_accuracy_under_corruption_and_says_what_was_not_compared(run, pages):
    page = " ".join(pages["robustness.html"].split())
    assert "Mean corruption error" in page and "Accuracy by severity" in page
    said = "Whether Grad-CAM and Integrated Gradients heatmaps stay the same under corruption: "
    assert said + WHY in page
    assert "rank correlation" not in page.lower() and "and explanations" not in page
    assert f"**Grad-CAM under corruptions**: {WHY}" in pages["model_card.md"]
    found = run.summary["robustness"]
    assert found["not_compared"] == dict.fromkeys(("gradcam", "ig"), WHY.partition("because ")[2])
    assert found["corruptions"]["zoom"]["accuracy"][0]["n"] == 2
    likeness = found["corruptions"]["zoom"]["gradcam_rank_correlation"]
    assert likeness["value"] is None and likeness["n"] == 0


def test_the_manifest_tells_what_was_audited(run):
    model = run.manifest["model"]
    assert model["source"].endswith("test_logits_run:Wrapped")
    assert "parameters" not in model and len(model["sha256"]) == 64


def test_a_sweep_goes_on_with_the_same_function_alone(run, predict, images):
    before = run.records
    pd.testing.assert_frame_equal(run.sweep(model=predict, images=images).records, before)

    class Other(Wrapped):
        def __init__(self):
            pass

        def __call__(self, images):
            return -predict(images)

    Other.__module__, Other.__qualname__ = Wrapped.__module__, Wrapped.__qualname__
    with pytest.raises(RunFolderError, match="begun with another model"):
        run.sweep(model=Other(), images=images, anyway=True)
    with pytest.raises(ConfigError, match="begun with --model"):
        run.sweep(images=images)


def test_a_preflight_looks_at_a_function(config, predict):
    seen = audit.preflight(config(), model=predict).set_index("key")
    assert "100% of 36 images are named rightly" in seen.loc["pixels", "words"]
    assert "gradient" not in seen.index and "feature-layer" not in seen.index


def test_a_keras_model_that_is_handed_in_is_looked_into(config, keras_run, colour_model, out):
    model = keras.models.load_model(colour_model)
    found = audit.run(config(robustness=0, opportunity=False), out / "object", model=model)
    assert found.manifest["model"]["sha256"] == keras_run.manifest["model"]["sha256"]
    skills = (r.records["gradcam_skill"] for r in (keras_run, found))
    np.testing.assert_allclose(*skills)


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ({"image_size": None}, "does not say the size of its images"),
        ({"tta": 2}, "leave --tta out"),
        ({"input_scaling": "0..1"}, "takes whole pixels"),
        ({"executor": "ray"}, "stays in this process"),
        ({"model": "a.keras"}, "Two models are given"),
    ],
)
def test_what_cannot_be_is_one_line(config, out, predict, flags, words):
    with pytest.raises((ConfigError, ModelError), match=words):
        audit.run(config(**flags), out / "refused", model=predict)
    assert not (out / "refused").exists()


def test_a_function_that_fails_is_one_line_that_names_it(config, out):
    def broken(images):
        raise ValueError("no such host\nand so on")

    with pytest.raises(ModelError, match=r"broken cannot answer 6 images.*no such host\.$"):
        audit.run(config(), out / "broken", model=broken)


def test_its_last_layer_cannot_be_taught(run, out, predict):
    from audit.models.answering.classifier import AnsweringClassifier
    from audit.models.answering.model import Function
    from audit.models.lastlayer import LastLayer

    with pytest.raises(ModelError, match="no last layer to teach again: the model gives its"):
        LastLayer(AnsweringClassifier(Function(predict, 64)))
