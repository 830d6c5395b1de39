"""A self-test on a run's own data: worlds are made once, the run is judged by what they teach."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from convolutions import save_convolutions
from jsonschema import Draft202012Validator
from links import broken, read_site

from audit.checks.on_data.measure import Asked, write
from audit.checks.on_data.outputs import FILE
from audit.checks.selftest.record import standing
from audit.core.errors import ConfigError, DataError, RunFolderError
from audit.core.track import silent
from audit.report.schema import summary_schema
from audit.report.source import load
from audit.settings import load_config
from audit.stages import commands, ondata
from audit.stages.context import context_of
from audit.stages.inputs import read_inputs
from audit.stages.resume import carried
from audit.storage.run import RunFolder

pytestmark = pytest.mark.usefixtures("without_charts", "without_sanity")
SPLITS = {"train": 14, "validation": 3, "test": 12}
SAMPLE = 24


@pytest.fixture(scope="module")
def model(tmp_path_factory, draw):
    """Random convolutions see colours and grain; a head on them tells the discs apart."""
    labels = np.repeat(np.arange(3), 20)
    images = [draw(label, seed)[0] for seed, label in enumerate(labels.tolist())]
    return save_convolutions(tmp_path_factory.mktemp("model") / "random.keras", images, labels, 1.0)


@pytest.fixture(scope="module")
def given(tmp_path_factory, draw_manifest, model):
    manifest = draw_manifest(tmp_path_factory.mktemp("images"), per_split=SPLITS)
    return {"images": manifest, "model": model}


@pytest.fixture(scope="module")
def finished(tmp_path_factory, given):
    """A run of few images, none of which tells anything of the self-test."""
    settings = {"workers": 0, "ig_steps": 2, "batch_size": 16, "explain": 3, "robustness": 0,
                "health": False, "opportunity": False}  # fmt: skip
    out = tmp_path_factory.mktemp("runs") / "run"
    with pytest.MonkeyPatch.context() as patch:  # its first report says nothing here
        patch.setattr(commands, "report", lambda *_, **__: None)
        commands.run(load_config(given | settings), out)
    return RunFolder.open(out)


def begun(folder, given):
    """What a sweep or a self-test of the run works with."""
    config = load_config(carried(folder, given | {"workers": 0}))
    return context_of(folder, read_inputs(config, ("test",), folder, silent), silent)


@pytest.fixture(scope="module")
def shared(finished, given):
    return begun(finished, given)


@pytest.fixture
def few(shared):
    """Test images of which one class alone has images enough."""
    return [item for item in shared.tested if item.label == 0 or item.name.endswith("17.png")]


@pytest.fixture(scope="module")
def killed(finished, shared):
    """The same after a self-test that ended before its second kind: what is finished is there."""
    write(shared, Asked(("border",), SAMPLE))
    return {file.name: file.stat().st_mtime_ns for file in (finished.root / "selftest").iterdir()}


def test_a_self_test_calibrates_a_run_on_its_own_data(finished, given, killed, call):
    flags = [f"--{key}={value}" for key, value in given.items()]
    kinds = ["--kind", "border", "--kind", "texture"]
    asked = ["--on", finished.root, *kinds, "--sample", SAMPLE, "--workers", 0, *flags]
    code, out, err = call("selftest", *asked)
    assert code == 0, err
    told = json.loads(FILE.file(finished).read_text())
    assert [row["key"] for row in told["kinds"]] == ["border", "texture"]
    assert told["proven"]["n"] == 2 and told["false_alarms"]["n"] == told["calibration"]["n"]
    assert told["calibration"]["n"] >= 59 and told["false_alarms"]["value"] <= 0.2
    # What was finished is not made again.
    files = {file.name: file.stat().st_mtime_ns for file in (finished.root / "selftest").iterdir()}
    assert len(killed) == 3 and len(files) == 4
    assert killed.items() <= files.items()
    # The run is judged by the threshold, and says so everywhere.
    threshold = told["calibration"]["threshold"]
    assert finished.config()["accusing_score"] == threshold
    assert f"accusing_score {threshold:.3f}: at most 5% of clean images are accused" in out
    summary = finished.summary()
    assert list(Draft202012Validator(summary_schema()).iter_errors(summary)) == []
    assert summary["selftest"]["calibration"]["threshold"] == threshold
    page = (finished.report_dir / "index.html").read_text()
    assert "Calibrated on this data" in page and "On your data" in page
    assert "ceil(0.95 (n + 1))-th" in (finished.report_dir / "selftest.html").read_text()
    lost = broken(read_site(finished.report_dir))
    assert [link for link in lost if "selftest" in link] == []
    # Another threshold is another standing.
    assert standing(load(finished)) == "here"
    commands.judge(finished, {"accusing_score": 0.9})
    assert standing(load(finished)) == "own"


def test_the_photographs_of_a_world_owe_their_stamp_what_it_is_worth(finished, killed):
    context = finished.table(
        finished.root / "selftest" / f"border-seed-0-of-{SAMPLE}.parquet",
        {"shortcut": "text", "true_effect": "real", "true_survival": "real", "label": "whole"},
    )
    plain, stamped = context[context["shortcut"] == ""], context[context["shortcut"] == "border"]
    assert len(plain) == SAMPLE and len(stamped) == SAMPLE // 3
    assert stamped["label"].nunique() == 1
    assert plain["true_effect"].abs().max() < 1e-3 and (plain["true_survival"] == 1).all()
    assert stamped["true_effect"].median() > 1.5


def test_a_run_without_records_is_told_to_sweep_first(tmp_path, given):
    RunFolder.create(tmp_path / "run", resume=False).update_manifest(config={})
    folder = RunFolder.open(tmp_path / "run")
    with pytest.raises(RunFolderError, match="has no records yet: flower-audit sweep"):
        ondata.run(load_config(given), folder, Asked())


def test_a_stamp_that_there_is_none_of_is_named():
    with pytest.raises(
        ConfigError, match="There is no stamp 'tatoo': choose of none, tag, tag-2, "
    ):
        Asked(("tatoo",))


def test_too_few_images_of_a_class_are_told_before_anything_is_taught(shared, few):
    with pytest.raises(DataError, match="has 1 classes with 6 images to learn from"):
        write(replace(shared, tested=few), Asked(("tag",), SAMPLE))


@pytest.mark.parametrize(
    ("asked", "words"),
    [((), "Give --out FOLDER"), (("--out", "a", "--on", "b"), "Give --out FOLDER")],
)
def test_it_is_on_planted_worlds_or_on_a_run(call, asked, words):
    code, _, err = call("selftest", *asked)
    assert code == 2 and words in err
