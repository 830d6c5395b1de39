import numpy as np
import pytest
from PIL import Image
from trees import counts, items, mask, masks, photo, photos, seen

from audit.core.errors import DataError
from audit.datasets.imagefiles import ImageFiles
from audit.masks.masks import Masks
from audit.masks.names import is_image_name, is_mask_name


def with_masks(dataset):
    return len(dataset.mask_paths())


def test_names_of_folders_of_masks():
    for name in [
        "mask",
        "Masks",
        "SegmentationClass",
        "ground_truth",
        "GT",
        "labels",
        "trimaps",
        "train_masks",
    ]:
        assert is_mask_name(name)
    for name in ["cat", "images", "masked_owl"]:
        assert not is_mask_name(name)
    assert is_image_name("JPEGImages") and is_image_name("Images") and not is_image_name("cat")


@pytest.mark.parametrize(
    ("of_photos", "of_masks"),
    [
        ("{c}/images/{n}.png", "{c}/masks/{n}.png"),
        ("{c}/images/{n}.jpg", "{c}/GT/{n}_gt.png"),
        ("images/{c}/{n}.jpg", "masks/{c}/{n}.png"),
        ("JPEGImages/{c}/{n}.jpg", "SegmentationClass/{c}/{n}.png"),
        ("{c}/{n}.jpg", "masks/{c}/{n}.png"),
        ("{c}/{n}.jpg", "{c}/masks/{n}.png"),
        ("{c}/{c}{n}.jpg", "masks/{c}{n}.png"),
        ("{c}/{n}/images/a{n}.png", "{c}/{n}/masks/7f.png"),
        ("{c}/{c} ({n}).png", "{c}/{c} ({n})_mask.png"),
        ("{c}/{n}.jpg", "{c}/{n}-mask.png"),
        ("{c}/{n}.jpg", "{c}/{n}_seg.png"),
        ("{c}/{n}.jpg", "{c}/{n}_segmentation.png"),
        ("{c}/{n}.jpg", "{c}/{n}_ground_truth.png"),
        ("{c}/{n}.jpg", "{c}/{n}Mask.png"),
        ("{c}/{n}.jpg", "{c}/mask_{n}.png"),
        ("{c}/{n}.jpg", "{c}/{n}.png"),
    ],
)
def test_masks_among_photographs_are_masks_of_them(tmp_path, of_photos, of_masks):
    photos(tmp_path, of_photos)
    masks(tmp_path, of_masks)
    dataset = ImageFiles(tmp_path)
    assert dataset.classes == ("cat", "dog")
    assert len(items(dataset)) == with_masks(dataset) == 10
    assert dataset.mask_source == "beside"
    ((strength, words),) = seen(dataset, "masks-beside")
    assert strength == "fine"
    assert words.startswith("10 files are masks of 10 photographs (10 ")
    assert not seen(dataset, "photos-like-masks")


def test_masks_in_splits_belong_to_the_images_of_their_split(tmp_path):
    for split in ("Train", "TEST"):
        photos(tmp_path, split + "/images/{c}/{n}.jpg")
        masks(tmp_path, split + "/masks/{c}/{n}.png")
    dataset = ImageFiles(tmp_path)
    assert counts(dataset) == (10, 0, 10) and with_masks(dataset) == 20
    item = dataset.items("test")[0]
    expected = tmp_path / item.name.replace("images", "masks").replace("jpg", "png")
    assert dataset.mask_paths()[item.name] == (expected,)


def test_several_masks_of_a_photograph_are_united(tmp_path):
    photos(tmp_path, "{c}/{n}.png")
    mask(tmp_path / "cat" / "0_mask.png", box=(2, 8))
    mask(tmp_path / "cat" / "0_mask_1.png", box=(12, 20))
    dataset = ImageFiles(tmp_path)
    (item,) = (i for i in items(dataset) if i.name == "cat/0.png")
    expected = np.zeros((24, 24), np.uint8)
    expected[2:8, 2:8] = expected[12:20, 12:20] = 255
    np.testing.assert_array_equal(Masks(dataset).own(item, (24, 24))[0], expected)
    assert (
        "2 files are masks of 1 photograph (2 named like x_mask); 9 photographs have none"
        in (seen(dataset, "masks-beside")[0][1])
    )


