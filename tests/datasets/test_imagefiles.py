import os
import subprocess
import sys
import unicodedata
from collections import Counter
from itertools import pairwise
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from audit.core.errors import BrokenImageError, DataError
from audit.datasets import tables
from audit.datasets.dataset import SPLITS
from audit.datasets.imagefiles import ImageFiles
from audit.datasets.open import open_dataset
from audit.masks.masks import Masks
from audit.settings import load_config


def save(file, colour="red"):
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (4, 4), colour).save(file)


def folder(root, labels=("rose", "tulip"), count=10):
    for label in labels:
        for i in range(count):
            save(root / label / f"{i}.png")
    return root


def manifest(root, text):
    file = root / "images.csv"
    file.write_text(text, encoding="utf-8")
    return file


def all_items(dataset):
    return [item for split in SPLITS for item in dataset.items(split)]


# Folders


def test_each_sub_folder_is_a_class(tmp_path):
    dataset = ImageFiles(folder(tmp_path))
    assert dataset.classes == ("rose", "tulip")
    assert {i.name for i in all_items(dataset) if i.label == 1} == {
        f"tulip/{i}.png" for i in range(10)
    }


def test_each_class_is_divided_70_10_20(tmp_path):
    dataset = ImageFiles(folder(tmp_path))
    counts = Counter((i.label, i.split) for i in all_items(dataset))
    for label in (0, 1):
        assert [counts[label, s] for s in SPLITS] == [7, 1, 2]


def test_an_image_more_moves_no_other_class(tmp_path):
    before = {i.name: i.split for i in all_items(ImageFiles(folder(tmp_path)))}
    save(tmp_path / "tulip" / "new.png")
    after = {i.name: i.split for i in all_items(ImageFiles(tmp_path))}
    roses = [name for name in before if name.startswith("rose")]
    assert [after[r] for r in roses] == [before[r] for r in roses]


def test_seed_decides_the_splits(tmp_path):
    def tested(seed):
        return ImageFiles(tmp_path, seed=seed).items("test")

    folder(tmp_path)
    assert tested(0) == tested(0)
    assert tested(0) != tested(1)


def test_splits_named_by_folders_are_kept(tmp_path):
    for split, count in {"train": 3, "val": 2, "test": 1}.items():
        folder(tmp_path / split, count=count)
    dataset = ImageFiles(tmp_path)
    assert dataset.classes == ("rose", "tulip")
    assert [len(dataset.items(s)) for s in SPLITS] == [6, 4, 2]
    assert {i.name for i in dataset.items("validation")} == {
        f"val/{label}/{i}.png" for label in ("rose", "tulip") for i in (0, 1)
    }


def test_hidden_folders_are_no_classes(tmp_path):
    folder(tmp_path)
    save(tmp_path / ".thumbnails" / "0.png")
    assert ImageFiles(tmp_path).classes == ("rose", "tulip")


def test_hidden_folders_in_a_split_are_no_classes(tmp_path):
    folder(tmp_path / "train")
    folder(tmp_path / "test")
    save(tmp_path / "train" / ".thumbnails" / "0.png")
    assert ImageFiles(tmp_path).classes == ("rose", "tulip")


def test_hidden_files_are_no_images(tmp_path):
    folder(tmp_path)
    save(tmp_path / "rose" / ".ipynb_checkpoints" / "0.png")
    (tmp_path / "rose" / "._0.png").write_bytes(b"what macOS leaves on foreign disks")
    assert len(all_items(ImageFiles(tmp_path))) == 20


def test_images_in_deeper_folders_belong_to_their_class(tmp_path):
    folder(tmp_path)
    save(tmp_path / "rose" / "more" / "x.png")
    item = next(i for i in all_items(ImageFiles(tmp_path)) if i.name == "rose/more/x.png")
    assert item.label == 0


def test_other_files_are_no_images(tmp_path):
    folder(tmp_path)
    (tmp_path / "rose" / "notes.txt").write_text("hello")
    assert len(all_items(ImageFiles(tmp_path))) == 20


