"""The planted data set: who shows what, and that its truths are exact."""

from __future__ import annotations

from collections import Counter
from itertools import combinations

import cv2
import numpy as np
import pytest

from audit.datasets.dataset import (
    BACKGROUND,
    FOREGROUND,
    SPLITS,
    UNKNOWN,
    Counterfactual,
    Dataset,
    Item,
)
from audit.datasets.planted import Planted
from audit.datasets.planted.dataset import Mix
from audit.datasets.planted.photo import ELSEWHERE
from audit.datasets.planted.worlds import HALVES, MIXED, World

TAUGHT = MIXED.taught


@pytest.fixture(scope="module")
def planted() -> Planted:
    return Planted(size=96)


def pixels(planted: Planted, item: Item) -> np.ndarray:
    (_, image), *_ = planted.images([item])
    return image


def first(planted: Planted, shortcut: str, *, moved: bool = False) -> Item:
    return next(
        i
        for i in planted.items("test")
        if i.shortcut == shortcut and (i.shortcut_class != i.label) == moved
    )


def with_each_shortcut(planted: Planted) -> list[Item]:
    return [first(planted, s, moved=m) for s in TAUGHT for m in (False, True)]


def test_it_is_a_dataset(planted: Planted) -> None:
    dataset: Dataset = planted
    assert dataset.name == dataset.mask_source == "planted"
    assert isinstance(dataset, Counterfactual)
    assert len(set(dataset.classes)) == 8


def test_images_come_in_the_order_asked_for_and_in_the_form_promised(planted: Planted) -> None:
    asked = planted.items("test")[5:2:-1]
    pairs = list(planted.images(asked))
    assert [item for item, _ in pairs] == asked
    assert all(image.shape == (96, 96, 3) and image.dtype == np.uint8 for _, image in pairs)


def test_an_image_depends_on_seed_and_name_only(planted: Planted) -> None:
    items = with_each_shortcut(planted)
    forward = [image for _, image in planted.images(items)]
    again = Planted(size=96, train=1, validation=1)  # other splits must not shift the test images
    backward = [image for _, image in again.images(items[::-1])][::-1]
    for one, two in zip(forward, backward, strict=True):
        np.testing.assert_array_equal(one, two)


def test_another_seed_draws_another_image(planted: Planted) -> None:
    item = planted.items("train")[0]
    assert (pixels(planted, item) != pixels(Planted(seed=1, size=96), item)).mean() > 0.5


def test_names_are_unique_over_all_splits_and_the_order_is_stable(planted: Planted) -> None:
    items = [item for split in SPLITS for item in planted.items(split)]
    assert len({item.name for item in items}) == len(items) == 8 * (36 + 10 + 24)
    assert items == [item for split in SPLITS for item in Planted(size=96).items(split)]
    assert planted.items("holdout") == []


def test_classes_take_turns_and_are_equally_many() -> None:
    small = Planted(train=3, validation=2, test=5)
    for split, count in zip(SPLITS, (3, 2, 5), strict=True):
        assert [i.label for i in small.items(split)] == list(range(8)) * count
        assert {i.split for i in small.items(split)} == {split}


@pytest.mark.parametrize("split", ["train", "validation"])
def test_training_teaches_each_shortcut_for_its_own_species_only(
    planted: Planted, split: str
) -> None:
    for label, name in enumerate(planted.classes):
        drawn = [i.shortcut for i in planted.items(split) if i.label == label]
        own = [s for s, species in TAUGHT.items() if species == name]
        assert set(drawn) - {""} == set(own)
        if own:
            assert 0.75 <= np.mean([s != "" for s in drawn]) < 1


def test_test_set_has_every_shortcut_present_absent_and_moved(planted: Planted) -> None:
    items = planted.items("test")
    for shortcut, species in TAUGHT.items():
        label = planted.classes.index(species)
        of_species = Counter(i.shortcut for i in items if i.label == label)
        assert set(of_species) == {shortcut, ""}
        assert min(of_species.values()) >= 5
        moved = [i for i in items if i.shortcut == shortcut and i.label != label]
        assert len(moved) >= 8
        assert len({i.label for i in moved}) == 5


