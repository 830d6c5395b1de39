import os
import shutil
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from trees import counts, items, photo, photos, seen

from audit.core.errors import DataError
from audit.datasets.imagefiles import ImageFiles
from audit.datasets.listing import list_folder


def test_hidden_files_and_leftovers_are_not_listed(tmp_path):
    photo(tmp_path / "cat" / "1.png")
    for name in (".cache/1.png", "__MACOSX/cat/1.png", "cat/.1.png", "cat/@eaDir/1.png"):
        photo(tmp_path / name)
    assert list(list_folder(tmp_path).files()) == [str(tmp_path / "cat" / "1.png")]


def test_linked_folders_and_files_are_followed(tmp_path):
    photos(tmp_path / "store", "{c}/{n}.png")
    linked = tmp_path / "photos"
    (linked / "cat").mkdir(parents=True)
    (linked / "dog").symlink_to(tmp_path / "store" / "dog")
    for n in range(5):
        (linked / "cat" / f"{n}.png").symlink_to(tmp_path / "store" / "cat" / f"{n}.png")
    assert len(items(ImageFiles(linked))) == 10


def test_links_in_a_circle_end(tmp_path):
    photos(tmp_path, "{c}/{n}.png")
    (tmp_path / "cat" / "up").symlink_to(tmp_path)
    (tmp_path / "cat" / "self.png").symlink_to("self.png")
    assert len(items(ImageFiles(tmp_path))) == 10


def test_links_to_images_that_are_not_there_are_counted(tmp_path):
    photos(tmp_path, "{c}/{n}.png")
    (tmp_path / "cat" / "gone.png").symlink_to("../nowhere.png")
    (tmp_path / "cat" / "notes").symlink_to("nowhere")
    dataset = ImageFiles(tmp_path)
    ((strength, words),) = seen(dataset, "links")
    assert len(items(dataset)) == 10 and strength == "weak"
    assert words.startswith("1 link with an image's name leads nowhere")
    assert "gone.png to ../nowhere.png" in words


def test_a_folder_that_may_not_be_read_is_one_line(tmp_path):
    with pytest.raises(DataError, match=r"^Cannot read the folder .*none: No such file"):
        list_folder(tmp_path / "none")


def test_names_that_are_not_utf_8_are_read_and_shown(tmp_path):
    photos(tmp_path, "{c}/{n}.png")
    (tmp_path / "cat" / "0.png").rename(tmp_path / "cat" / os.fsdecode(b"caf\xe9.png"))
    (tmp_path / "dog").rename(tmp_path / os.fsdecode(b"d\xf6g"))
    dataset = ImageFiles(tmp_path)
    assert dataset.classes == ("cat", r"d\xf6g")
    names = {item.name for item in items(dataset)}
    assert r"cat/caf\xe9.png" in names and r"d\xf6g/0.png" in names
    assert all(isinstance(image, np.ndarray) for _, image in dataset.images(items(dataset)))
    assert len(dataset.fingerprint()) == 16
    assert "6 file names are not UTF-8" in seen(dataset, "names")[0][1]


ODD = [
    "train", "Test", "val", "masks", "images", "cat", "cät", "a\u0308", "ä", "no_mask", "1", "10",
    ".git", "__MACOSX", "x y", "tést", "a\\b", "labels", "new\nline", "\udce9", "seg_train",
]  # fmt: skip
FILES = [
    "1.png",
    "1_mask.png",
    "2.jpg",
    "x.heic",
    "plain",
    "n.txt",
    "\udcff.png",
    "ä.PNG",
    ".h.png",
]
TREES = st.lists(
    st.tuples(st.lists(st.sampled_from(ODD), max_size=4), st.sampled_from(FILES)),
    min_size=1,
    max_size=25,
)
LEVELS = np.arange(256, dtype=np.uint8).reshape(16, 16)


@settings(max_examples=60, deadline=None)
@given(TREES, st.booleans())
def test_any_tree_is_read_whole_or_refused_in_one_line(tree, all_test):
    root = Path(tempfile.mkdtemp())
    try:
        written = _write(root, tree)
        _read(root, all_test, written)
    finally:
        shutil.rmtree(root)


def _write(root, tree):
    for folders, name in tree:
        file = root.joinpath(*folders, name)
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(b"not an image")
        except (FileExistsError, NotADirectoryError, IsADirectoryError):
            continue
    return sum(f.is_file() for f in root.rglob("*"))


def _read(root, all_test, written):
    try:
        dataset = ImageFiles(root, all_test=all_test)
    except DataError as error:
        assert str(root) in str(error) and str(error).endswith(".")
        return
    found = items(dataset)
    assert 0 < len(found) <= written
    assert len({item.name for item in found}) == len(found)
    assert all(name.encode() for name in (*dataset.classes, *(i.name for i in found)))
    assert {item.label for item in found} <= set(range(len(dataset.classes)))
    assert all(o.words.encode() for o in dataset.observations())
    assert sum(counts(dataset)) == len(found)
