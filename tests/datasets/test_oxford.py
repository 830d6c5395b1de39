from collections import Counter

import numpy as np
import pytest

from audit.core.errors import DataError
from audit.datasets.dataset import SPLITS, fingerprint
from audit.datasets.oxford import OxfordFlowers, _practice


@pytest.fixture(scope="module")
def open_oxford(shared_data):
    def make(splits):
        return OxfordFlowers(shared_data / "tfds", download=False, splits=splits)

    return make


@pytest.fixture(scope="module")
def official(open_oxford):
    return open_oxford("official")


@pytest.fixture(scope="module")
def practice(open_oxford):
    return open_oxford("practice")


def test_official_splits_have_their_sizes(official):
    assert [len(official.items(s)) for s in SPLITS] == [1020, 1020, 6149]


def test_every_image_of_the_hundred_and_two_species_is_named_once(official):
    items = [item for s in SPLITS for item in official.items(s)]
    assert len({item.name for item in items}) == 8189
    assert {item.label for item in items} == set(range(102))
    assert len(official.classes) == 102


def test_practice_takes_5000_to_train_and_1000_to_test(practice):
    assert [len(practice.items(s)) for s in SPLITS] == [5000, 2189, 1000]


def test_no_image_is_in_two_practice_splits(practice):
    names = [item.name for s in SPLITS for item in practice.items(s)]
    assert len(names) == len(set(names))


def test_practice_splits_keep_every_species_share(practice):
    whole = Counter(item.label for s in SPLITS for item in practice.items(s))
    tested = Counter(item.label for item in practice.items("test"))
    assert all(abs(tested[k] - 1000 * n / 8189) < 1 for k, n in whole.items())


def test_practice_splits_are_those_of_their_seed(official, practice):
    items = [item for s in SPLITS for item in official.items(s)]
    assert fingerprint(_practice(items, 0)) == practice.fingerprint()
    assert fingerprint(_practice(items, 1)) != practice.fingerprint()


def test_images_come_with_the_items_asked_for_in_order(official):
    items = official.items("validation")[:200:40]
    read = list(official.images(items))
    assert [item for item, _ in read] == items
    for _, image in read:
        assert image.dtype == np.uint8
        assert min(image.shape[:2]) == 256


def test_practice_images_come_in_the_order_of_their_items(practice):
    items = practice.items("test")[:200:40]  # from two official splits, train and validation
    assert [item for item, _ in practice.images(items)] == items


def test_masks_join_on_the_names(official, shared_data):
    names = {item.name for s in SPLITS for item in official.items(s)}
    masks = {f"{file.stem}.jpg" for file in (shared_data / "masks").glob("*.png")}
    assert len(masks) == 315
    assert masks <= names


def test_no_masks_are_brought(official):
    assert official.trimap(official.items("test")[0]) is None


def test_missing_data_that_must_not_be_downloaded_names_the_other_ways(tmp_path):
    with pytest.raises(DataError) as error:
        OxfordFlowers(tmp_path, download=False)
    message = str(error.value)
    assert str(tmp_path) in message
    for way in ("--no-download", "--data-dir", "--backbone efficientnet-lite0", "--preset planted"):
        assert way in message
    assert "\n" not in message
    assert list(tmp_path.iterdir()) == []


def test_torn_data_set_is_one_line(tmp_path):
    folder = tmp_path / "oxford_flowers102" / "2.1.1"
    folder.mkdir(parents=True)
    (folder / "dataset_info.json").write_text("{")
    with pytest.raises(DataError, match=str(tmp_path)) as error:
        OxfordFlowers(tmp_path, download=False)
    assert "\n" not in str(error.value)
