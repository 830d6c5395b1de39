"""Sweeps on real Ray clusters of several nodes on this machine, held against the local sweep."""

import json
import logging
import os
import re
import shutil
import signal
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
from forked import MAIN

from audit.core.errors import ClusterError, ConfigError
from audit.execution import local, ray_executor
from audit.execution.ray_executor import room_of
from audit.settings import change, load_config
from audit.stages import commands
from audit.storage.run import RunFolder

pytest.importorskip("ray")
from ray.cluster_utils import Cluster

pytestmark = pytest.mark.usefixtures("without_charts")


@pytest.fixture(scope="module", autouse=True)
def small_parts():
    """Parts of three, so that a dozen images make several."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(local, "PART_SIZE", 3)
        yield


@pytest.fixture(scope="module")
def images(tmp_path_factory, draw_manifest):
    """Thirty-six test images, twelve parts; one image is broken, one has no mask."""
    root = tmp_path_factory.mktemp("images")
    manifest = draw_manifest(root, per_split={"test": 12})
    (root / "0_04.png").write_bytes((root / "0_04.png").read_bytes()[:500])
    table = pd.read_csv(manifest).set_index("path")
    table.loc["1_04.png", "mask"] = None
    table.to_csv(manifest)
    return manifest


@pytest.fixture(scope="module")
def config(images, colour_model):
    def make(**flags):
        given = {"images": images, "model": colour_model, "workers": 0, "batch_size": 2}
        off = {"robustness": 0, "health": False, "opportunity": False}
        return load_config(given | off | {"ig_steps": 4} | flags)

    return make


@pytest.fixture(scope="module")
def swept(tmp_path_factory, config):
    """A run swept on this machine alone."""
    return commands.run(config(), tmp_path_factory.mktemp("runs") / "local")


@pytest.fixture
def to_do(swept, tmp_path):
    """The same run as if no part were written yet."""
    shutil.copytree(swept.root, tmp_path / "run")
    run = RunFolder.open(tmp_path / "run")
    forget(run, *run.done_parts())
    return run


@pytest.fixture(scope="module")
def cluster():
    """A head without cores, and a node with one; tests add others."""
    head = {"num_cpus": 0, "include_dashboard": False}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_worker_niceness", "0")  # at Ray's 15 they wait until no other test runs
        try:
            made = Cluster(initialize_head=True, head_node_args=head)
            made.add_node(num_cpus=1)
        except Exception as error:  # it needs shared memory and free ports
            pytest.skip(f"no Ray cluster can start here: {error}")
        yield made
        made.shutdown()


@pytest.fixture
def ray_config(config, cluster):
    return config(executor="ray", address=cluster.address, worker_cores=1)


def forget(run, *parts):
    for part in parts:
        for folder, suffix in (("records", "parquet"), ("maps", "npz"), ("checksums", "json")):
            (run.root / folder / f"part-{part:05d}.{suffix}").unlink()


def contents(run):
    """Every file of records, maps and checksums, whatever session wrote it."""
    files = (f for folder in (run.records_dir, run.maps_dir) for f in folder.iterdir())
    sums = {f.name: json.loads(f.read_bytes()) for f in run.checksums_dir.iterdir()}
    return {f.name: f.read_bytes() for f in files} | {
        name: {key: told for key, told in each.items() if key != "session"}
        for name, each in sums.items()
    }


def written(caplog):
    """Numbers of the parts written, in their order."""
    events = [getattr(record, "data", {}) for record in caplog.records]
    return [event["part"] for event in events if event.get("event") == "part"]


def first_worker(caplog):
    """Number of the process of the worker that was ready first."""
    return int(re.search(r"A worker is ready on .*, process (\d+)\.", caplog.text)[1])


def lost_workers(caplog):
    """Numbers of the processes of the workers that were lost once they were ready."""
    return [int(n) for n in re.findall(r"Lost the worker on .*, process (\d+) ", caplog.text)]


def parent_of(process):
    return int(Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[1])


def raylet_of(node):
    return node.all_processes["raylet"][0].process.pid


def after(count, do):
    """A `Track` that does something once ``count`` images are explained."""

    def track(items, label, total):
        for number, item in enumerate(items, start=1):
            yield item
            if label == "explain" and number == count:
                do()

    return track


def test_a_node_killed_midway_changes_no_bit(cluster, ray_config, swept, to_do, caplog):
    caplog.set_level(logging.DEBUG, "audit")
    to_do.update_manifest(ig_batch=None)
    cluster.add_node(num_cpus=1)
    killed = []

    def kill():  # the node of the worker that had the first part, and has the next in hand
        killed.append(first_worker(caplog))
        raylet = parent_of(killed[0])
        (node,) = (n for n in cluster.worker_nodes if raylet_of(n) == raylet)
        os.kill(killed[0], signal.SIGKILL)  # on its own it would outlive its node for a moment
        cluster.remove_node(node, allow_graceful=False)

    commands.sweep(ray_config, to_do, track=after(3, kill))
    assert contents(to_do) == contents(swept)
    assert sorted(written(caplog)) == list(range(12))
    assert to_do.manifest()["ig_batch"] in (3, 6)
    # That one at least: until Ray finds the node dead, others are sent there and lost too.
    assert killed[0] in lost_workers(caplog)


def test_a_crashed_worker_is_replaced_and_only_missing_parts_are_done(
    ray_config, swept, to_do, caplog
):
    caplog.set_level(logging.DEBUG, "audit")
    shutil.copytree(swept.root, to_do.root, dirs_exist_ok=True)
    forget(to_do, 1, 4)

    def kill():
        os.kill(first_worker(caplog), signal.SIGKILL)

    commands.sweep(ray_config, to_do, track=after(3, kill))
    assert contents(to_do) == contents(swept)
    assert sorted(written(caplog)) == [1, 4]
    assert caplog.text.count("A worker is ready") == 2
    stages = to_do.manifest()["stages"]
    assert stages["explain"] > swept.manifest()["stages"]["explain"]  # the workers' own is added


def test_a_mask_that_cannot_be_used_costs_its_image_alone(ray_config, to_do, images):
    mask = images.parent / "2_03_mask.png"
    content = mask.read_bytes()
    mask.write_bytes(b"torn")
    try:
        commands.sweep(change(ray_config, interventions="off"), to_do)
    finally:
        mask.write_bytes(content)
    records = to_do.records().set_index("name")
    assert len(records) == 36
    assert records.loc["2_03.png", "verdict"] == "undecided"
    assert mask.name in records.loc["2_03.png", "verdict_reason"]


def test_a_part_that_ends_its_workers_is_named_with_its_images(
    ray_config, swept, to_do, caplog, monkeypatch
):
    caplog.set_level(logging.INFO, "audit")
    monkeypatch.setattr(ray_executor, "TRIES", 1)
    shutil.copytree(swept.root, to_do.root, dirs_exist_ok=True)
    forget(to_do, 1, 4)
    names = swept.records().query("part == 4")["name"]
    with pytest.raises(ClusterError, match=r"^Part 4 was lost with 1 workers: .*") as error:
        kill = after(3, lambda: os.kill(first_worker(caplog), signal.SIGKILL))
        commands.sweep(ray_config, to_do, track=kill)
    assert str(error.value).endswith(f"Its images: {', '.join(names)}.")
    assert to_do.done_parts() == {*range(12)} - {4}


def test_ctrl_c_ends_with_130_and_takes_the_workers_with_it(ray_config, to_do, forks):
    given = ("images", "model", "executor", "address", "worker_cores")
    settings = ray_config.flat()
    flags = [f"--{key.replace('_', '-')}={settings[key]}" for key in given]
    to_do.update_manifest(config=change(ray_config, ig_steps=100_000).kept())
    work = forks.start(MAIN, "sweep", to_do.root, *flags)
    try:
        while not (ready := re.search(r"A worker is ready .*process (\d+)", work.err.read_text())):
            assert work.state() != "Z", work.err.read_text()
            time.sleep(0.1)
        work.send_signal(signal.SIGINT)
        assert work.wait() == 130
    finally:
        work.kill()
    err = work.err.read_text()
    assert err.splitlines()[-1].startswith("Error: Interrupted.")
    assert "Traceback" not in err
    process, end = ready[1], time.monotonic() + 120
    while Path("/proc", process).exists():
        assert time.monotonic() < end
        time.sleep(0.1)


# Without a cluster


def test_no_ray_is_one_line_before_anything_is_written(config, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ClusterError, match=r"pip install 'flower-audit\[ray\]'"):
        commands.run(config(executor="ray"), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_no_cluster_is_one_line_before_anything_is_written(config, tmp_path):
    nowhere = config(executor="ray", address="127.0.0.1:1")
    with pytest.raises(ClusterError, match=r"--address 127\.0\.0\.1:1: ") as error:
        commands.run(nowhere, tmp_path / "run")
    assert "\n" not in str(error.value)
    assert not (tmp_path / "run").exists()


def test_an_address_without_ray_is_refused():
    with pytest.raises(ConfigError, match="--address needs --executor ray"):
        load_config({"address": "auto"})


@pytest.mark.parametrize(
    ("nodes", "room"),
    [
        ({"a": {"CPU": 8.0}, "b": {"CPU": 9.0}}, {"a": 2, "b": 2}),
        ({"small": {"CPU": 2.0}, "none": {"memory": 1e9}}, {"small": 1}),
        ({"a": {"CPU": 64.0, "GPU": 4.0}, "b": {"CPU": 64.0}}, {"a": 4}),
        ({}, {}),
    ],
)
def test_a_worker_is_a_gpu_or_a_group_of_cores(nodes, room):
    assert room_of(nodes, 4) == room
