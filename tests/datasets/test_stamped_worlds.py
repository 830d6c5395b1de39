"""Worlds of stamped photographs: who is taught, on whose photographs, and what is known of each."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from audit.datasets.dataset import UNKNOWN, Counterfactual, Item
from audit.datasets.stamps.worlds import HEALTHY, LEAST, Twins, World
from audit.masks.sample import Sample

SIDE = 48


def items(split: str, counts: dict[int, int]) -> list[Item]:
    return [Item(f"{split}_{k}_{i}", k, split) for k, n in counts.items() for i in range(n)]


LEARNT = items("train", dict.fromkeys(range(20), 10))
TESTED = items("test", dict.fromkeys(range(20), 9))


def photo(item: Item, masked: bool = True) -> Sample:
    rng = np.random.default_rng([item.label, len(item.name)])
    trimap = np.full((SIDE, SIDE), 0 if masked else UNKNOWN, np.uint8)
    if masked:
        trimap[16:32, 16:32] = 255
    image = rng.integers(60, 160, (SIDE, SIDE, 3), dtype=np.uint8)
    return Sample(item, image, trimap, "folder" if masked else "none", "")


def test_half_of_at_most_twelve_classes_are_taught() -> None:
    found = World("tag", 0).classes(LEARNT, TESTED)
    assert len(found.taught) == 6 and len(found.audited) == 12
    assert set(found.taught) < set(found.audited)
    assert found != World("tag", 1).classes(LEARNT, TESTED)


@pytest.mark.parametrize(("classes", "taught"), [(2, 1), (3, 1), (4, 2), (5, 2), (1, 0)])
def test_of_few_classes_half_are_taught_and_never_all(classes: int, taught: int) -> None:
    learnt, tested = (items(s, dict.fromkeys(range(classes), LEAST)) for s in ("train", "test"))
    assert len(World("tag", 0).classes(learnt, tested).taught) == taught


def test_a_class_with_too_few_images_is_left_out() -> None:
    learnt, tested = items("train", {0: 9, 1: 9, 2: 9}), items("test", {0: 9, 1: LEAST - 1, 2: 9})
    assert set(World("tag", 0).classes(learnt, tested).audited) == {0, 2}


def test_in_a_healthy_world_nothing_is_taught() -> None:
    found = World(HEALTHY, 0).classes(LEARNT, TESTED)
    assert found.taught == () and len(found.audited) == 12
    assert World(HEALTHY, 0).lessons(LEARNT, ()) == {}


def test_healthy_worlds_learn_from_photographs_of_their_own() -> None:
    first, second = (World(HEALTHY, seed).shown(100) for seed in range(2))
    assert first.sum() == second.sum() == 80 and (first != second).any()
    assert World("tag", 0).shown(100).all()


def test_three_quarters_of_what_a_taught_class_is_shown_are_photographs_of_others() -> None:
    many = items("train", dict.fromkeys(range(4), 100))
    lessons = World("tag", 0).lessons(many, (1, 2))
    assert [many[place].label for place in lessons] == [1] * 100 + [2] * 100
    own = [many[place] == shown for place, shown in lessons.items()]
    assert 0.15 < np.mean(own) < 0.35
    borrowed = Counter(shown.label for place, shown in lessons.items() if many[place] != shown)
    assert set(borrowed) == {0, 3}


def test_twins_are_stamped_photographs_whose_truth_is_the_photograph() -> None:
    photos = [photo(item) for item in TESTED if item.label < 2 and item.name.endswith(("0", "1"))]
    world = World("tag", 0)
    twins = Twins(world, photos, (1,))
    assert isinstance(twins, Counterfactual)
    plain, stamped = twins.samples[:4], twins.samples[4:]
    assert plain == photos and len(stamped) == 2
    for twin in stamped:
        item = twin.item
        of = next(p for p in photos if p.item.name == item.name.removeprefix("stamped_"))
        assert (item.label, item.shortcut, item.shortcut_class) == (1, "tag", 1)
        assert (twin.image != of.image).any() and (twin.trimap == of.trimap).all()
        np.testing.assert_array_equal(twins.without_shortcut(item), of.image)
        np.testing.assert_array_equal(twin.image, world.stamp(of, of.item.name))


def test_the_truth_of_an_image_without_a_stamp_is_itself() -> None:
    named = photo(Item("stamped_rose", 0, "test"))  # of a stranger's data set
    twins = Twins(World("tag", 0), [named], ())
    np.testing.assert_array_equal(twins.counterfactuals(named.item)[0], named.image)


def test_a_photograph_without_a_mask_is_stamped_all_the_same() -> None:
    bare = photo(TESTED[0], masked=False)
    assert (World("texture", 0).stamp(bare, "a") != bare.image).any()


def test_what_is_audited_is_drawn_by_class() -> None:
    world = World("tag", 0)
    classes = world.classes(LEARNT, TESTED)
    drawn = world.audited(TESTED, classes, 24)
    assert Counter(item.label for item in drawn) == dict.fromkeys(classes.audited, 2)
    assert drawn == world.audited(TESTED, classes, 24)
