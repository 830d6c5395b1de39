"""What a last layer is taught by, and what is chosen for it, on features that are drawn."""

from dataclasses import replace

import numpy as np
import pytest

from audit.core.errors import DataError
from audit.core.track import silent
from audit.datasets.dataset import Item
from audit.mend.balance import NOWHERE, draw, draw_moved, found, given
from audit.mend.lessons import Lessons
from audit.mend.teach import taught

CHANNELS = 8


class Scenes:
    """Two labels on two scenes, which agree on nine of ten images."""

    name, classes = "scenes", ("land", "water")

    def __init__(self, values):
        self.values = values

    def group_columns(self):
        return ("scene",)

    def group_values(self, column):
        return self.values


def _features(labels, scenes, random):
    """Feature 0 tells the label weakly, feature 1 the scene well."""
    found = random.normal(size=(len(labels), CHANNELS)).astype(np.float32)
    found[:, 0] += 3 * np.asarray(labels)
    found[:, 1] += 6 * np.asarray(scenes)
    return found


@pytest.fixture(scope="module")
def drawn():
    """Lessons, their data set, and test images of every label on every scene."""
    random = np.random.default_rng(0)
    labels = np.arange(400) % 2
    agree = random.random(400) < 0.9
    scenes = np.where(agree, labels, 1 - labels)
    items = [Item(f"{k}.png", int(label), "validation" if k < 200 else "train")
             for k, label in enumerate(labels)]  # fmt: skip
    other = random.integers(0, 2, size=(400, 2))
    lessons = Lessons(
        items=items,
        photos=_features(labels, scenes, random),
        rows=np.arange(400),
        alone=_features(np.full(400, 0.5), scenes, random),
        moved=np.stack([_features(labels, other[:, k], random) for k in range(2)], axis=1),
    )
    data = Scenes({item.name: str(s) for item, s in zip(items, scenes, strict=True)})
    tested = np.arange(400) % 2, np.arange(400) // 2 % 2
    return lessons, data, _features(*tested, random), tested


def _worst(head, drawn):
    _, _, features, (labels, scenes) = drawn
    right = head.logits(features).argmax(axis=1) == labels
    return min(right[(labels == a) & (scenes == b)].mean() for a in (0, 1) for b in (0, 1))


@pytest.mark.parametrize("columns", [("scene",), ()], ids=["groups given", "groups found"])
def test_the_worst_group_rises_with_groups_and_without(drawn, columns):
    lessons, data, *_ = drawn
    from audit.training.logistic import fit_head

    plain = fit_head(lessons.photos, lessons.labels, 2, 1.0)
    head = taught(lessons, data, columns, silent).head
    assert _worst(plain, drawn) < 0.85 < _worst(head, drawn)


def test_the_same_lessons_teach_the_same_head(drawn):
    lessons, data, *_ = drawn
    first, second = (taught(lessons, data, (), silent).head for _ in range(2))
    assert np.array_equal(first.kernel, second.kernel)


def test_a_group_is_a_label_and_a_value_and_unknown_without_one(drawn):
    lessons, data, *_ = drawn
    groups = given(lessons, Scenes({**data.values, "0.png": None}), ("scene",))
    assert groups.names == ["land, 0", "land, 1", "water, 0", "water, 1"]
    assert groups.keys[0] == NOWHERE and groups.sizes.sum() == 399


def test_a_label_whose_groups_are_not_known_is_taught_all_the_same(drawn):
    lessons, data, *_ = drawn
    water = [item.name for item in lessons.items if item.label == 1]
    groups = given(lessons, Scenes({**data.values, **dict.fromkeys(water)}), ("scene",))
    assert groups.names == ["land, 0", "land, 1", "water, not known"]
    assert groups.sizes[2] == len(water) and not (groups.keys == NOWHERE).any()