def test_shortcut_class_is_the_class_it_was_taught_for(planted: Planted) -> None:
    for split in SPLITS:
        for item in planted.items(split):
            expected = planted.classes.index(TAUGHT[item.shortcut]) if item.shortcut else -1
            assert item.shortcut_class == expected


def test_mix_deals_exact_counts() -> None:
    dealt = Counter(Mix(shortcut_weak=0.5, shortcut=0.25, weak=0.125).deal(8))
    assert dealt == {(True, True): 4, (True, False): 2, (False, True): 1, (False, False): 1}


def test_a_shortcut_shows_and_never_on_the_flower(planted: Planted) -> None:
    for item in with_each_shortcut(planted):
        differs = (pixels(planted, item) != planted.without_shortcut(item)).any(axis=2)
        assert differs.mean() > 0.02, item
        assert not differs[planted.trimap(item) == FOREGROUND].any(), item


def test_a_tag_stays_in_one_corner(planted: Planted) -> None:
    item = first(planted, "tag")
    differs = (pixels(planted, item) != planted.without_shortcut(item)).any(axis=2)
    rows, columns = np.nonzero(differs)
    assert np.ptp(rows) < 40
    assert np.ptp(columns) < 40
    assert rows.max() < 40 or rows.min() > 55
    assert columns.max() < 40 or columns.min() > 55


def test_the_tint_turns_the_background_violet(planted: Planted) -> None:
    item = first(planted, "tint")
    off = planted.trimap(item) == BACKGROUND
    tinted = pixels(planted, item)[off].mean(axis=0)
    plain = planted.without_shortcut(item)[off].mean(axis=0)
    assert tinted[2] - tinted[1] > plain[2] - plain[1] + 15


def test_without_shortcut_is_the_image_where_there_is_none(planted: Planted) -> None:
    item = next(i for i in planted.items("test") if not i.shortcut)
    np.testing.assert_array_equal(pixels(planted, item), planted.without_shortcut(item))


def test_no_question_changes_what_is_drawn_for_the_next() -> None:
    one, other = (Planted(size=64, train=1, validation=1, test=6) for _ in range(2))
    for item in one.items("test"):
        first = one.without_shortcut(item), one.counterfactuals(item), pixels(one, item)
        last = pixels(other, item), other.counterfactuals(item), other.without_shortcut(item)
        for drawn, again in zip(first, reversed(last), strict=True):
            np.testing.assert_array_equal(drawn, again)


def test_counterfactuals_keep_what_the_blossoms_cover_and_change_what_is_behind(
    planted: Planted,
) -> None:
    for item in with_each_shortcut(planted):
        flower, image = planted.trimap(item), pixels(planted, item).astype(int)
        inside = cv2.erode(flower, np.ones((15, 15))) == FOREGROUND
        drawn = planted.counterfactuals(item)
        assert len(drawn) == ELSEWHERE
        assert len({scene.tobytes() for scene in drawn}) == ELSEWHERE
        for scene in drawn:
            differs = (scene != image).any(axis=2)
            assert np.abs(scene - image)[inside].max(initial=0) <= 6, item  # grey levels
            assert differs[flower == BACKGROUND].mean() > 0.5, item


def test_counterfactuals_of_an_image_are_the_same_whatever_its_shortcut() -> None:
    with_it, without = (Planted(size=64, world=world) for world in (MIXED, World()))
    item = first(with_it, "tag")
    plain = Item(item.name, item.label, item.split)
    pairs = zip(with_it.counterfactuals(item), with_it.counterfactuals(plain), strict=True)
    assert all((one == two).all() for one, two in pairs)
    assert len(without.counterfactuals(plain)) == ELSEWHERE


