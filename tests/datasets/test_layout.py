import unicodedata

import pytest
from trees import counts, items, photo, photos, seen

from audit.core.errors import DataError
from audit.datasets.imagefiles import ImageFiles


@pytest.mark.parametrize(
    ("train", "test"),
    [
        ("Train", "TEST"),
        ("training", "testing"),
        ("seg_train/seg_train", "seg_test/seg_test"),
        ("train_set", "test-images"),
        ("01_train", "02_test"),
        ("trn", "holdout"),
        ("flowers_train", "flowers_test"),
        ("Train-new", "Test-new"),
        ("train/images", "test/images"),
        ("data/train", "data/test"),
    ],
)
def test_splits_are_read_as_people_name_them(tmp_path, train, test):
    dataset = ImageFiles(photos(tmp_path, train + "/{c}/{n}.png", test + "/{c}/x{n}.png"))
    assert dataset.classes == ("cat", "dog")
    assert counts(dataset) == (10, 0, 10)
    assert {i.name.split("/")[0] for i in dataset.items("test")} == {test.split("/")[0]}
    (strength, words) = seen(dataset, "splits")[0]
    assert strength == "fine" and words.startswith("2 splits found: ")


def test_splits_below_the_classes_are_splits(tmp_path):
    dataset = ImageFiles(photos(tmp_path, "{c}/train/{n}.png", "{c}/test/{n}.png"))
    assert dataset.classes == ("cat", "dog")
    assert counts(dataset) == (10, 0, 10)


def test_a_class_called_test_stays_a_class(tmp_path):
    dataset = ImageFiles(photos(tmp_path, "{c}/{n}.png", classes=("cat", "dog", "test")))
    assert dataset.classes == ("cat", "dog", "test")


def test_a_class_called_train_with_folders_of_its_own_stays_a_class(tmp_path):
    photos(tmp_path, "train/{c}/{n}.png", classes=("steam", "diesel"))
    photos(tmp_path, "{c}/{n}.png", classes=("bus", "car"))
    assert ImageFiles(tmp_path).classes == ("bus", "car", "train")


def test_folders_that_look_like_splits_among_others_stop_a_run(tmp_path):
    dataset = ImageFiles(
        photos(tmp_path, "train-new/{c}/{n}.png", "train-old/{c}/{n}.png", "test/{c}/{n}.png")
    )
    assert seen(dataset, "splits")[0] == (
        "strong",
        "test, train-new and train-old hold folders of the same names (cat, dog): they look like "
        "splits, not classes: name the folders train, validation and test, or move away those "
        "that are not splits.",
    )


def test_a_folder_of_the_same_classes_beside_the_splits_stops_a_run(tmp_path):
    dataset = ImageFiles(
        photos(tmp_path, "train/{c}/{n}.png", "test/{c}/{n}.png", "more/{c}/{n}.png")
    )
    assert counts(dataset) == (10, 0, 10)
    assert [s for s, words in seen(dataset, "splits") if "more lies beside" in words] == ["strong"]


def test_unlabelled_images_beside_the_splits_are_told(tmp_path):
    photos(tmp_path, "seg_train/{c}/{n}.png", "seg_test/{c}/{n}.png")
    photos(tmp_path, "seg_pred/seg_pred/{n}.png", classes=("",))
    dataset = ImageFiles(tmp_path)
    assert counts(dataset) == (10, 0, 10)
    assert seen(dataset, "folders")[0][0] == "weak"
    assert seen(dataset, "folders")[0][1].startswith("5 images in seg_pred lie in no class folder")


def test_splits_without_folders_of_classes_stop_a_run(tmp_path):
    dataset = ImageFiles(photos(tmp_path, "{c}/{n}.png", classes=("train", "test")))
    assert seen(dataset, "splits")[0][0] == "strong"
    assert "test and train are named like splits" in seen(dataset, "splits")[0][1]


def test_classes_that_share_folders_are_a_remark(tmp_path):
    dataset = ImageFiles(photos(tmp_path, "site1/{c}/{n}.png", "site2/{c}/{n}.png"))
    assert dataset.classes == ("site1", "site2")
    assert seen(dataset, "splits")[0][0] == "weak"


