"""Going on with a run, one's own or a stranger's: nothing that reaches out of it is believed."""

import json
import os
import shutil
import socket

import keras
import numpy as np
import pytest
from PIL import Image

import audit
from audit.core.errors import AuditError, ConfigError, DataError, ModelError, RunFolderError
from audit.execution import local
from audit.settings import change, load_config
from audit.stages import commands
from audit.stages.resume import OWN, PATHS, carried
from audit.storage.run import RunFolder

FEW = {"grabcut": False, "workers": 0, "ig_steps": 2, "robustness": 0, "health": False}


@pytest.fixture(scope="module", autouse=True)
def small_parts():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(local, "PART_SIZE", 4)
        patch.setattr(commands, "report", lambda *_, **__: None)
        yield


@pytest.fixture(scope="module")
def world(tmp_path_factory, draw_manifest, colour_model):
    """Twelve test images, the model, and a run of both."""
    root = tmp_path_factory.mktemp("world")
    manifest = draw_manifest(root / "photos")
    shutil.copy(colour_model, root / "mine.keras")
    config = load_config(FEW | {"images": manifest, "model": root / "mine.keras"})
    commands.run(config, root / "run")
    return root


@pytest.fixture
def here(world, tmp_path):
    """A copy of all that, to do harm to."""
    shutil.copytree(world, tmp_path / "here")
    return tmp_path / "here"


@pytest.fixture
def run(here):
    return RunFolder.open(here / "run")


@pytest.fixture
def config(here):
    given = {"images": here / "photos" / "images.csv", "model": here / "mine.keras"}
    return load_config(FEW | given)


def forge(run, **settings):
    """Write what no run would: paths of the reader's disk."""
    manifest = run.manifest()
    run.manifest_file.write_text(json.dumps(manifest | {"config": run.config() | settings}))


def unsweep(run, *parts):
    for part in parts:
        (run.checksums_dir / f"part-{part:05d}.json").unlink()


# What a folder may say


def test_a_run_folder_keeps_no_path_from_outside(run, here):
    settings = run.settings()
    assert (settings["images"], settings["model"]) == ("images.csv", "mine.keras")
    assert str(here.parent) not in run.manifest_file.read_text()


def test_what_lies_outside_is_asked_for_by_name(run):
    with pytest.raises(ConfigError) as refused:
        audit.load_run(run.root).sweep()
    assert str(refused.value).startswith(
        f"{run.root} was begun with --images images.csv and --model mine.keras: say anew where"
    )


def test_given_anew_the_sweep_goes_on(run, here, call):
    unsweep(run, 1)
    images, model = here / "photos" / "images.csv", here / "mine.keras"
    assert call("sweep", run.root, "--images", images, "--model", model)[0] == 0
    assert run.done_parts() == {0, 1, 2}


@pytest.fixture
def tripwire(tmp_path, monkeypatch):
    """A model whose code leaves a file when it runs, and that file."""
    mark = tmp_path / "pwned"
    monkeypatch.setenv("MARK", str(mark))
    trap = keras.layers.Lambda(
        lambda t: (open(__import__("os").environ["MARK"], "w").close(), t)[1],  # noqa: PTH123
        output_shape=(64, 64, 3),
    )
    x = keras.Input((64, 64, 3))
    pooled = keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(3, 3)(trap(x)))
    keras.Model(x, keras.layers.Dense(3)(pooled)).save(tmp_path / "trap.keras")
    mark.unlink(missing_ok=True)
    return tmp_path / "trap.keras", mark


def test_a_folder_cannot_have_its_own_model_trusted(run, here, tripwire, call):
    trap, mark = tripwire
    forge(run, trust_model=True, model=str(trap))
    unsweep(run, 0, 1, 2)
    code, _, err = call("sweep", run.root, "--images", here / "photos" / "images.csv")
    assert code == 1 and f"--model {trap}: say anew" in err
    with pytest.raises(ModelError, match="add --trust-model if you trust it"):
        audit.load_run(run.root).sweep(images=here / "photos" / "images.csv", model=trap)
    assert not mark.exists()


def test_a_model_in_the_place_of_the_trained_one_is_not_trusted(run, here, tripwire):
    trap, mark = tripwire
    forge(run, trust_model=True, model=None)
    shutil.copy(trap, run.model_file)
    with pytest.raises(ModelError, match="add --trust-model if you trust it"):
        audit.load_run(run.root).sweep(images=here / "photos" / "images.csv")
    assert not mark.exists()