def test_every_mask_holds_a_flower_and_a_background(planted: Planted) -> None:
    masks = [planted.trimap(item) for item in planted.items("test")[:32]]
    assert all(set(np.unique(m)) <= {FOREGROUND, BACKGROUND, UNKNOWN} for m in masks)
    flowers = [(m == FOREGROUND).mean() for m in masks]
    assert min(flowers) > 0.01
    assert max(flowers) < 0.65
    assert max(flowers) > 0.25
    assert all((m == BACKGROUND).mean() > 0.25 for m in masks)
    assert {m.shape for m in masks} == {(96, 96)}


def test_fingerprint_follows_all_that_changes_an_image(planted: Planted) -> None:
    others = [Planted(seed=1, size=96), Planted(size=64), Planted(size=96, train=35)]
    prints = {planted.fingerprint(), *(other.fingerprint() for other in others)}
    assert len(prints) == 4
    assert planted.fingerprint() == Planted(size=96).fingerprint()
    assert len(planted.fingerprint()) == 16


# Sums of the pixels of each channel.
DRAWN = {
    "tag": [485547, 556586, 358113],
    "object": [466634, 546682, 365419],
    "texture 4": [430627, 419812, 269127],
}
WORLDS = [(half, name) for half, worlds in HALVES.items() for name in worlds]


@pytest.mark.parametrize(("half", "name"), WORLDS)
def test_a_world_teaches_what_it_says(half: str, name: str) -> None:
    world = HALVES[half][name]
    planted = Planted(size=64, train=12, validation=2, test=12, world=world)
    learnt = Counter((i.shortcut, planted.classes[i.label]) for i in planted.items("train"))
    shown = {pair for pair in learnt if pair[0]}
    if world.rewarded:
        assert shown == {(s, species) for s, species in world.taught.items()}
    else:
        assert {s for s, _ in shown} == set(world.taught)
        assert {species for _, species in shown} == set(planted.classes)
        assert {i.shortcut_class for i in planted.items("test")} == {-1}


def test_the_halves_share_neither_looks_nor_species() -> None:
    for one, other in combinations(map(_everything, HALVES), 2):
        assert not set(one.taught) & set(other.taught)
        assert not set(one.taught.values()) & set(other.taught.values())


def _everything(half: str):
    return HALVES[half]["unrewarded"]


@pytest.mark.parametrize(
    "shortcut", sorted({s for half in HALVES for s in _everything(half).taught})
)
def test_every_look_shows_and_never_on_the_flower(shortcut: str) -> None:
    half = next(half for half in HALVES if shortcut in _everything(half).taught)
    planted = Planted(size=96, world=_everything(half))
    item = first(planted, shortcut, moved=True)
    differs = (pixels(planted, item) != planted.without_shortcut(item)).any(axis=2)
    assert differs.mean() > 0.02
    assert not differs[planted.trimap(item) == FOREGROUND].any()


def test_worlds_tell_themselves_apart_by_their_fingerprints() -> None:
    prints = {Planted(world=HALVES[half][name]).fingerprint() for half, name in WORLDS}
    same = len(HALVES) - 1  # none is the same in all halves
    assert len(prints | {Planted().fingerprint()}) == len(WORLDS) + 1 - same


def test_scenes_are_drawn_as_they_ever_were() -> None:
    """As by the version of 2026-11-28: what a run was begun with, it goes on with."""
    seen = {}
    for world in (MIXED, HALVES["a"]["object"], HALVES["b"]["texture"]):
        drawn = Planted(size=64, train=2, validation=1, test=12, world=world)
        item = next(i for i in drawn.items("test") if i.shortcut)
        seen[item.shortcut] = pixels(drawn, item).astype(int).sum(axis=(0, 1)).tolist()
    for shortcut, sums in seen.items():  # processors may differ by a grey level here and there
        assert sums == pytest.approx(DRAWN[shortcut], rel=1e-3)