def test_suffixes_count_in_capitals_too(tmp_path):
    folder(tmp_path)
    save(tmp_path / "rose" / "X.PNG")
    assert "rose/X.PNG" in {i.name for i in all_items(ImageFiles(tmp_path))}


def test_numbered_folders_are_sorted_as_keras_and_torchvision_sort_them(tmp_path):
    dataset = ImageFiles(folder(tmp_path, labels=("10", "9", "2"), count=3))
    assert dataset.classes == ("10", "2", "9")
    assert dataset.class_order_used == "text"


def test_order_of_classes_does_not_depend_on_the_process(tmp_path):
    folder(tmp_path, labels=("1", "01", "001"), count=3)
    code = (
        "import sys; from pathlib import Path; from audit.datasets.imagefiles import ImageFiles;"
        "print(ImageFiles(Path(sys.argv[1])).classes)"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", code, tmp_path],
            env={"PYTHONHASHSEED": str(seed)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in (1, 2, 3)
    }
    assert len(said) == 1


def test_items_come_with_the_classes_mixed(tmp_path):
    labels = [i.label for i in ImageFiles(folder(tmp_path, count=20)).items("train")]
    assert sum(a != b for a, b in pairwise(labels)) > 5


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "a'b\"c", "..x", "ро́за 🌹", "a\nb"])
def test_hostile_class_names_are_only_names(tmp_path, name):
    # A folder cannot hold a slash; a manifest's label may hold anything.
    save(tmp_path / "0.png")
    table = pd.DataFrame(
        {"path": ["0.png", "1.png"], "label": [name, "rose/../../etc"], "split": "test"}
    )
    file = tmp_path / "images.csv"
    table.to_csv(file, index=False)
    assert set(ImageFiles(file).classes) == {unicodedata.normalize("NFC", name), "rose/../../etc"}


def test_a_single_class_is_refused_by_its_name(tmp_path):
    with pytest.raises(DataError) as error:
        ImageFiles(folder(tmp_path, labels=("rose",)))
    assert str(error.value) == (
        f"{tmp_path} has 1 class, 'rose'; a classifier needs two: give a folder with one "
        "sub-folder a class, or a manifest."
    )


def test_a_folder_around_the_classes_is_named(tmp_path):
    folder(tmp_path / "flowers")
    with pytest.raises(DataError, match=f"give --images {tmp_path}/flowers"):
        ImageFiles(tmp_path)


def test_missing_source_is_named(tmp_path):
    with pytest.raises(DataError, match=r"^No image folder or manifest .*none\.$"):
        ImageFiles(tmp_path / "none")


# Manifests


@pytest.fixture
def ten(tmp_path):
    """Ten images beside the manifests, 0.png to 9.png."""
    for k in range(10):
        save(tmp_path / f"{k}.png")
    return tmp_path


CSV = "path,label,split\n0.png,rose,train\n1.png,tulip,val\n2.png,rose,test\n"


def test_manifest_gives_labels_and_splits(ten):
    dataset = ImageFiles(manifest(ten, CSV))
    found = {i.name: (dataset.classes[i.label], i.split) for i in all_items(dataset)}
    assert found == {
        "0.png": ("rose", "train"),
        "1.png": ("tulip", "validation"),
        "2.png": ("rose", "test"),
    }


def test_manifest_without_splits_is_divided(tmp_path):
    save(tmp_path / "a0.png")
    rows = [f"{label}{i}.png,{label}\n" for label in "ab" for i in range(10)]
    dataset = ImageFiles(manifest(tmp_path, "path,label\n" + "".join(rows)))
    assert [len(dataset.items(s)) for s in SPLITS] == [14, 2, 4]


