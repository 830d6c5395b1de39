"""The model card's front matter: what the Hugging Face Hub reads, and nobody else obeys."""

import json
import re

import pytest
import yaml
from drawnruns import HOSTILE, PLAIN, make_run
from gateruns import answered, write_run
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from uncharted import uncharted

from audit.report.exports import card_md, summary
from audit.report.templating import plain, yaml_text


@pytest.fixture
def run(tmp_path):
    return make_run(tmp_path / "run", images=12, classes=PLAIN[:3], size=32)


def card(run):
    return card_md(uncharted(run)).decode()


def front(run):
    """What stands above the card, by a YAML reader that Hub and huggingface_hub use as well."""
    begin, matter, body = card(run).split("---\n", 2)
    assert begin == "" and body.startswith("# Model card: ")
    return yaml.safe_load(matter)


def result(run):
    (model,) = front(run)["model-index"]
    (one,) = model["results"]
    return one


def test_figures_are_metrics_with_interval_and_n(run):
    one = result(run)
    metrics = {m["type"]: m for m in one["metrics"]}
    figures = summary(uncharted(run))["figures"]
    assert {"accuracy", "wrong_reasons_share", "bg_gap", "ig_skill"} <= set(metrics)
    for key, metric in metrics.items():
        assert metric["value"] == pytest.approx(figures[key]["value"], abs=1e-6)
    assert metrics["accuracy"]["name"].startswith("Accuracy: 83.3% (55.2% to 95.3%, n = 12)")
    assert one["task"] == {"type": "image-classification"}
    assert one["dataset"]["split"] == "test"
    assert one["dataset"]["args"] == {"fingerprint": run.manifest()["data"]["fingerprint"]}


def test_what_is_undefined_is_no_metric(tmp_path):
    bare = write_run(tmp_path / "run", answered(8, 10))  # no heatmap scores
    figures = summary(uncharted(bare))["figures"]
    undefined = {key for key, figure in figures.items() if figure["value"] is None}
    told = {metric["type"] for metric in result(bare)["metrics"]}
    assert "gradcam_skill" in undefined
    assert "accuracy" in told and not undefined & told


def test_where_nothing_was_measured_there_is_no_index(tmp_path):
    assert "model-index" not in front(write_run(tmp_path / "run", []))


@pytest.mark.parametrize(
    ("said", "licence"),
    [
        ("", {}),
        ("CC BY 4.0", {"license": "cc-by-4.0"}),
        ("Apache-2.0", {"license": "apache-2.0"}),
        ("Ask us: <b>", {"license": "other", "license_name": "ask-us-b"}),
    ],
)
def test_the_owners_licence_is_one_of_the_hubs_or_other(run, said, licence):
    run.owner_file.write_text(f"licence = {json.dumps(said)}", encoding="utf-8")
    assert {k: v for k, v in front(run).items() if "license" in k} == licence


def test_a_given_models_library_is_not_invented(tmp_path, run):
    assert front(run)["library_name"] == "keras"
    given_one = make_run(tmp_path / "given", images=4, size=32, trained=False)
    assert "library_name" not in front(given_one)


def test_a_name_reads_as_itself_and_is_no_markup(run):
    name = "---\n# other: [1".join(HOSTILE)
    run.update_manifest(data=run.manifest()["data"] | {"name": name})
    (model,) = front(run)["model-index"]
    assert model["name"] == plain(f"efficientnetb0 on {name}")
    assert model["results"][0]["dataset"]["name"] == plain(name)


@pytest.mark.parametrize("name", [*HOSTILE, "---", "yes", "1e3", r"\u0041", "@everyone"])
def test_a_name_is_no_markup_where_nobody_reads_yaml(name):
    line = f"- name: {yaml_text(name)}"
    assert yaml.safe_load(line) == [{"name": plain(name)}]
    html = MarkdownIt("commonmark").enable("table").render(line)
    assert set(re.findall(r"<(\w+)", html)) == {"ul", "li"}


@given(st.text(st.characters()))
def test_any_text_reads_as_itself(text):
    assert yaml.safe_load(yaml_text(text)) == plain(text)


def test_the_hubs_own_package_reads_the_card(run):
    hub = pytest.importorskip("huggingface_hub", reason="huggingface_hub is not installed")
    read = hub.ModelCard(card(run), ignore_metadata_errors=False).data
    assert read.model_name == "efficientnetb0 on oxford_flowers102"
    assert read.pipeline_tag == "image-classification"
    accuracy = next(each for each in read.eval_results if each.metric_type == "accuracy")
    assert (accuracy.task_type, accuracy.dataset_split) == ("image-classification", "test")
    assert accuracy.metric_value == pytest.approx(10 / 12, abs=1e-6)
    written = hub.ModelCardData(
        model_name=read.model_name, eval_results=read.eval_results
    ).to_dict()
    assert written["model-index"] == front(run)["model-index"]
