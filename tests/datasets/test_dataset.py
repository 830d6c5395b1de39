from collections import Counter

from hypothesis import example, given
from hypothesis import strategies as st

from audit.datasets.dataset import Counterfactual, Item, fingerprint, stratified
from audit.datasets.imagefiles import ImageFiles
from audit.datasets.planted import Planted


def items_of(sizes):
    """Items of classes of these sizes, the classes mixed."""
    items = [
        Item(f"{label}_{i}.jpg", label, "test") for label, n in enumerate(sizes) for i in range(n)
    ]
    return sorted(items, key=lambda item: item.name[::-1])


sizes = st.lists(st.integers(1, 30), min_size=1, max_size=8)
seeds = st.integers(0, 2**31)


@given(sizes, st.integers(1, 300), seeds)
def test_sample_has_the_size_asked_for(sizes, count, seed):
    assert len(stratified(items_of(sizes), count, seed)) == min(count, sum(sizes))


@given(sizes, st.integers(1, 100), seeds)
@example([100] + [1] * 50, 60, 0)
def test_every_class_keeps_its_share_within_one(sizes, count, seed):
    items = items_of(sizes)
    chosen = Counter(item.label for item in stratified(items, count, seed))
    for label, size in enumerate(sizes):
        assert abs(chosen[label] - min(count, len(items)) * size / len(items)) < 1


@given(sizes, st.integers(1, 100), seeds)
def test_sample_keeps_the_order(sizes, count, seed):
    items = items_of(sizes)
    indices = [items.index(item) for item in stratified(items, count, seed)]
    assert indices == sorted(set(indices))


@given(sizes, st.integers(1, 100), seeds, st.randoms(use_true_random=False))
def test_sample_does_not_depend_on_the_order_given(sizes, count, seed, random):
    items = items_of(sizes)
    shuffled = items.copy()
    random.shuffle(shuffled)
    assert set(stratified(shuffled, count, seed)) == set(stratified(items, count, seed))


def test_seed_decides_who_is_drawn():
    items = items_of([40, 40])
    assert stratified(items, 10, 0) == stratified(items, 10, 0)
    assert stratified(items, 10, 0) != stratified(items, 10, 1)


def test_fewer_images_than_classes_are_not_always_the_first_classes():
    drawn = {item.label for seed in range(20) for item in stratified(items_of([3] * 6), 1, seed)}
    assert len(drawn) > 2


def test_items_given_are_left_in_their_order():
    items = items_of([5, 5])
    before = items.copy()
    stratified(items, 3, 0)
    assert items == before


ITEMS = [Item("a.jpg", 0, "train"), Item("b.jpg", 1, "test")]


def test_fingerprint_does_not_depend_on_order():
    assert fingerprint(ITEMS) == fingerprint(ITEMS[::-1])


def test_fingerprint_tells_names_labels_and_splits_apart():
    others = [
        [ITEMS[0], Item("c.jpg", 1, "test")],
        [ITEMS[0], Item("b.jpg", 0, "test")],
        [ITEMS[0], Item("b.jpg", 1, "train")],
        [ITEMS[0]],
    ]
    assert len({fingerprint(items) for items in [ITEMS, *others]}) == 5


def test_only_planted_data_can_be_drawn_without_its_shortcuts():
    assert issubclass(Planted, Counterfactual)
    assert not issubclass(ImageFiles, Counterfactual)