def test_parquet_manifest_is_as_good(ten):
    csv = ImageFiles(manifest(ten, CSV))
    file = ten / "images.parquet"
    pd.read_csv(ten / "images.csv").to_parquet(file)
    assert all_items(ImageFiles(file)) == all_items(csv)


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_masks_are_read_where_the_manifest_names_one(tmp_path, kind):
    save(tmp_path / "0.png")
    save(tmp_path / "1.png")
    trimap = np.array([[255, 0], [128, 0]], np.uint8)
    Image.fromarray(trimap).save(tmp_path / "m.png")
    table = pd.DataFrame(
        {"path": ["0.png", "1.png"], "label": ["a", "b"], "mask": ["m.png", None], "split": "test"}
    )
    file = tmp_path / f"images.{kind}"
    table.to_csv(file, index=False) if kind == "csv" else table.to_parquet(file)
    dataset = ImageFiles(file)
    read = Masks(dataset, grabcut=False)
    masks = {i.name: read.own(i, (2, 2))[0] for i in dataset.items("test")}
    assert masks["1.png"] is None
    np.testing.assert_array_equal(masks["0.png"], trimap)


def test_paths_are_relative_to_the_manifest(tmp_path, monkeypatch):
    save(tmp_path / "sub" / "0.png", "blue")
    dataset = ImageFiles(manifest(tmp_path, "path,label,split\nsub/0.png,a,test\n1.png,b,test\n"))
    monkeypatch.chdir("/")
    found = {item.name: image for item, image in dataset.images(dataset.items("test"))}
    assert found["sub/0.png"][0, 0].tolist() == [0, 0, 255]


def test_labels_that_look_like_numbers_or_nothing_stay_text(ten):
    file = manifest(ten, "path,label\n0.png,007\n1.png,NA\n2.png,null\n")
    assert set(ImageFiles(file, all_test=True).classes) == {"007", "NA", "null"}


def test_commas_in_quotes_stay_in_the_label(ten):
    file = manifest(ten, 'path,label\n0.png,"rose, red"\n1.png,tulip\n')
    assert ImageFiles(file, all_test=True).classes == ("rose, red", "tulip")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "path,split\n0.png,test\n",
            "lacks the column label: rename one of those it has (path, split).",
        ),
        ("name\n0.png\n", "lacks the column label and path: rename"),
        ("path,label\n", "lists no images."),
        ("", "is not a readable CSV or Parquet manifest: "),
        (CSV + "3.png,rose,left\n", "unknown split 'left'; use train, validation, test."),
        (CSV + "3.png,rose,train-new\n", "unknown split 'train-new'; use train, valid"),
        (CSV + "0.png,rose,test\n", "lists '0.png' twice."),
        ("path,label\n0.png,a\n1.png,a\n", "has 1 class, 'a'; a classifier needs two: "),
        ("path,label\n0.png,a\n1.png,\n", "names no label for '1.png'."),
        ("path,label\n0.png,a\n,b\n", "has a row without a path."),
        ("path,label\n0.png,a,b\n1.png,c,d\n", "'0.png' has 3 fields, but the header 2."),
        ("path,label,mask\n0.png,a\n1.png,c,d\n", "'0.png' has 2 fields, but the header 3."),
        ("path,label,label\n0.png,a,b\n", "two columns have one name."),
        ("path,label\n0.png,a\n\0.png,b\n", "has a null byte in the row of '\\x00.png'"),
        ('path,label\n0.png,a\n1.png,"b\n', "unexpected end of data."),
    ],
)
def test_unusable_manifest_is_one_line_that_names_it(ten, text, message):
    file = manifest(ten, text)
    with pytest.raises(DataError) as error:
        ImageFiles(file)
    assert str(file) in str(error.value)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_split_missing_in_some_rows_is_refused(tmp_path):
    table = pd.DataFrame({"path": ["0.png", "1.png"], "label": ["a", "b"], "split": ["test", None]})
    for file in (tmp_path / "x.csv", tmp_path / "x.parquet"):
        table.to_csv(file) if file.suffix == ".csv" else table.to_parquet(file)
        with pytest.raises(DataError, match=r"unknown split ''; use train, validation, test"):
            ImageFiles(file)


def test_torn_parquet_is_one_line(tmp_path):
    file = tmp_path / "x.parquet"
    file.write_bytes(b"PAR1 and no more")
    with pytest.raises(DataError, match="is not a readable CSV or Parquet manifest") as error:
        ImageFiles(file)
    assert "\n" not in str(error.value)


