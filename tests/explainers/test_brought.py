"""The handbook's own explainer, brought by an entry point: found everywhere."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from brought import bring
from jsonschema import Draft202012Validator

from audit.report import exports
from audit.report.build import render
from audit.storage.run import RunFolder

ROOT = Path(__file__).parents[2]
HANDBOOK = ROOT / "site" / "explainers.md"


def block(kind):
    """The handbook's only block of code of a kind."""
    (found,) = re.findall(rf"^```{kind}\n(.*?)^```$", HANDBOOK.read_text("utf-8"), re.S | re.M)
    return found


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    project = tomllib.loads(block("toml"))["project"]
    points = project["entry-points"]["flower_audit.explainers"]
    return bring(tmp_path_factory.mktemp("site"), project["name"], block("python"), points)


@pytest.fixture(scope="module")
def flower_audit(package):
    """Run the command line in a process that has the package: its exit code, and what it says."""

    def call(*args):
        paths = os.pathsep.join([str(package), str(ROOT)])
        command = [sys.executable, "-c", "from audit import cli; cli.main()", *map(str, args)]
        done = subprocess.run(command, env=os.environ | {"PYTHONPATH": paths}, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)  # fmt: skip
        return done.returncode, done.stdout

    return call


@pytest.fixture(scope="module")
def run(tmp_path_factory, flower_audit, draw_manifest, colour_model):
    images = draw_manifest(tmp_path_factory.mktemp("images"), per_split={"test": 2})
    out = tmp_path_factory.mktemp("runs") / "run"
    code, said = flower_audit(
        "run", "--images", images, "--model", colour_model, "--out", out, "--no-grabcut",
        "--explainers", "gradcam,ig,squares", "--explain-sample", 3, "--interventions", "off",
        "--ig-steps", 4, "--robustness", 0, "--no-health", "--workers", 0,
    )  # fmt: skip
    assert code == 0, said
    return RunFolder.open(out)


def text(file):
    return file.read_text(encoding="utf-8")


def test_records_have_its_figures_of_the_images_sampled(run):
    records = run.records()
    assert records["squares_reason"].value_counts().to_dict() == {"": 3, "not sampled": 3}
    # The model sees nothing but the subject.
    assert records["squares_skill"].dropna().min() > 0.5


def test_its_heatmaps_are_kept_and_drawn(run):
    assert sorted(len(m.optional) for m in run.maps(0)) == [0, 0, 0, 1, 1, 1]
    assert len(list((run.report_dir / "pictures").glob("*-squares.webp"))) == 3


def test_gallery_and_cards_show_it(run):
    assert '"titles":["Grad-CAM","Integrated Gradients","Grey squares"]' in text(
        run.report_dir / "gallery" / "cases.js"
    )
    pages = "".join(map(text, (run.report_dir / "cases").glob("*.html")))
    assert pages.count('<th scope="row">Grey squares</th>') == 3


def test_charts_tables_methods_and_glossary_know_it(run):
    trust = text(run.report_dir / "trust.html")
    assert trust.count("Grey squares") > 8  # in tables, in the legends of charts and in their words
    for page in ("methods", "glossary"):
        assert "arXiv 1311.2901" in text(run.report_dir / f"{page}.html")
    assert "what its logit loses with one square" in text(run.report_html)


def test_the_summary_has_its_figures_and_keeps_to_its_schema(run):
    told = json.loads(text(run.summary_json))
    assert told["figures"]["squares_skill"]["n"] == 3
    schema = json.loads(text(Path(exports.__file__).parent / "summary.schema.json"))
    assert not list(Draft202012Validator(schema).iter_errors(told))


@pytest.fixture
def copy(run, tmp_path):
    shutil.copytree(run.root, tmp_path / "run")
    return RunFolder.open(tmp_path / "run")


HOSTILE = "<script>alert(1)</script> *x*\n# y"


def test_a_report_is_rendered_where_it_is_not_installed_and_what_the_run_says_stays_text(copy):
    kept = copy.manifest()["explainers"]
    kept["squares"]["description"] += HOSTILE
    copy.update_manifest(explainers=kept)
    render(copy)
    for page in ("glossary", "methods"):
        said = text(copy.report_dir / f"{page}.html")
        assert "arXiv 1311.2901" in said
        assert "Not installed where this report was made: the words are those of its run." in said
        assert "<script>alert" not in said and "&lt;script&gt;alert(1)" in said
        assert "<em>x</em>" not in said and ">y</h1>" not in said


def test_the_help_lists_it(flower_audit):
    code, said = flower_audit("run", "--help")
    assert code == 0
    assert "occlusion, lime, shap, squares." in " ".join(said.split())
