import os
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from maskscenes import TRIMAP, flat, save

from audit.core.errors import DataError
from audit.datasets.dataset import Item
from audit.masks.masks import Masks
from audit.masks.match import match


def joined(masks, images):
    """Masks by image, of images that lie in folders of their classes."""
    files = [Path("masks") / mask for mask in masks]
    classes = {name: name.rpartition("/")[0].split("/")[-1] for name in images}
    found = match(Path("masks"), files, classes)
    return {
        name: [file.relative_to("masks").as_posix() for file in several]
        for name, several in found.files.items()
    }


@pytest.mark.parametrize("mask", ["a.png", "a.jpg.png", "rose/a.png", "x/y/a.PNG"])
def test_mask_is_found_by_name_in_any_sub_folder(tmp_path, mask):
    save(tmp_path / mask, TRIMAP)
    masks = Masks(flat(["rose/a.jpg"]), tmp_path)
    trimap, source = masks.own(Item("rose/a.jpg", 0, "test"), (2, 4))
    np.testing.assert_array_equal(trimap, TRIMAP)
    assert source == "folder"


def test_same_file_name_in_two_classes_needs_the_class_folder(tmp_path):
    save(tmp_path / "rose/1.png", TRIMAP)
    masks = Masks(flat(["rose/1.jpg", "lily/1.jpg"]), tmp_path)
    assert masks.has_own(Item("rose/1.jpg", 0, "test"))
    assert not masks.has_own(Item("lily/1.jpg", 0, "test"))


def test_a_mask_that_fits_images_of_several_classes_is_refused_not_dropped(tmp_path):
    save(tmp_path / "1.png", TRIMAP)
    save(tmp_path / "only.png", TRIMAP)
    with pytest.raises(DataError, match=r"1\.png fits 2 images .*say which by its place"):
        Masks(flat(["rose/1.jpg", "lily/1.jpg", "lily/only.jpg"]), tmp_path)


def test_two_images_of_one_stem_are_told_apart_by_their_full_names(tmp_path):
    save(tmp_path / "a.jpg.png", TRIMAP)
    masks = Masks(flat(["a.jpg", "a.webp"]), tmp_path)
    assert masks.has_own(Item("a.jpg", 0, "test"))
    assert not masks.has_own(Item("a.webp", 0, "test"))


def test_two_masks_for_one_image_are_refused(tmp_path):
    save(tmp_path / "x/a.png", TRIMAP)
    save(tmp_path / "y/a.png", TRIMAP)
    with pytest.raises(DataError, match=r"Two masks fit the image a\.jpg: .*Remove one"):
        Masks(flat(["a.jpg"]), tmp_path)


@pytest.mark.parametrize(
    ("mask", "image"),
    [
        ("test/masks/rose/1.png", "test/rose/1.jpg"),
        ("rose/masks/1.png", "rose/1.jpg"),
        ("masks/rose/1.png", "rose/1.jpg"),
        ("rose/1.png", "test/rose/1.jpg"),
        ("Rose/1.PNG", "rose/1.jpg"),
        ("rose/A.png", "rose/a.JPG"),
        ("Testing/rose/1.tif", "test/rose/1.jpg"),
        ("rose/1_mask.png", "rose/1.jpg"),
        ("rose/1-mask.png", "rose/1.jpg"),
        ("masks/1_seg.png", "rose/1.jpg"),
        ("rose/ISIC_07_Segmentation.png", "rose/ISIC_07.jpg"),
        ("rose/benign (1)_mask.png", "rose/benign (1).png"),
        ("rose/1_gt.bmp", "rose/1.jpg"),
        ("rose/mask_1.png", "rose/1.jpg"),
        ("rose/1Mask.png", "rose/1.jpg"),
        ("train_masks/rose/1.png", "Train/rose/1.jpg"),
        ("dev/rose/1.png", "validation/rose/1.jpg"),
    ],
)
def test_usual_layouts_are_joined(mask, image):
    assert joined([mask], [image, "lily/other.jpg"]) == {image: [mask]}


def test_folders_of_images_are_looked_through():
    files = [Path("masks/annotations/rose/1.png")]
    found = match(Path("masks"), files, {"rose/images/1.jpg": "rose", "lily/images/1.jpg": "lily"})
    assert found.files == {"rose/images/1.jpg": (files[0],)}
    assert found.rules == {"by folder and name": 1}


def test_a_mask_in_the_folder_of_another_class_is_nobodys():
    masks = ["aster/1.png", "aster/2.png"]
    images = ["aster/1.jpg", "begonia/2.jpg"]
    assert joined(masks, images) == {"aster/1.jpg": ["aster/1.png"]}
    assert joined(["ASTER/2_mask.png"], images) == {}


def test_accents_may_be_composed_or_not():
    mask = unicodedata.normalize("NFC", "café/1.png")
    image = unicodedata.normalize("NFD", "café/1.jpg")
    assert joined([mask], [image]) == {image: [mask]}


def test_names_that_are_no_utf8_are_joined_as_they_are_and_as_they_are_shown():
    raw = os.fsdecode(b"rose/caf\xe9")
    assert joined([f"{raw}.png"], [f"{raw}.jpg"]) == {f"{raw}.jpg": [f"{raw}.png"]}
    shown = "rose/caf\\xe9.jpg"
    assert joined([f"{raw}.png"], [shown]) == {shown: [f"{raw}.png"]}


def test_case_is_not_guessed_where_two_images_differ_by_it():
    assert joined(["rose/a.png"], ["rose/a.jpg", "rose/A.jpg"]) == {"rose/a.jpg": ["rose/a.png"]}
    assert joined(["ROSE/a.png"], ["rose/a.jpg", "rose/A.jpg"]) == {"rose/a.jpg": ["ROSE/a.png"]}
    assert joined(["ROSE/a.png"], ["rose/a.jpg", "Rose/a.jpg"]) == {}


def test_several_masks_of_one_image_are_its_parts():
    masks = ["rose/1_mask.png", "rose/1_mask_1.png", "rose/1_mask_2.png"]
    assert joined(masks, ["rose/1.jpg"]) == {"rose/1.jpg": masks}


def test_png_is_preferred_to_what_may_be_a_photograph_beside_it():
    assert joined(["x/1.jpg", "y/1.png"], ["rose/1.jpg"]) == {"rose/1.jpg": ["y/1.png"]}
    beside = ["rose/1.jpg", "rose/1_mask.png"]
    assert joined(beside, ["rose/1.jpg"]) == {"rose/1.jpg": ["rose/1_mask.png"]}


def test_what_fits_no_image_is_left():
    found = match(Path("m"), [Path("m/rose/9.png")], {"rose/1.jpg": "rose"})
    assert found.left == (Path("m/rose/9.png"),)


def test_linked_folders_are_followed_and_circles_end(tmp_path):
    save(tmp_path / "elsewhere/1.png", TRIMAP)
    (tmp_path / "masks").mkdir()
    (tmp_path / "masks/rose").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "masks/back").symlink_to(tmp_path / "masks")
    (source,) = Masks(flat(["rose/1.jpg"]), tmp_path / "masks").sources
    assert source.joined.files == {"rose/1.jpg": (tmp_path / "masks/rose/1.png",)}


def test_hidden_files_are_no_masks(tmp_path):
    save(tmp_path / "rose/1.png", TRIMAP)
    (tmp_path / "rose/._1.png").write_bytes(b"left by macOS")
    (source,) = Masks(flat(["rose/1.jpg"]), tmp_path).sources
    assert source.joined.left == ()