def test_empty_class_folders_are_classes_as_for_keras(tmp_path):
    photos(tmp_path, "{c}/{n}.png")
    for name in ("bird", "masks", "__MACOSX/cat", ".git/x", "images", "docs"):
        (tmp_path / name).mkdir(parents=True)
    dataset = ImageFiles(tmp_path)
    assert dataset.classes == ("bird", "cat", "dog")
    assert seen(dataset, "empty-classes") == [
        (
            "weak",
            "1 of 3 class folders holds no readable image (bird); such folders stay classes, as in "
            "Keras: fill these folders, or remove those that are not classes.",
        )
    ]


def test_a_class_that_is_empty_in_one_split_is_not_empty(tmp_path):
    photos(tmp_path, "train/{c}/{n}.png", "test/{c}/{n}.png")
    for file in (tmp_path / "test" / "dog").iterdir():
        file.unlink()
    dataset = ImageFiles(tmp_path)
    assert dataset.classes == ("cat", "dog")
    assert not seen(dataset, "empty-classes")
    assert "1 of 2 classes has no test image (dog)" in seen(dataset, "untested-classes")[0][1]


def test_one_class_of_two_spellings_is_one(tmp_path):
    for split, form in (("train", "NFC"), ("test", "NFD")):
        photos(
            tmp_path / split, "{c}/{n}.png", classes=(unicodedata.normalize(form, "café"), "tea")
        )
    dataset = ImageFiles(tmp_path)
    assert dataset.classes == ("café", "tea")
    assert counts(dataset) == (10, 0, 10)
    assert all(unicodedata.is_normalized("NFC", item.name) for item in items(dataset))
    assert "café with composed and with separate accents" in seen(dataset, "names")[0][1]


def test_without_splits_the_share_that_is_audited_is_told(tmp_path):
    dataset = ImageFiles(photos(tmp_path, "{c}/{n}.png", count=10))
    assert seen(dataset, "splits") == [
        (
            "fine",
            "The images have no splits, so 20% of each class, 4 of 20 images, are audited as test "
            "images: give --splits all to audit every image.",
        )
    ]


def test_all_test_audits_every_image(tmp_path):
    photos(tmp_path, "train/{c}/{n}.png", "test/{c}/{n}.png")
    assert counts(ImageFiles(tmp_path, all_test=True)) == (0, 0, 20)


def test_classes_too_small_for_a_test_image_are_named_with_the_mend(tmp_path):
    photos(tmp_path, "{c}/{n}.png", count=1)
    photos(tmp_path, "{c}/{n}.png", classes=("bird",))
    assert seen(ImageFiles(tmp_path), "untested-classes") == [
        (
            "weak",
            "2 of 3 classes have no test image (cat, dog): give --splits all to audit every image.",
        )
    ]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda root: photo(root / "1.png"), r"holds 1 image, but no folders of classes: put "),
        (lambda root: (root / "x.zip").write_bytes(b"PK"), "but the archive .*x.zip: unpack it"),
        (lambda root: (root / "a").mkdir(), "holds no images in class sub-folders: put "),
        (
            lambda root: [photo(root / "images" / "1.png"), photo(root / "images" / "2.png")],
            "has 1 class, 'images'; a classifier needs two",
        ),
        (
            lambda root: [(root / "a").mkdir(), (root / "a" / "1.cr2").write_bytes(b"raw")],
            "no images that can be read, but 1 image file such as 1.cr2: convert them",
        ),
    ],
)
def test_a_folder_without_classes_says_what_it_holds(tmp_path, make, words):
    make(tmp_path)
    with pytest.raises(DataError, match=words) as error:
        ImageFiles(tmp_path)
    assert str(tmp_path) in str(error.value)


def test_an_archive_is_to_be_unpacked(tmp_path):
    for name in ("x.zip", "x.tar.gz"):
        (tmp_path / name).write_bytes(b"PK")
        with pytest.raises(DataError, match=r"is an archive: unpack it and give its folder"):
            ImageFiles(tmp_path / name)


def test_a_split_without_folders_of_classes_is_no_class(tmp_path):
    photos(tmp_path, "train/{c}/{n}.png")
    for n in range(3):
        photo(tmp_path / "test" / f"{n}.png")
    dataset = ImageFiles(tmp_path)
    assert dataset.classes == ("cat", "dog")
    assert counts(dataset) == (10, 0, 0)
    ((_, words),) = seen(dataset, "folders")
    assert words.startswith("3 images in test lie in no class folder and are left out")


def test_images_in_a_split_alone_say_that_classes_are_missing(tmp_path):
    for n in range(3):
        photo(tmp_path / "train" / f"cat.{n}.png")
    with pytest.raises(DataError, match=r"train holds images, but no folders of classes: put"):
        ImageFiles(tmp_path)
