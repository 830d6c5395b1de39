"""Going on with a run, one's own or a stranger's: nothing that reaches out of it is believed."""

import html
import json
import os
import shlex
import shutil
import socket
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image

import audit
from audit.core.errors import AuditError, ConfigError, DataError, ModelError, RunFolderError
from audit.core.track import silent
from audit.execution import local
from audit.report.build import render
from audit.settings import change, load_config
from audit.stages import commands
from audit.stages.resume import OWN, PATHS, carried
from audit.storage.run import RunFolder

FEW = {"grabcut": False, "workers": 0, "ig_steps": 2, "robustness": 0, "health": False,
       "opportunity": False}  # fmt: skip


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
        f"{run.root} was begun with --images images.csv and --model mine.keras: say anew what"
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


@pytest.fixture
def marking(tmp_path):
    """A command that leaves a file when it runs, and that file."""
    mark = tmp_path / "pwned"
    return f"touch {mark} {{image}} {{mask}}", mark


def test_no_command_of_a_folder_is_run(run, here, marking, call):
    command, mark = marking
    forge(run, grabcut=True, segmenter=command)
    render(run, silent)
    for words in (["judge", "--thresholds", "fixed"], ["check", "--min-accuracy", "0"]):
        assert call(words[0], run.root, *words[1:])[0] in (0, 3)
    unsweep(run, 0, 1, 2)
    given = ["--images", here / "photos" / "images.csv", "--model", here / "mine.keras"]
    for words in (["sweep", run.root], ["selftest", "--on", run.root]):
        code, _, err = call(*words, *given)
        assert code == 1
        assert "--segmenter 'touch pwned {image} {mask}': say anew what that is" in err
        assert "No path, command, trust or cluster is taken from a run folder" in err
    with pytest.raises(ConfigError, match=r"--segmenter 'touch "):
        audit.load_run(run.root).sweep(images=given[1], model=given[3])
    assert not mark.exists()


@pytest.mark.parametrize("value", ["grabcut ", "Rembg", "", ";", "'"])
def test_what_is_no_segmenter_by_name_is_taken_from_no_folder(run, value):
    forge(run, segmenter=value)
    with pytest.raises(ConfigError, match=r"--segmenter .*: say anew what that is"):
        carried(run, {"images": "x", "model": "y"})


def test_a_segmenter_by_name_is_that_of_the_run(run):
    forge(run, segmenter="rembg")
    assert carried(run, {"images": "x", "model": "y"})["segmenter"] == "rembg"


ELLIPSE = """
import sys
from PIL import Image, ImageDraw
size = Image.open(sys.argv[1]).size
mask = Image.new("L", size)
ImageDraw.Draw(mask).ellipse([v * s // 8 for v in (2, 6) for s in size], fill=255)
mask.save(sys.argv[2])
"""


def segmenting(folder):
    """A command that marks the middle, by a script in a folder."""
    folder.mkdir(exist_ok=True)
    (folder / "seg.py").write_text(ELLIPSE)
    return shlex.join([sys.executable, str(folder / "seg.py"), "{image}", "{mask}"])


def test_a_run_by_a_command_says_so_and_is_gone_on_with_by_no_other(config, here, tmp_path):
    masks = {"images": here / "plain", "splits": "all", "grabcut": True,
             "interventions": "off"}  # fmt: skip
    for file in (here / "photos").glob("?_??.png"):
        if file.stem[2:] >= "08":
            (here / "plain" / file.stem[0]).mkdir(parents=True, exist_ok=True)
            shutil.copy(file, here / "plain" / file.stem[0])
    first = change(config, **masks, segmenter=segmenting(tmp_path / "one"))
    run = commands.run(first, here / "made", command=f"run --segmenter '{segmenting(tmp_path)}'")
    assert set(run.records()["mask_source"]) == {"segmenter"}
    shown = f"{Path(sys.executable).name} seg.py {{image}} {{mask}}"
    assert run.settings()["segmenter"] == shown
    assert run.manifest()["command"] == f"run --segmenter '{shown}'"
    assert str(tmp_path) not in run.manifest_file.read_text()
    render(run, silent)
    told = "Those by segmenter are made by a machine"
    assert told in html.unescape((run.report_dir / "index.html").read_text())
    unsweep(run, 1)
    with pytest.raises(RunFolderError, match=r"begun with segmenter = .*, not grabcut: give the"):
        commands.run(change(first, segmenter="grabcut"), run.root, resume=True)
    with pytest.raises(RunFolderError, match="begun with other masks: choose another --out"):
        other = f"{first.masks.segmenter} --fast"
        commands.run(change(first, segmenter=other), run.root, resume=True)
    moved = segmenting(tmp_path / "two")
    shutil.rmtree(tmp_path / "one")
    commands.run(change(first, segmenter=moved), run.root, resume=True)
    assert 1 in run.done_parts()


@pytest.mark.parametrize("value", [3, [], {"a": 1}, True, "../../etc", "\x1b[2J"])
def test_settings_of_other_types_are_one_line(run, value):
    for key in ("masks", "segmenter", "images", "class_order", "explainers", "tta", "dataset"):
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