def test_text_that_is_no_utf_8_is_one_line(tmp_path):
    (tmp_path / "x.csv").write_bytes(b"path,label\n\xff.png,a\n")
    bad = pa.py_buffer(b"\xff"), pa.py_buffer(np.array([0, 1], np.int32))
    path = pa.Array.from_buffers(pa.string(), 1, [None, bad[1], bad[0]])
    pq.write_table(pa.table({"path": path, "label": ["a"]}), tmp_path / "x.parquet")
    for file in (tmp_path / "x.csv", tmp_path / "x.parquet"):
        with pytest.raises(DataError, match=r"(?i)not a readable CSV or Parquet.*utf-?8"):
            ImageFiles(file)


def test_spreadsheets_begin_their_files_with_a_mark(ten):
    (ten / "x.csv").write_bytes(b"\xef\xbb\xbfpath,label\n0.png,a\n1.png,b\n")
    assert ImageFiles(ten / "x.csv", all_test=True).classes == ("a", "b")


def test_parquet_of_endless_rows_is_not_read(ten, monkeypatch):
    monkeypatch.setattr(tables, "MOST", 3)
    pd.DataFrame({"path": list("abcd"), "label": list("aabb")}).to_parquet(ten / "x.parquet")
    with pytest.raises(DataError, match="it has more than 3 rows"):
        ImageFiles(ten / "x.parquet")


def test_pipes_are_neither_manifests_nor_images(tmp_path):
    os.mkfifo(tmp_path / "0.png")  # opening one would wait for ever
    os.mkfifo(tmp_path / "x.csv")
    with pytest.raises(DataError, match=r"No image folder or manifest .*x\.csv"):
        ImageFiles(tmp_path / "x.csv")
    save(tmp_path / "1.png")
    dataset = ImageFiles(manifest(tmp_path, "path,label,split\n0.png,a,test\n1.png,b,test\n"))
    found = {item.name: str(image) for item, image in dataset.images(dataset.items("test"))}
    assert found["0.png"] == "0.png: Not a regular file"


# Images


def test_images_come_in_the_order_asked_for(tmp_path):
    dataset = ImageFiles(folder(tmp_path))
    items = dataset.items("train")[::-1]
    assert [item for item, _ in dataset.images(items)] == items


@pytest.mark.parametrize(
    ("content", "why"), [(None, "No such file"), (b"text", "not an image"), (b"", "empty")]
)
def test_broken_image_is_yielded_and_the_next_one_read(tmp_path, content, why):
    save(tmp_path / "1.png")
    if content is not None:
        (tmp_path / "0.png").write_bytes(content)
    dataset = ImageFiles(manifest(tmp_path, "path,label,split\n0.png,a,test\n1.png,b,test\n"))
    found = {item.name: image for item, image in dataset.images(dataset.items("test"))}
    assert isinstance(found["0.png"], BrokenImageError)
    assert str(found["0.png"]).startswith("0.png: ")
    assert why in str(found["0.png"])
    assert found["1.png"].shape == (4, 4, 3)


def test_config_opens_images_with_its_seed(tmp_path):
    config = load_config({"images": folder(tmp_path), "seed": 3})
    dataset = open_dataset(config)
    assert dataset.items("test") == ImageFiles(tmp_path, seed=3).items("test")


def test_name_is_the_folders(tmp_path, monkeypatch):
    monkeypatch.chdir(folder(tmp_path / "my.photos"))
    assert ImageFiles(tmp_path / "my.photos").name == "my.photos"
    assert ImageFiles(Path()).name == "my.photos"


def test_classes_are_in_the_order_in_which_keras_finds_them(tmp_path):
    names = ["1", "10", "2", "02", "a", "B", "_x", "é", "e\u0301b", "Z 1", "~z", "0.5", "猫"]
    folder(tmp_path, labels=names, count=3)
    (tmp_path / "empty").mkdir()
    found = keras.utils.image_dataset_from_directory(tmp_path, image_size=(4, 4), verbose=False)
    composed = tuple(unicodedata.normalize("NFC", name) for name in found.class_names)
    assert ImageFiles(tmp_path).classes == composed
