"""Planted truth: what tells labels is found, what does not is not, and copies do not leak."""

import math

import numpy as np
import pytest

from audit.checks.opportunity import statistics
from audit.checks.opportunity.statistics import (
    LEVEL,
    Told,
    against_permuted,
    corrected,
    enough,
    held_out,
    tell,
)


@pytest.fixture(scope="module", autouse=True)
def few_trees():
    """Grow a quarter of the trees, which take most of the time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(statistics, "_TREES", 25)
        yield


def noise(classes=3, each=20, columns=6, seed=0):
    """Features that know nothing of labels."""
    labels = np.repeat(np.arange(classes), each)
    return np.random.default_rng(seed).normal(size=(len(labels), columns)), labels


def alone(labels):
    return np.arange(len(labels))


@pytest.mark.parametrize("learner", ["forest", "linear"])
def test_a_class_that_is_given_away_is_found_and_the_others_are_not(learner):
    features, labels = noise()
    features[labels == 1, 0] += 8
    told = tell(features, labels, alone(labels), learner)
    _, by_class = corrected([told])
    assert told.table[1][1] >= 18
    assert [test.p <= LEVEL for test in by_class[0]] == [False, True, False]
    assert told.p <= LEVEL and told.accuracy.low > told.chance[2]


@pytest.mark.parametrize("learner", ["forest", "linear"])
def test_features_that_know_nothing_stay_within_what_permuted_labels_reach(learner):
    found = [tell(*noise(seed=seed), alone(noise()[1]), learner) for seed in range(8)]
    assert sum(told.p <= LEVEL for told in found) <= 1
    assert all(told.chance[0] == pytest.approx(1 / 3, abs=0.02) for told in found)


def test_chance_is_what_a_classifier_taught_permuted_labels_reaches():
    features, labels = noise(each=15)
    features[labels == 1, 0] += 8
    once = tell(features, labels, alone(labels), "forest")
    random = np.random.default_rng(1)
    taught = []
    for _ in range(12):
        permuted = random.permutation(labels)
        taught.append((held_out(features, permuted, alone(labels), "forest") == permuted).mean())
    assert np.mean(taught) == pytest.approx(once.chance[0], abs=0.08)
    assert max(taught) < once.accuracy.low


def test_near_duplicates_do_not_leak_across_folds():
    """Each image comes five times under a label drawn by lot: only copies know it."""
    features, labels = noise(classes=2, each=15, columns=20)
    copies = np.repeat(np.arange(30), 5)
    random = np.random.default_rng(3)
    lots = random.permutation(labels)[copies]
    shown = features[copies] + random.normal(0, 1e-3, (150, 20))
    leaked = tell(shown, lots, np.arange(150), "forest")
    kept = tell(shown, lots, copies, "forest")
    assert leaked.accuracy.value > 0.95 and leaked.p <= LEVEL
    assert kept.p > LEVEL and kept.n == 30


def test_no_group_is_on_both_sides_of_a_fold():
    features, labels = noise(classes=2, each=30)
    groups = np.arange(60) // 3
    answers = held_out(np.column_stack([features, groups]), labels, groups, "forest")
    assert (answers >= 0).all()


def test_uneven_classes_count_alike():
    labels = np.repeat([0, 1], [90, 10])
    told = against_permuted(labels, np.zeros(100, int))
    assert told.uneven
    assert told.accuracy.value == told.chance[0] == pytest.approx(0.5)
    assert told.accuracy.method == "bootstrap" and told.p == 1


def test_even_classes_have_a_wilson_interval():
    told = against_permuted(np.repeat([4, 7], 10), np.repeat([4, 7], 10))
    assert told.labels == (4, 7) and told.table == ((10, 0), (0, 10))
    assert (told.accuracy.value, told.accuracy.method) == (1, "wilson")


def told_by(table):
    return Told("", tuple(range(len(table))), table, False, (0.5, 0.4, 0.6), 0.01)


def test_the_p_value_of_a_class_is_that_of_fishers_exact_test():
    from scipy.stats import fisher_exact

    first, _ = told_by(((6, 4), (3, 17))).classes()
    exact = fisher_exact([[6, 4], [3, 17]], alternative="greater").pvalue
    assert first.p == pytest.approx(exact)
    assert first.lift == pytest.approx((0.6 - 0.3) / 0.7)


def test_a_class_that_is_told_by_exclusion_is_not_given_away():
    """Half of the second and of the third are named rightly, as none is taken for the first."""
    tests = told_by(((40, 0, 0), (0, 20, 20), (0, 20, 20))).classes()
    assert [test.p <= LEVEL for test in tests] == [True, False, False]
    assert [test.lift for test in tests] == [1, 0, 0]


def test_of_two_classes_that_are_told_apart_both_are_given_away():
    assert all(test.p < 0.001 for test in told_by(((20, 0), (0, 20))).classes())


def test_where_every_class_is_told_each_is_given_away():
    tests = told_by(tuple(map(tuple, (np.eye(5, dtype=int) * 20).tolist()))).classes()
    assert all(test.p < 0.001 and test.lift == 1 for test in tests)


def test_classes_of_too_few_images_are_left_out():
    labels, groups = np.repeat([0, 1, 2], [5, 5, 4]), np.arange(14)
    assert enough(labels, groups).tolist() == [True] * 10 + [False] * 4
    groups[1] = groups[0]  # a copy counts once
    assert enough(labels, groups).tolist() == [False] * 5 + [True] * 5 + [False] * 4


@pytest.mark.parametrize("each", [0, 1, 4])
def test_too_few_images_say_why_nothing_is_told(each):
    features, labels = noise(each=each)
    told = tell(features, labels, alone(labels), "forest")
    assert told.reason.startswith("fewer than 2 classes have 5 images")
    assert math.isnan(told.accuracy.value) and math.isnan(told.p)
    assert corrected([told])[1] == [[]]


def test_a_cue_that_is_the_same_for_all_says_so():
    _, labels = noise()
    assert tell(np.ones((60, 4)), labels, alone(labels), "linear").reason == (
        "it is the same for all images"
    )


def test_one_group_of_nearly_all_images_is_no_crash():
    features, labels = noise(classes=2, each=20)
    groups = np.zeros(40, int)
    groups[:8], groups[-8:] = np.arange(1, 9), np.arange(11, 19)
    for learner in ("forest", "linear"):
        assert tell(features, labels, groups, learner).n == 17


def test_classes_that_nothing_tells_are_seldom_named(monkeypatch):
    """Twenty worlds of eight classes, with labels by lot: Holm allows one in twenty."""
    monkeypatch.setattr(statistics, "PERMUTED", 1)  # classes are tested by their hits alone
    random = np.random.default_rng(5)
    labels = np.repeat(np.arange(8), 25)
    named = 0
    for _ in range(20):
        told = against_permuted(labels, random.permutation(labels))
        named += any(test.p <= LEVEL for test in corrected([told])[1][0])
    assert named <= 3