def test_masks_of_one_photograph_that_differ_in_size_are_told(tmp_path):
    photos(tmp_path, "{c}/{n}.png")
    mask(tmp_path / "cat" / "0_mask.png")
    mask(tmp_path / "cat" / "0_mask_1.png")
    small = tmp_path / "cat" / "0_mask_1.png"
    Image.open(small).resize((12, 12), Image.Resampling.NEAREST).save(small)
    dataset = ImageFiles(tmp_path)
    (item,) = (i for i in items(dataset) if i.name == "cat/0.png")
    with pytest.raises(DataError, match=r"0_mask.png and .*0_mask_1.png of one image differ in"):
        Masks(dataset).own(item, (24, 24))


def test_photographs_in_classes_named_mask_stay_classes(tmp_path):
    dataset = ImageFiles(photos(tmp_path, "{c}/{n}.png", classes=("mask", "no_mask")))
    assert dataset.classes == ("mask", "no_mask")
    assert dataset.mask_source == "manifest"


def test_photographs_named_mask_stay_photographs(tmp_path):
    dataset = ImageFiles(photos(tmp_path, "{c}/{n}.png", "{c}/{n}_mask.png"))
    assert len(items(dataset)) == 20


def test_drawings_in_a_class_named_mask_stay_a_class(tmp_path):
    dataset = ImageFiles(masks(tmp_path, "{c}/{c}{n}.png", classes=("cat", "mask", "tie")))
    assert dataset.classes == ("cat", "mask", "tie")


def test_masks_that_fit_no_photograph_are_left_out_and_told(tmp_path):
    photos(tmp_path, "{c}/images/{n}.png")
    masks(tmp_path, "{c}/masks/other-{n}.png")
    dataset = ImageFiles(tmp_path)
    assert len(items(dataset)) == 10
    ((strength, words),) = seen(dataset, "masks-beside")
    assert strength == "weak" and words.startswith("10 files are left out that lie in ")


def test_overlays_in_a_folder_of_masks_are_no_photographs(tmp_path):
    dataset = ImageFiles(photos(tmp_path, "{c}/images/{n}.png", "{c}/annotations/{n}.png"))
    assert len(items(dataset)) == 10
    assert seen(dataset, "masks-beside")[0][0] == "weak"


def test_two_folders_of_masks_of_one_photograph_stop_a_run(tmp_path):
    photos(tmp_path, "{c}/images/{n}.png")
    masks(tmp_path, "{c}/infection masks/{n}.png", "{c}/lung masks/{n}.png")
    strength, words = seen(ImageFiles(tmp_path), "masks-beside")[0]
    assert strength == "strong" and "(infection masks, lung masks)" in words


def test_masks_of_other_names_among_photographs_stop_a_run(tmp_path):
    photos(tmp_path, "{c}/{n}.png")
    masks(tmp_path, "{c}/m{n}.png")
    ((strength, words),) = seen(ImageFiles(tmp_path), "photos-like-masks")
    assert strength == "strong"
    assert words.startswith("50% of 20 sampled photographs hold only a few flat levels")


def test_images_that_all_are_line_drawings_are_a_remark(tmp_path):
    masks(tmp_path, "{c}/{n}.png")
    ((strength, words),) = seen(ImageFiles(tmp_path), "photos-like-masks")
    assert strength == "weak"
    assert "100% of 10 sampled" in words and "see whether they are drawings" in words


def test_a_few_drawings_among_photographs_are_a_remark(tmp_path):
    photos(tmp_path, "{c}/{n}.png", count=10)
    photo(tmp_path / "cat" / "x.png")
    mask(tmp_path / "cat" / "drawing.png")
    assert seen(ImageFiles(tmp_path), "photos-like-masks")[0][0] == "weak"
