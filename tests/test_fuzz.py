"""Mutated files of every kind that is read: a whole result or one line that names the file."""

import csv
import gzip
import io
import json
import math
import random
import signal
import tarfile
from contextlib import contextmanager, suppress

import cv2
import keras
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from audit.checks.explainer_sanity.outputs import FILE as TRUST
from audit.core.errors import AuditError, BrokenImageError
from audit.datasets.decode import decode
from audit.datasets.imagefiles import ImageFiles
from audit.masks.official import read_segmentation, unpack
from audit.masks.values import read_mask
from audit.models import hdf5
from audit.models.load import load_model
from audit.settings import load_config
from audit.settings.config import FIELDS
from audit.storage.heatmaps import Maps, pack_maps
from audit.storage.records import RECORD_SCHEMA
from audit.storage.run import RunFolder, pack_part

SIDE = 24
HANGS = 20  # seconds of this process's own work on one small file
RNG = np.random.default_rng(0)
PHOTO = RNG.integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)


MORE = [Image.fromarray(255 - PHOTO)]
TURNED = Image.Exif()
TURNED[0x0112] = 6


def encoded(pixels, kind, mode=None, **options):
    buffer = io.BytesIO()
    image = Image.fromarray(pixels)
    (image.convert(mode) if mode else image).save(buffer, kind, **options)
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


class Hang(BaseException):
    """No reader may catch it."""


@contextmanager
def limited():
    """Raise `Hang` where one file takes for ever."""

    def stop(*_):
        raise Hang

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, HANGS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def is_photo(file):
    found = decode(file.read_bytes(), file.name)
    assert found.dtype == np.uint8 and found.ndim == 3 and found.shape[2] == 3


def is_trimap(found):
    assert found.dtype == np.uint8 and found.ndim == 2
    assert set(np.unique(found)) <= {0, 128, 255}


def is_list(file):
    for k in range(8):
        (file.parent / f"{k}.png").touch()  # a list of which no file is there is refused
    found = ImageFiles(file)
    items = [item for split in ("train", "validation", "test") for item in found.items(split)]
    assert items and all(0 <= item.label < len(found.classes) for item in items)


def is_config(file):
    found = load_config({}, file=file)
    numbers = [value for _, value in found if isinstance(value, int | float)]
    assert all(math.isfinite(value) and abs(value) < 2**32 for value in numbers)


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
    "exif.jpg": (encoded(PHOTO, "JPEG", exif=TURNED), is_photo),
    "cmyk.jpg": (encoded(PHOTO, "JPEG", mode="CMYK", progressive=True), is_photo),
    "palette.png": (encoded(PHOTO, "PNG", mode="P"), is_photo),
    "sixteen.png": (encoded(PHOTO[..., 0].astype(np.uint16) * 257, "PNG"), is_photo),
    "deep.png": (cv2.imencode(".png", PHOTO.astype(np.uint16) * 257)[1].tobytes(), is_photo),
    "deep.tiff": (cv2.imencode(".tiff", PHOTO.astype(np.float32))[1].tobytes(), is_photo),
    "float.tiff": (encoded(PHOTO[..., 0].astype(np.float32), "TIFF"), is_photo),
    "moving.gif": (encoded(PHOTO, "GIF", save_all=True, append_images=MORE), is_photo),
    "moving.webp": (encoded(PHOTO, "WEBP", save_all=True, append_images=MORE), is_photo),
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
        with limited():
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


