import numpy as np
import pytest
from maskscenes import TRIMAP, Scenes, flat, save

from audit.datasets.dataset import Item
from audit.datasets.imagefiles import ImageFiles
from audit.masks.masks import Masks


def observed(folder, names, **flags):
    found = Masks(flat(names), folder, **flags).observations()
    return {observation.key: observation for observation in found}


def test_all_is_fine_where_every_image_has_its_mask(tmp_path):
    for name in "abc":
        save(tmp_path / f"{name}.png", TRIMAP)
    found = observed(tmp_path, ["a.jpg", "b.jpg", "c.jpg"])
    assert {key: one.strength for key, one in found.items()} == {
        "mask-join": "fine",
        "mask-values": "fine",
        "bad-masks": "fine",
    }
    assert found["mask-join"].words == "3 of 3 images have masks of their own (3 by path)"
    assert found["mask-values"].words == (
        "3 folder masks hold 0, 128, 255: 255 is the subject, 0 the background, 128 unknown"
    )
    assert found["bad-masks"].words == "All 3 folder masks can be read"


def test_masks_without_an_image_and_images_without_a_mask_are_counted(tmp_path):
    for name in ("a", "z", "b_mask"):
        save(tmp_path / f"{name}.png", TRIMAP)
    found = observed(tmp_path, ["a.jpg", "b.jpg", "c.jpg"])["mask-join"]
    assert found.strength == "weak"
    assert found.words.startswith(
        "2 of 3 images have masks of their own (1 by path, 1 by a name like x_mask); the other 1 "
        "is cut out by GrabCut; 1 of 3 mask files fits no image, such as "
    )


def test_classes_without_any_mask_are_named(tmp_path):
    for label in ("one", "two"):
        save(tmp_path / f"photos/test/{label}/{label}.png", np.zeros((4, 4, 3), np.uint8))
    save(tmp_path / "masks/one/one.png", TRIMAP)
    masks = Masks(ImageFiles(tmp_path / "photos"), tmp_path / "masks", grabcut=False)
    found = masks.observations()[0]
    assert "the other 1 has none, including every image of 1 of the 2 classes (two)" in found.words


def test_bad_masks_are_named_up_to_three_and_counted(tmp_path):
    for name in "abcdefghij":
        odd = [[0, 255, 255, 60]] if name in "cdefg" else [[0, 255, 255, 0]]
        save(tmp_path / f"{name}.png", np.array(odd, np.uint8))
    found = observed(tmp_path, [f"{name}.jpg" for name in "abcdefghij"])["bad-masks"]
    assert found.strength == "weak"
    assert found.words.startswith("5 of 10 folder masks cannot be used: ")
    assert found.words.endswith("e.png holds the value 60: use 255 for the foreground, 0 for the "
                                "background, 128 for unknown; and 2 more")  # fmt: skip


def test_more_bad_masks_than_good_ones_stop_the_run(tmp_path):
    for name in "abc":
        (tmp_path / f"{name}.png").write_bytes(b"torn")
    assert observed(tmp_path, ["a.jpg", "b.jpg", "c.jpg"])["bad-masks"].strength == "strong"


def test_values_of_which_none_is_plainly_background_stop_the_run_until_stated(tmp_path):
    save(tmp_path / "a.png", np.array([[1, 2, 2, 1]], np.uint8))
    found = observed(tmp_path, ["a.jpg"])["mask-values"]
    assert found.strength == "strong"
    assert "--mask-subject" in found.line
    stated = observed(tmp_path, ["a.jpg"], subject="1")["mask-values"]
    assert stated.strength == "fine"
    assert stated.words == "1 folder mask holds 1, 2: 1 is the subject, as --mask-subject says"


@pytest.mark.parametrize(
    ("values", "taken"),
    [
        ([0, 1], "1 is the subject, 0 the background"),
        ([0, 1, 255], "everything but 0 is the subject, 255 unknown"),
        ([1, 2, 3], "1 is the subject, 2 the background, 3 unknown"),
    ],
)
def test_what_values_are_taken_for_is_said(tmp_path, values, taken):
    save(tmp_path / "a.png", np.array([values], np.uint8))
    found = observed(tmp_path, ["a.jpg"])["mask-values"]
    assert found.words.endswith(f": {taken}")
    assert found.strength == "fine"


def test_masks_that_a_data_set_draws_need_no_reading():
    assert Masks(Scenes({"a.jpg": np.zeros((2, 4, 3), np.uint8)}, {})).observations() == []


def test_masks_of_a_manifest_are_read_by_what_all_of_them_tell(tmp_path):
    rows = ["path,label,split,mask"]
    for name, held in {"a": [0, 1, 255], "b": [0, 0, 255], "c": [0, 1, 255]}.items():
        save(tmp_path / f"{name}.png", np.zeros((1, 3, 3), np.uint8))
        save(tmp_path / f"m{name}.png", np.array([held], np.uint8))
        rows.append(f"{name}.png,{'two' if name == 'c' else 'one'},test,m{name}.png")
    (tmp_path / "list.csv").write_text("\n".join(rows))
    masks = Masks(ImageFiles(tmp_path / "list.csv"))
    trimap, source = masks.own(Item("b.png", 0, "test"), (1, 3))
    assert source == "manifest"
    assert trimap.tolist() == [[0, 0, 128]]


def test_a_stated_subject_that_no_mask_holds_stops_a_run(tmp_path):
    save(tmp_path / "a.png", TRIMAP)
    found = observed(tmp_path, ["a.jpg"], subject="7")["mask-values"]
    assert found.strength == "strong"
    assert found.words.endswith("7 is the subject, as --mask-subject says, but no mask holds that")
    assert observed(tmp_path, ["a.jpg"], subject="128")["mask-values"].strength == "fine"
