"""Images that are not independent: kept in a run, drawn together, and told of."""

import json

import pandas as pd
import pytest
from jsonschema import Draft202012Validator

from audit.core.errors import DataError, RunFolderError
from audit.gate.gates import Limits, hold_to_limits
from audit.report.clusters import GIVEN
from audit.report.content import content
from audit.report.schema import summary_schema
from audit.report.source import load
from audit.settings import change, load_config
from audit.stages import commands

pytestmark = pytest.mark.usefixtures("without_charts", "without_sanity")
OFF = {"workers": 0, "robustness": 0, "health": False, "opportunity": False, "ig_steps": 2,
       "interventions": "off", "batch_size": 4}  # fmt: skip


@pytest.fixture(scope="module")
def config(tmp_path_factory, draw_manifest, colour_model):
    """Six test images: two of a plant of each class, but one that has no value."""
    manifest = draw_manifest(tmp_path_factory.mktemp("images"), per_split={"train": 1, "test": 2})
    table = pd.read_csv(manifest)
    table["plant"] = [f"no. {label}" for label in table["label"]]
    table.loc[table.index[table["split"] == "test"][-1], "plant"] = ""
    table["pot"] = "one"
    table.to_csv(manifest, index=False)
    return load_config({"images": manifest, "model": colour_model, "cluster": "plant"} | OFF)


@pytest.fixture(scope="module")
def run(config, tmp_path_factory):
    return commands.run(config, tmp_path_factory.mktemp("run") / "run")


def test_figures_draw_the_clusters_of_the_column(run):
    found = load(run).clusters
    assert (found.by, found.images, found.clusters, found.largest) == ("plant", 6, 4, 2)
    accuracy = content(load(run)).figures["accuracy"].estimate
    assert (accuracy.method, accuracy.n) == ("cluster bootstrap", 6)


def test_the_report_and_the_summary_say_so(run):
    told = "images of one plant together: 4 clusters of 6 test images"
    for page in ("index.html", "methods.html"):
        assert told in (run.report_dir / page).read_text(encoding="utf-8")
    summary = json.loads(run.file("summary.json").read_text(encoding="utf-8"))
    Draft202012Validator(summary_schema()).validate(summary)
    assert summary["clusters"] == {"by": "plant", "images": 6, "clusters": 4, "largest": 2}


def test_the_gate_of_classes_counts_a_plant_once(run):
    outcome = next(
        o for o in hold_to_limits(run, Limits(min_class_accuracy=0.5)).outcomes
        if o.key == "min-class-accuracy"
    )  # fmt: skip
    table = load(run).predictions
    assert outcome.estimate.n == 2 and "cluster" in table
    assert outcome.estimate.high == 1 > outcome.estimate.low


def test_other_clusters_are_refused_once_they_are_kept(run, config):
    with pytest.raises(RunFolderError, match="begun with cluster = plant, not pot"):
        commands.run(change(config, cluster="pot"), run.root, resume=True)


def test_an_unknown_column_ends_the_run_before_anything_is_written(config, tmp_path):
    with pytest.raises(DataError, match=r"--cluster place: .* further columns are plant, pot"):
        commands.run(change(config, cluster="place"), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_table_that_names_an_image_twice_is_refused(run):
    file = GIVEN.file(run)
    kept = file.read_bytes()
    table = pd.read_parquet(file)
    run.keep(file, pd.concat([table, table[:1]]).to_parquet(index=False))
    with pytest.raises(RunFolderError, match="twice"):
        load(run)
    run.keep(file, kept)