@pytest.mark.parametrize("name", [name for name, (_, read) in FILES.items() if read is is_photo])
def test_part_of_an_image_is_never_taken_for_the_whole(name):
    content, whole = FILES[name][0], decode(FILES[name][0], name)
    for end in range(0, len(content), 1 + len(content) // 40):
        try:
            np.testing.assert_array_equal(decode(content[:end], name), whole)
        except BrokenImageError as error:
            assert str(error).startswith(name)


@pytest.mark.parametrize("kind", ["tar", "tar.gz"])
def test_part_of_an_archive_is_never_taken_for_the_whole(tmp_path, kind):
    packed = FILES["masks.tgz"][0]
    plain = gzip.decompress(packed)
    end = len(plain.rstrip(b"\0"))  # the last picture's, whose padding may begin here
    ends = range(0, end, 512) if kind == "tar" else range(0, len(packed), 40)
    content = plain if kind == "tar" else packed
    for size in [*ends, -1 if kind == "tar.gz" else -len(plain) + end]:
        file = tmp_path / f"{size}.{kind}"
        assert not reads_or_says(file, content[:size], is_archive)
        assert not (tmp_path / f"{file.name}-out").exists()


WILD = (
    *("inf", "-inf", "nan", "1e400", "-1", "0x" + "f" * 60, "0x" + "f" * 5000, "9" * 5000, "true"),
    *('""', '"a\\u0000b"', "[[1]]", "{a = {b = 1}}", "[" * 5000, "1979-05-27", "'''x", "= 3"),
)


@pytest.mark.parametrize("value", WILD, ids=lambda value: value[:12])
def test_wild_values_of_settings_are_read_or_named(tmp_path, value):
    for key in FIELDS:
        text = f"{key} = {value}\n".encode()
        file = tmp_path / f"{key}.toml"
        file.write_bytes(text)
        try:
            with limited():
                is_config(file)
        except AuditError as error:
            text = str(error)
            assert key in text.replace("-", "_") and "\n" not in text and len(text) < 1000


@pytest.mark.parametrize("change", ["longer", "shorter", "null", "quote", "latin"])
def test_rows_of_a_manifest_keep_their_columns(tmp_path, change):
    rows = [list(row) for row in csv.reader(io.StringIO(FILES["list.csv"][0].decode()))]
    for at in range(1, len(rows)):
        made = [[*row] for row in rows]
        row = made[at]
        {
            "longer": lambda row: row.insert(1, "more"),
            "shorter": lambda row: row.pop(),
            "null": lambda row: row.__setitem__(0, "a\0b"),
            "quote": lambda row: row.__setitem__(0, '"a'),
            "latin": lambda row: row.__setitem__(1, "\xe9"),
        }[change](row)
        text = "\n".join(",".join(row) for row in made).encode("latin-1")
        assert not reads_or_says(tmp_path / f"{at}.csv", text, is_list)
    everywhere = "\n".join(f"x,{','.join(row)}" for row in rows[1:])
    text = f"path,label,split\n{everywhere}".encode()
    assert not reads_or_says(tmp_path / "all.csv", text, is_list)


@pytest.fixture(scope="module", params=[".keras", ".h5"])
def model(request, tmp_path_factory):
    x = keras.Input((SIDE, SIDE, 3))
    pooled = keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(4, 3)(x))
    file = tmp_path_factory.mktemp("model") / f"model{request.param}"
    keras.Model(x, keras.layers.Dense(2, activation="softmax")(pooled)).save(file)
    return file


def test_a_mutated_model_is_loaded_or_named(tmp_path, model):
    for seed in range(8):
        file = tmp_path / f"{seed}_{model.name}"
        reads_or_says(file, mutated(model.read_bytes(), seed), is_model)


@pytest.mark.parametrize("mark", [b"TREE", b"SNOD", b"HEAP", b"GCOL"])
def test_addresses_in_a_model_may_point_anywhere(tmp_path, model, mark, monkeypatch):
    monkeypatch.setattr(hdf5, "LIMIT", 3)  # of a process of its own
    content = model.read_bytes()
    at, rng = content.index(mark), random.Random(0)
    for offset, address in [(16, at), *((rng.randrange(4, 48), rng.randrange(999)) for _ in "ab")]:
        made = bytearray(content)
        made[at + offset : at + offset + 8] = address.to_bytes(8, "little")
        file = tmp_path / f"{offset}_{model.name}"
        reads_or_says(file, bytes(made), is_model)