def test_a_folder_cannot_send_the_reader_to_a_host(run, here):
    unsweep(run, 2)
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0)
        forge(run, executor="ray", address=f"127.0.0.1:{server.getsockname()[1]}", workers=10**6)
        given = {"images": here / "photos" / "images.csv", "model": here / "mine.keras"}
        found = carried(run, given)
        assert not set(OWN) & set(found)
        audit.load_run(run.root).sweep(**given)
        with pytest.raises(BlockingIOError):
            server.accept()
    assert run.done_parts() == {0, 1, 2}


@pytest.mark.parametrize("key", [*PATHS, "class_order", "weights"])
def test_no_path_of_a_folder_is_opened(run, here, tmp_path, key):
    """A pipe that nobody writes to would hold whoever opens it for ever."""
    pipe = tmp_path / "pipe.h5"
    os.mkfifo(pipe)
    given = {"images": here / "photos" / "images.csv", "model": here / "mine.keras"}
    forge(run, **{key: str(pipe)})
    try:
        found = carried(run, {k: v for k, v in given.items() if k != key})
    except ConfigError as error:
        assert f"--{key.replace('_', '-')} {pipe}" in str(error)
    else:
        assert found.get(key) is None


@pytest.mark.parametrize("value", [3, [], {"a": 1}, True, "../../etc", "\x1b[2J"])
def test_settings_of_other_types_are_one_line(run, value):
    for key in ("masks", "images", "class_order", "explainers", "tta", "dataset"):
        forge(run, **{key: value})
        try:
            load_config(carried(run, {}))
        except AuditError as error:
            assert "\n" not in str(error)
        run.update_manifest(config={"seed": 0})


# What must be as it was


def test_the_same_weights_under_another_activation_are_not_mixed(run, config, here):
    model = keras.models.load_model(here / "mine.keras")
    weights = model.get_weights()
    layer = model.get_layer("colours")
    layer.activation = keras.activations.tanh
    model.save(here / "mine.keras")
    assert all(map(np.array_equal, keras.models.load_model(here / "mine.keras").get_weights(),
                   weights))  # fmt: skip
    unsweep(run, 2)
    with pytest.raises(RunFolderError, match=r"begun with another model \(other architecture\)"):
        commands.run(config, run.root, resume=True)


@pytest.mark.parametrize(("key", "before"), [("ig_rule", "uniform"), ("ig_baseline", "mean")])
def test_a_run_explained_in_a_way_that_is_gone_is_not_gone_on_with(run, config, key, before):
    forge(run, **{key: before})
    with pytest.raises(RunFolderError, match=f"begun with {key} = {before}, not "):
        commands.run(config, run.root, resume=True)


def test_a_run_that_names_a_setting_that_is_gone_goes_on(run, config):
    forge(run, ig_rule="quadratic")
    unsweep(run, 1)
    commands.run(config, run.root, resume=True)
    assert run.done_parts() == {0, 1, 2}


def test_images_inverted_in_place_are_not_gone_on_with(run, config, here):
    for file in (here / "photos").glob("?_??.png"):
        Image.fromarray(255 - np.asarray(Image.open(file))).save(file)
    unsweep(run, 1, 2)
    with pytest.raises(DataError, match=r"and \d+ more are not the images that the run was begun"):
        commands.run(config, run.root, resume=True)


def test_images_may_lie_elsewhere_now(run, config, here, tmp_path):
    shutil.move(here / "photos", tmp_path / "moved")
    moved = change(config, images=tmp_path / "moved" / "images.csv")
    unsweep(run, 1)
    commands.run(moved, run.root, resume=True)
    assert run.done_parts() == {0, 1, 2}


def test_a_run_of_an_earlier_version_is_gone_on_with(run, config):
    """It kept paths as they were given, the hash of weights alone, and no hashes of images."""
    old = run.manifest()
    given = {"images": str(config.data.images), "model": str(config.model.model)}
    old["config"] = run.config() | given
    old["model"]["sha256"] = old["model"].pop("weights_sha256")
    del old["model"]["architecture_sha256"], old["data"]["content"], old["sessions"]
    del old["checksums"]["contents.parquet"]
    run.manifest_file.write_text(json.dumps(old))
    run.contents_file.unlink()
    unsweep(run, 1)
    commands.run(config, run.root, resume=True)
    assert run.done_parts() == {0, 1, 2}
    assert "architecture_sha256" in run.manifest()["model"]


def test_each_part_tells_which_session_wrote_it(run, config):
    unsweep(run, 1)
    commands.run(config, run.root, resume=True, command="flower-audit run --resume")
    sessions = run.manifest()["sessions"]
    assert [s["command"] for s in sessions] == ["", "flower-audit run --resume"]
    assert {"flower_audit", "packages", "host", "begun"} <= set(sessions[1])
    assert run.sessions() == {1: 2, 2: 1}
