"""Drawn images of coloured shapes with masks, shared by all tests; real data where it is there."""

import gc
import os
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

# Before NumPy is imported. Workers have a core each: more threads wait for each other, busily.
os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"

# Before TensorFlow, as `use_tensorflow` has it: test files import that by themselves.
with suppress(ImportError):
    import triton  # noqa: F401

import hypothesis
import numpy as np
import pytest
from PIL import Image

from audit import cli

pytest_plugins = ["forked", "rendered"]

# Before any test imports TensorFlow.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

# Looking for cycles after every 700 objects, as Python does, takes a tenth of the time.
gc.set_threshold(50_000)

# A shell that starts the suite in the background has it ignore Ctrl-C, and nohup that a terminal
# hangs up, which some tests send.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)

# A busy machine is no failure.
hypothesis.settings.register_profile("unhurried", deadline=None)
hypothesis.settings.load_profile("unhurried")

SHARED = Path(__file__).parent.parent.parent / "shared" / "data"
COLOURS = ((220, 40, 40), (40, 200, 60), (50, 70, 230))


# Files that take longest come first: of two workers, one would end with them alone.
LONGEST = ("test_survival.py", "test_notebook.py", "test_mending.py", "test_default_run.py",
           "test_commands.py", "test_replicas.py", "test_build.py", "test_families.py",
           "test_training.py",
           "test_ray_executor.py", "test_weights.py", "test_preflight.py", "test_training_kills.py",
           "test_integrated_gradients.py", "test_backbones.py", "test_gallery.py",
           "test_program.py", "test_ondata.py", "test_logits_run.py")  # fmt: skip


def pytest_collection_modifyitems(items):
    """Sort files by `LONGEST`, the others after them."""
    order = {name: index for index, name in enumerate(LONGEST)}
    items.sort(key=lambda item: order.get(item.path.name, len(LONGEST)))


def shape_image(label, seed, size=64):
    """A disc in the class's colour on speckled grey: image and trimap."""
    rng = np.random.default_rng([label, seed])
    y, x = np.mgrid[:size, :size]
    centre, radius = rng.uniform(0.35, 0.65, 2) * size, rng.uniform(0.2, 0.3) * size
    disc = (y - centre[0]) ** 2 + (x - centre[1]) ** 2 <= radius**2
    image = np.where(disc[..., None], COLOURS[label], (120, 120, 120)) + rng.normal(
        0, 12, (size, size, 3)
    )
    trimap = np.where(disc, 255, 0).astype(np.uint8)
    return np.clip(image, 0, 255).astype(np.uint8), trimap


@pytest.fixture
def call(monkeypatch, capfd):
    """Run the command line in this process: its exit code, standard output and error."""

    def run(*args):
        monkeypatch.setattr(sys, "argv", ["flower-audit", *map(str, args)])
        with pytest.raises(SystemExit) as left:
            cli.main()
        out, err = capfd.readouterr()
        return left.value.code, out, err

    return run


@pytest.fixture(scope="session")
def draw():
    """The function that draws: ``draw(label, seed, size)`` gives image and trimap."""
    return shape_image


@pytest.fixture(scope="session")
def draw_manifest():
    """Write images, masks and a manifest CSV into a folder; give the manifest."""

    def write(root, classes=("crimson", "green", "navy"), per_split=None, size=64):
        per_split = per_split or {"train": 6, "validation": 2, "test": 4}
        root.mkdir(parents=True, exist_ok=True)
        lines = ["path,label,split,mask"]
        for label, name in enumerate(classes):
            quoted = '"' + name.replace('"', '""') + '"'
            seed = 0
            for split, count in per_split.items():
                for _ in range(count):
                    stem = f"{label}_{seed:02d}"
                    image, trimap = shape_image(label, seed, size)
                    Image.fromarray(image).save(root / f"{stem}.png")
                    Image.fromarray(trimap).save(root / f"{stem}_mask.png")
                    lines.append(f"{stem}.png,{quoted},{split},{stem}_mask.png")
                    seed += 1
        manifest = root / "images.csv"
        manifest.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return manifest

    return write


@pytest.fixture(scope="session")
def shared_data():
    """The folder of real data; skips where it is absent."""
    if not (SHARED / "tfds").is_dir():
        pytest.skip(f"no real data in {SHARED}")
    return SHARED


@pytest.fixture(scope="session")
def colour_model(tmp_path_factory):
    """A saved model that sees the discs' colours and nothing else: right on every drawn image.

    Its outputs come in the order of `COLOURS`, as the names that `draw_manifest` gives them do.
    """
    import keras

    x = keras.Input((64, 64, 3))
    seen = keras.layers.Conv2D(3, 1, activation="relu", name="colours")(x)
    pooled = keras.layers.GlobalAveragePooling2D()(seen)
    model = keras.Model(x, keras.layers.Dense(3, activation="softmax")(pooled), name="colours")
    own = 1.5 * np.eye(3) - 0.5  # a colour less the mean of the others, beyond all speckles
    model.set_weights([own[None, None], np.full(3, -80.0), np.eye(3), np.zeros(3)])
    file = tmp_path_factory.mktemp("model") / "colours.keras"
    model.save(file)
    return file


@pytest.fixture
def small_disk(tmp_path):
    """A file system of its own with hardly any room."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", str(disk)]
    if not shutil.which("mount") or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("no right to mount a small file system")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)
