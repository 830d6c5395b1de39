"""Which worlds a self-test makes on a run's data, and what they learn from."""

from types import SimpleNamespace

import pytest

from audit.checks.on_data.measure import Asked, halves
from audit.datasets.dataset import Item
from audit.datasets.stamps import FAMILIES
from audit.datasets.stamps.worlds import HEALTHY


def test_every_kind_is_taught_beside_two_healthy_worlds():
    worlds = Asked().worlds
    assert [w.kind for w in worlds] == [HEALTHY, HEALTHY, *FAMILIES]
    assert len({w.name for w in worlds}) == len(worlds)


@pytest.mark.parametrize(("seeds", "healthy"), [(1, 2), (2, 2), (5, 5)])
def test_more_seeds_make_more_worlds_of_each_kind(seeds, healthy):
    worlds = Asked(("tag", "tag", "border-2"), seeds=seeds).worlds
    kinds = [w.kind for w in worlds]
    assert kinds == [HEALTHY] * healthy + ["tag"] * seeds + ["border-2"] * seeds


def test_healthy_worlds_can_be_had_alone():
    names = [world.name for world in Asked((HEALTHY,), seeds=3).worlds]
    assert names == ["none-seed-0", "none-seed-1", "none-seed-2"]


def test_without_a_training_split_half_of_the_test_images_are_learnt_from():
    tested = [Item(f"{k}_{i}", k, "test") for k in range(3) for i in range(10)]
    learnt, audited = halves(SimpleNamespace(items=lambda split: []), tested)
    assert [sum(item.label == k for item in learnt) for k in range(3)] == [5, 5, 5]
    assert sorted(item.name for item in [*learnt, *audited]) == sorted(i.name for i in tested)


def test_with_one_all_test_images_may_be_audited():
    train, tested = [Item("a", 0, "train")], [Item("b", 0, "test")]
    split = {"train": train}
    assert halves(SimpleNamespace(items=lambda s: split.get(s, [])), tested) == (train, tested)