def test_backgrounds_tell_groups_where_none_are_given(drawn):
    lessons, data, *_ = drawn
    groups = found(lessons, data)
    agree = np.array([int(data.values[item.name]) == item.label for item in lessons.items])
    says_so = np.array(["that says so" in groups.names[key] for key in groups.keys])
    assert (says_so == agree).mean() > 0.95


def test_without_masks_and_groups_one_line_says_what_to_give(drawn):
    lessons, data, *_ = drawn
    bare = replace(lessons, rows=lessons.rows[:0], alone=lessons.alone[:0], moved=lessons.moved[:0])
    with pytest.raises(DataError, match="give --group COLUMN, or --masks FOLDER"):
        taught(bare, data, (), silent)


def test_groups_do_without_masks(drawn):
    lessons, data, *_ = drawn
    bare = replace(lessons, rows=lessons.rows[:0], alone=lessons.alone[:0], moved=lessons.moved[:0])
    made = taught(bare, data, ("scene",), silent)
    assert made.moved == 0 and _worst(made.head, drawn) > 0.85


def test_a_draw_has_as_many_of_every_group(drawn):
    lessons, data, *_ = drawn
    groups = given(lessons, data, ("scene",))
    rows = draw(groups, np.ones(400, bool), 0.0, np.random.default_rng(1))
    counts = np.bincount(groups.keys[rows])
    assert set(counts) == {groups.sizes.min()} and len(set(rows)) == len(rows)


def test_a_tiny_group_is_drawn_several_times(drawn):
    lessons, data, *_ = drawn
    groups = given(lessons, data, ("scene",))
    few = np.ones(400, bool)
    few[np.flatnonzero(groups.keys == 1)[2:]] = False
    counts = np.bincount(groups.keys[draw(groups, few, 0.0, np.random.default_rng(1))])
    assert set(counts) == {8}


def test_a_draw_of_the_median_size_repeats_small_groups_and_no_others(drawn):
    lessons, data, *_ = drawn
    groups = given(lessons, data, ("scene",))
    rows = draw(groups, np.ones(400, bool), 0.5, np.random.default_rng(1))
    counts = np.bincount(groups.keys[rows])
    assert set(counts) == {int(np.median(groups.sizes))}
    large = np.isin(groups.keys[rows], np.flatnonzero(groups.sizes > counts[0]))
    assert len(set(rows[large])) == large.sum()


def test_small_groups_are_judged_with_their_like(drawn):
    lessons, data, *_ = drawn
    groups = given(lessons, data, ("scene",))
    pooled = groups.pooled(np.ones(400, bool), 50)
    small = groups.sizes[groups.keys] < 50
    assert (pooled[~small] == groups.keys[~small]).all()
    assert (pooled[small] >= 4).all() and len(set(pooled[small].tolist())) == 2


def test_moved_foregrounds_are_drawn_alike_of_every_class(drawn):
    lessons, *_ = drawn
    pairs = draw_moved(lessons, np.ones(400, bool), 60, np.random.default_rng(1))
    assert np.bincount(lessons.labels[lessons.rows[pairs[:, 0]]]).tolist() == [30, 30]
    assert len(np.unique(pairs, axis=0)) == 60


def test_no_foreground_is_drawn_of_photographs_that_are_left_out(drawn):
    lessons, *_ = drawn
    among = lessons.held
    pairs = draw_moved(lessons, among, 60, np.random.default_rng(1))
    assert among[lessons.rows[pairs[:, 0]]].all()


def test_the_penalty_is_the_strongest_within_a_standard_error_of_the_best(drawn):
    lessons, data, *_ = drawn
    made = taught(lessons, data, ("scene",), silent)
    alike = {c: s for c, s in made.scores.items() if c[1:] == made.choice[1:]}
    best = max(alike.values())
    near = [c.strength for c, s in alike.items()
            if s.worst >= best.worst - best.error and s.mean >= best.mean - 0.01]  # fmt: skip
    assert len(alike) == 3 and made.choice.strength == min(near)