HEAT = RNG.normal(size=(SIDE, SIDE)).astype(np.float32)
SEEN = (PHOTO, MASK, HEAT[:7, :7].astype(np.float16), HEAT, MASK > 0, np.arange(3, dtype=np.int16))
FURTHER = {"segments": np.round(HEAT), "dense": HEAT}  # of other explainers


@pytest.fixture
def run(tmp_path):
    made = RunFolder.create(tmp_path / "run", resume=False)
    made.update_manifest(config={"seed": 0})
    maps = [Maps(f"{k}.png", *SEEN, FURTHER) for k in range(3)]
    zero = {"string": "", "bool": False}
    blank = {f.name: zero.get(str(f.type), 0) for f in RECORD_SCHEMA}
    records = [blank | {"name": m.name, "row": k} for k, m in enumerate(maps)]
    made.keep_part(0, pack_part(records, maps, {"dense"}))
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
    content, sums = file.read_bytes(), (run.checksums_dir / "part-00000.json").read_bytes()
    for seed in range(50):
        changed = mutated(content, seed)
        reads_or_says(file, changed, lambda _: read(run))
        if name != "manifest.json" and changed != content:
            assert run.whole_parts() == set()
            run.checksums_dir.joinpath("part-00000.json").write_bytes(sums)


def places(found, at=()):
    """Where the values of some JSON are, however nested."""
    yield at
    if isinstance(found, dict | list):
        for key in found if isinstance(found, dict) else range(len(found)):
            yield from places(found[key], (*at, key))


def changed(found, at, value):
    if not at:
        return value
    made = found.copy()
    made[at[0]] = changed(found[at[0]], at[1:], value)
    return made


@pytest.mark.parametrize("value", [None, [], {}, "x", -1, 1e400, [[1]], {"a": 1}], ids=repr)
def test_other_values_in_a_manifest_are_read_or_named(run, value):
    run.update_manifest(data={"name": "x", "classes": ["a"], "counts": {"test": 1}, "skipped": []})
    whole = run.manifest()
    for at in places(whole):
        text = json.dumps(changed(whole, at, value)).encode()
        if reads_or_says(run.manifest_file, text, lambda _: run.manifest()):
            run.has(run.file("trust.json"))
            with suppress(AuditError):  # names the setting
                load_config(run.settings())


@pytest.mark.parametrize("text", ["[" * 100_000, "9" * 5000, "[1e400]", "3", "{}", '{"a": []}'])
def test_json_of_another_shape_is_read_or_named(run, text):
    for file, read in [
        (run.manifest_file, run.manifest),
        (run.file("trust.json"), lambda: TRUST.read(run)),
        (run.checksums_dir / "part-00000.json", run.whole_parts),
    ]:
        before = file.read_bytes() if file.exists() else b"{}"
        reads_or_says(file, text.encode(), lambda _, read=read: read())
        file.write_bytes(before)


@pytest.mark.parametrize("name", list(pack_maps([Maps("x", *SEEN, FURTHER)], {"dense"})))
def test_other_arrays_of_maps_are_read_whole_or_named(run, name):
    file = run.maps_dir / "part-00000.npz"
    with np.load(file) as arrays:
        whole = dict(arrays)
    odd = whole[name]
    others = [
        odd[:0],
        odd[:-1],
        odd.astype("S9"),
        np.float64(3),
        np.repeat(odd, 3, axis=0),
        odd[None],
    ]
    for arrays in [
        {k: v for k, v in whole.items() if k != name},
        *(whole | {name: o} for o in others),
    ]:
        buffer = io.BytesIO()
        np.savez(buffer, **arrays)
        if reads_or_says(file, buffer.getvalue(), lambda _: list(run.maps(0))):
            assert len(list(run.maps(0))) == 3
