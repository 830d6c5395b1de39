"""Mutated files of every kind that is read: a whole result or one line that names the file."""

import io
import random
import tarfile

import keras
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from audit.config import Config, load_config
from audit.data.decode import decode
from audit.data.imagefiles import ImageFiles
from audit.data.maskfiles import read_mask
from audit.data.official import read_segmentation, unpack
from audit.errors import AuditError
from audit.models.load import load_model
from audit.runfolder import RECORD_SCHEMA, Maps, RunFolder

SIDE = 24
RNG = np.random.default_rng(0)
PHOTO = RNG.integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)


def encoded(pixels, kind, **options):
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind, **options)
    return buffer.getvalue()


def mutated(content, seed):
    """A file that a disk, a network or an enemy has changed."""
    rng, made = random.Random(seed), bytearray(content)
    for _ in range(rng.randint(1, 4)):
        at, length = rng.randrange(len(made) + 1), rng.choice([1, 4, 64, 1000])
        change = rng.randrange(5)
        if change == 0:
            del made[at:]
        elif change == 1:
            made[at : at + length] = bytes(len(made[at : at + length]))
        elif change == 2:
            made[at:at] = rng.randbytes(length)
        elif change == 3:
            del made[at : at + length]
        elif at < len(made):
            made[at] ^= 1 << rng.randrange(8)
    return bytes(made)


def is_photo(file):
    found = decode(file.read_bytes(), file.name)
    assert found.dtype == np.uint8 and found.ndim == 3 and found.shape[2] == 3


def is_trimap(found):
    assert found.dtype == np.uint8 and found.ndim == 2
    assert set(np.unique(found)) <= {0, 128, 255}


def is_list(file):
    found = ImageFiles(file)
    items = [item for split in ("train", "validation", "test") for item in found.items(split)]
    assert items and all(0 <= item.label < len(found.classes) for item in items)


def is_config(file):
    assert isinstance(load_config({}, file=file), Config)


def is_archive(file):
    folder = unpack(file, file.parent / f"{file.name}-out")
    assert all(f.parent == folder and f.name.startswith("segmim_") for f in folder.iterdir())


def is_model(file):
    loaded = load_model(file, trust=False)
    assert loaded(np.zeros((1, SIDE, SIDE, 3), np.float32)).shape == (1, 2)


MASK = np.where(PHOTO[..., 0] > 99, 255, 0).astype(np.uint8)
TABLE = pd.DataFrame(
    {"path": [f"{k}.png" for k in range(8)], "label": ["rose", "lily"] * 4, "split": ["test"] * 8}
)
TOML = b'seed = 3\nsubject = "bird"\nepochs = 9\nlearning_rate = 0.01\nig_steps = "auto"\n'
FILES = {
    "photo.png": (encoded(PHOTO, "PNG"), is_photo),
    "photo.jpg": (encoded(PHOTO, "JPEG"), is_photo),
    "photo.webp": (encoded(PHOTO, "WEBP"), is_photo),
    "photo.gif": (encoded(MASK, "GIF"), is_photo),
    "photo.tiff": (encoded(PHOTO, "TIFF", compression="tiff_lzw"), is_photo),
    "photo.bmp": (encoded(PHOTO, "BMP"), is_photo),
    "mask.png": (encoded(MASK, "PNG"), lambda file: is_trimap(read_mask(file))),
    "segmim.jpg": (encoded(PHOTO, "JPEG"), lambda file: is_trimap(read_segmentation(file))),
    "list.csv": (TABLE.to_csv(index=False).encode(), is_list),
    "list.parquet": (TABLE.to_parquet(index=False), is_list),
    "settings.toml": (TOML, is_config),
}  # fmt: skip


def archive():
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for k in range(3):
            member = tarfile.TarInfo(f"segmim/segmim_{k:05d}.jpg")
            member.size = len(FILES["photo.jpg"][0])
            tar.addfile(member, io.BytesIO(FILES["photo.jpg"][0]))
    return buffer.getvalue()


FILES["masks.tgz"] = archive(), is_archive


def reads_or_says(file, content, read):
    """Whether a file's content was read; what is wrong must come as one line that names it."""
    file.write_bytes(content)
    try:
        read(file)
    except AuditError as error:
        assert file.name in str(error)
        assert "\n" not in str(error)
        return False
    return True


@pytest.mark.parametrize("name", FILES)
def test_a_mutated_file_is_read_or_named(tmp_path, name):
    content, read = FILES[name]
    assert reads_or_says(tmp_path / name, content, read)
    whole = [
        reads_or_says(tmp_path / f"{seed}_{name}", mutated(content, seed), read)
        for seed in range(50)
    ]
    assert not all(whole)


@pytest.fixture(scope="module", params=[".keras", ".h5"])
def model(request, tmp_path_factory):
    x = keras.Input((SIDE, SIDE, 3))
    pooled = keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(4, 3)(x))
    file = tmp_path_factory.mktemp("model") / f"model{request.param}"
    keras.Model(x, keras.layers.Dense(2, activation="softmax")(pooled)).save(file)
    return file


def test_a_mutated_model_is_loaded_or_named(tmp_path, model):
    for seed in range(25):
        file = tmp_path / f"{seed}_{model.name}"
        reads_or_says(file, mutated(model.read_bytes(), seed), is_model)


@pytest.fixture
def run(tmp_path):
    made = RunFolder.create(tmp_path / "run", resume=False)
    made.update_manifest(config={"seed": 0})
    heat = RNG.normal(size=(SIDE, SIDE)).astype(np.float32)
    seen = (
        PHOTO,
        MASK,
        heat[:7, :7].astype(np.float16),
        heat,
        MASK > 0,
        np.arange(3, dtype=np.int16),
    )
    maps = [Maps(f"{k}.png", *seen) for k in range(3)]
    zero = {"string": "", "bool": False}
    blank = {f.name: zero.get(str(f.type), 0) for f in RECORD_SCHEMA}
    made.write_part(0, [blank | {"name": m.name, "row": k} for k, m in enumerate(maps)], maps)
    return made


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("records/part-00000.parquet", lambda run: run.records()),
        ("maps/part-00000.npz", lambda run: list(run.maps(0))),
        ("manifest.json", lambda run: run.manifest()),
    ],
)
def test_a_mutated_file_of_a_run_is_read_or_named_and_never_taken_for_whole(run, name, read):
    file = run.root / name
    content = file.read_bytes()
    for seed in range(50):
        changed = mutated(content, seed)
        reads_or_says(file, changed, lambda _: read(run))
        if name != "manifest.json" and changed != content:
            assert not run._is_whole(0)
