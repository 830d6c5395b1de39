import pytest

from audit.core.errors import DataError
from audit.datasets.dataset import Item
from audit.execution.select import select
from audit.settings import load_config


class Named:
    """A data set of names; every tenth image has a mask of its own."""

    name = "named"

    def __init__(self, count):
        self._items = [Item(f"{i:03d}.jpg", i % 4, "test") for i in range(count)]

    def items(self, split):
        return self._items if split == "test" else []


class OwnMasks:
    def has_own(self, item):
        return item.name.endswith("0.jpg")


def chosen(count=100, **flags):
    return select(Named(count), OwnMasks(), load_config(flags))


def test_all_are_predicted_and_explained_unless_asked_otherwise():
    tested, explained = chosen()
    assert len(tested) == 100
    assert explained == tested


def test_limit_is_of_both():
    tested, explained = chosen(limit=20)
    assert len(tested) == 20
    assert explained == tested


def test_explain_samples_and_keeps_every_image_with_a_mask():
    tested, explained = chosen(explain=8)
    assert len(tested) == 100
    assert len(explained) == 10 + 8
    assert sum(OwnMasks().has_own(item) for item in explained) == 10


def test_both_orders_are_the_data_sets():
    tested, explained = chosen(limit=50, explain=8)
    for items in (tested, explained):
        assert [i.name for i in items] == sorted(i.name for i in items)


def test_images_beyond_the_limit_are_not_explained():
    tested, explained = chosen(limit=20, explain=8)
    assert set(explained) <= set(tested)


def test_more_than_there_are_is_all_of_them():
    assert len(chosen(limit=1000, explain=1000)[1]) == 100


def test_no_test_images_are_refused():
    with pytest.raises(DataError, match=r"^named has no images in its test split"):
        chosen(count=0)
