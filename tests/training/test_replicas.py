"""Training on several devices and hosts, held against training on one."""

import json
import random
import socket
from contextlib import suppress

import h5py
import numpy as np
import pandas as pd
import pytest

from audit.core.errors import ConfigError
from audit.storage.run import RunFolder
from audit.training.replicas import replicas, shared_out

# A backbone that takes no time; mirrored on two processors where asked for.
PROGRAM = """
import os, sys
import tensorflow as tf
if os.environ.get("TWO_DEVICES"):
    cpu = tf.config.list_physical_devices("CPU")[0]
    two = [tf.config.LogicalDeviceConfiguration()] * 2
    tf.config.set_logical_device_configuration(cpu, two)
    import audit.training.replicas as replicas
    mirrored = replicas.Replicas(tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]))
    assert mirrored._count == 2
    replicas.replicas = lambda: mirrored
from test_training import BACKBONES, Backbone, tiny
BACKBONES["tiny"] = Backbone(tiny, 32, "drawn")
from audit.cli import main
main()
"""


@pytest.fixture(scope="module")
def start(tmp_path_factory, draw_manifest, forks):
    """Start `train` in a process of its own: frozen head on augmented images, then fine-tuning."""
    images = draw_manifest(tmp_path_factory.mktemp("images"), size=32)
    flags = ["--images", images, "--backbone", "tiny", "--weights", "random", "--image-size", 32,
             "--pipeline", "augmented", "--batch-size", 7, "--epochs", 2,
             "--fine-tune-epochs", 2, "--no-grabcut"]  # fmt: skip

    def begin(out, *more, **environment):
        return forks.start(PROGRAM, "train", *flags, "--out", out, *more, **environment)

    return begin


@pytest.fixture(scope="module")
def alone(start, tmp_path_factory):
    out = tmp_path_factory.mktemp("alone") / "run"
    work = start(out)
    assert work.wait() == 0, work.err.read_text()
    return RunFolder(out)


def free_port():
    """A port that is free, and below those that the system gives to whoever asks for any."""
    while True:
        port = random.SystemRandom().randrange(20_000, 30_000)
        with suppress(OSError), socket.create_server(("localhost", port)):
            return port


def hosts(count):
    """TF_CONFIG of each host of a cluster on this machine."""
    addresses = [f"localhost:{free_port()}" for _ in range(count)]
    tasks = [{"type": "worker", "index": index} for index in range(count)]
    return [json.dumps({"cluster": {"worker": addresses}, "task": task}) for task in tasks]


def weights(run, tmp_path):
    """All weights of a model, by path; no need for Keras."""
    import zipfile

    zipfile.ZipFile(run.model_file).extract("model.weights.h5", tmp_path)
    found = {}
    with h5py.File(tmp_path / "model.weights.h5") as file:
        file.visititems(
            lambda name, it: found.update({name: it[()]}) if isinstance(it, h5py.Dataset) else None
        )
    return found


def assert_alike(run, expected, tmp_path):
    """Same weights and history but for rounding, and padding in the accuracy of training."""
    one, other = (weights(each, tmp_path) for each in (run, expected))
    assert one.keys() == other.keys()
    for name in one:
        np.testing.assert_allclose(one[name], other[name], rtol=1e-3, atol=1e-4)
    history = [pd.read_csv(each.history_file) for each in (run, expected)]
    columns = ["epoch", "loss", "val_accuracy", "val_loss"]
    pd.testing.assert_frame_equal(*(table[columns] for table in history), rtol=1e-3)


def test_shares_are_of_one_size_and_weigh_as_much_as_the_batch():
    inputs, labels = np.arange(3), np.arange(3) * 10
    first, second = shared_out((inputs, labels, np.array([3.0, 6, 9])), 2)
    assert [values.tolist() for values in first] == [[0, 1], [0, 10], [4, 8]]
    assert [values.tolist() for values in second] == [[2, 0], [20, 0], [12, 0]]


def test_two_devices_learn_what_one_does(start, alone, tmp_path):
    work = start(tmp_path / "run", TWO_DEVICES="1")
    assert work.wait() == 0, work.err.read_text()
    assert_alike(RunFolder(tmp_path / "run"), alone, tmp_path)


def test_two_hosts_learn_what_one_does_and_the_first_alone_writes(start, alone, tmp_path):
    works = [start(tmp_path / f"run{k}", TF_CONFIG=given) for k, given in enumerate(hosts(2))]
    codes = [work.wait() for work in works]
    assert codes == [0, 0], [work.err.read_text() for work in works]
    assert_alike(RunFolder(tmp_path / "run0"), alone, tmp_path)
    assert not (tmp_path / "run1").exists()


def test_a_host_with_other_settings_is_refused(start, tmp_path):
    first, second = hosts(2)
    chief = start(tmp_path / "run0", TF_CONFIG=first)
    other = start(tmp_path / "run1", "--seed", "9", TF_CONFIG=second)
    assert [work.wait() for work in (other, chief)] == [1, 1]
    assert "another seed than this host" in other.err.read_text()
    assert "A host of TF_CONFIG was lost" in chief.err.read_text().splitlines()[-1]


@pytest.mark.parametrize(
    "given",
    [
        "{",
        '{"cluster": {"worker": ["a:1", "b:2"]}}',
        '{"cluster": {"worker": ["a:1"]}, "task": {"type": "worker", "index": 3}}',
        '{"cluster": {"worker": ["a:1"], "ps": ["b:2"]}, "task": {"type": "ps", "index": 0}}',
    ],
)
def test_a_config_that_makes_no_sense_is_one_line(monkeypatch, given):
    monkeypatch.setenv("TF_CONFIG", given)
    replicas.cache_clear()
    with pytest.raises(ConfigError, match="TF_CONFIG"):
        replicas()
