"""A training that is killed at the worst moments ends with the model of an unbroken one."""

import io
import json
import signal
import zipfile

import h5py
import numpy as np
import pytest

from audit.storage.run import RunFolder

# A training that is told where to die: at the first call of a function, before it, after it, or
# with half of its file written; or where its folder is to become a file under its hands.
PROGRAM = """
import importlib, json, os, signal, sys
from pathlib import Path
import keras
import audit.stages.commands
from audit.settings import load_config
from audit.core.errors import AuditError
from audit.models.backbones import BACKBONES, Backbone

def tiny(size, weights):
    x = keras.Input((size, size, 3))
    y = keras.layers.Rescaling(1 / 128, offset=-1)(x)
    return keras.Model(x, keras.layers.Conv2D(4, 8, 8, activation="relu")(y), name="tiny")

BACKBONES["tiny"] = Backbone(tiny, 32, "drawn")
config, out, die = json.loads(sys.argv[1]), Path(sys.argv[2]), json.loads(sys.argv[3])

def die_in(where, name, how):
    module, _, owner = where.partition(":")
    place = importlib.import_module(module)
    place = getattr(place, owner) if owner else place
    real = getattr(place, name)

    def without_folder(*args, **kwargs):
        os.rename(out, out.with_name("away"))
        out.write_text("not yours")
        return real(*args, **kwargs)

    def dying(*args, **kwargs):
        if how != "before":
            real(*args, **kwargs)
        if how == "half":
            os.truncate(args[1], os.path.getsize(args[1]) // 2)
        os.kill(os.getpid(), signal.SIGKILL)

    setattr(place, name, without_folder if how == "file" else dying)

if die:
    die_in(*die)
try:
    audit.stages.commands.train(load_config(config), out, resume=True)
except AuditError as error:
    out.with_name("said").write_text(str(error))
    sys.exit(1)
"""
# Where, which function, how; in the order in which a training comes to them.
MOMENTS = {
    "while the first weights are written": ("keras:Model", "save_weights", "half"),
    "between the weights and the history of an epoch": (
        "audit.training.backup", "write_whole", "before"),
    "between the history and the end of older weights": (
        "audit.training.backup", "write_whole", "after"),
    "while the weights of a later epoch are written": ("keras:Model", "save_weights", "half"),
    "between the head and fine-tuning": ("audit.training.training", "_fine_tune", "before"),
    "while the first weights of fine-tuning are written": ("keras:Model", "save_weights", "half"),
    "between the weights and the history of fine-tuning": (
        "audit.training.backup", "write_whole", "before"),
    "while the model is written": ("keras:Model", "save", "half"),
    "between the model's rename and its checksum": (
        "audit.storage.run:RunFolder", "vouch", "before"),
}  # fmt: skip
# The model is done, the files of training are there.
LAST = ("audit.stages.training", "remove", "before")


@pytest.fixture(scope="module")
def train(tmp_path_factory, draw_manifest, forks):
    """Train into a folder, dying where told; gives the exit code."""
    images = draw_manifest(tmp_path_factory.mktemp("images"), per_split={
        "train": 4, "validation": 2, "test": 1})  # fmt: skip
    config = {"images": str(images), "backbone": "tiny", "weights": "random", "image_size": 32,
              "epochs": 3, "fine_tune_epochs": 2, "batch_size": 4, "pipeline": "augmented",
              "grabcut": False, "workers": 0}  # fmt: skip

    def run(out, die=None):
        return forks.start(PROGRAM, json.dumps(config), out, json.dumps(die)).wait()

    return run


@pytest.fixture(scope="module")
def unbroken(train, tmp_path_factory):
    out = tmp_path_factory.mktemp("unbroken") / "run"
    assert train(out) == 0
    return RunFolder(out)


def weights(run):
    """Every array of the model's weights, by its path."""
    with zipfile.ZipFile(run.model_file) as archive:
        content = io.BytesIO(archive.read("model.weights.h5"))
    found = {}
    with h5py.File(content) as held:
        held.visititems(lambda name, item: found.update({name: item[()]})
                        if isinstance(item, h5py.Dataset) else None)  # fmt: skip
    return found


def assert_equal(run, expected):
    ours, theirs = weights(run), weights(expected)
    assert ours.keys() == theirs.keys()
    for name, array in theirs.items():
        np.testing.assert_array_equal(ours[name], array, err_msg=name)
    assert run.history_file.read_bytes() == expected.history_file.read_bytes()
    assert {f.name for f in run.root.iterdir()} == {f.name for f in expected.root.iterdir()}
    assert run.has(run.model_file)


def test_a_training_that_is_killed_at_every_moment_ends_with_the_same_model(
    train, unbroken, tmp_path
):
    run = RunFolder(tmp_path / "run")
    for moment, place in MOMENTS.items():
        assert train(run.root, place) == -signal.SIGKILL, moment
        assert not run.has(run.model_file), moment
    assert train(run.root, LAST) == -signal.SIGKILL
    assert run.has(run.model_file)
    for _ in ("goes on", "has nothing left to do"):
        assert train(run.root) == 0
        assert_equal(run, unbroken)


@pytest.mark.parametrize("function", ["save_weights", "save"])
def test_a_folder_that_is_gone_when_the_model_is_written_is_one_line(train, tmp_path, function):
    run = RunFolder(tmp_path / "run")
    assert train(run.root, ("keras:Model", function, "file")) == 1
    said = (tmp_path / "said").read_text()
    assert f" {run.root}/" in said
    assert said.endswith(": Not a directory.")
    assert run.root.read_text() == "not yours"
