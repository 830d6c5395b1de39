import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.checks.preflight.matching import assignment, match

RNG = np.random.default_rng(0)


def test_outputs_in_another_order_are_found():
    labels = np.array([0, 0, 1, 1, 2, 2])
    predictions = np.array([2, 2, 0, 0, 1, 0])
    found = match(predictions, labels, 3)
    assert found.accuracy == 5 / 6
    assert found.output_of.tolist() == [2, 0, 1]  # output 0 stands for class 1


def test_a_right_order_stays():
    labels = np.arange(60) % 4
    found = match(labels, labels, 4)
    assert found.accuracy == 1 and found.output_of.tolist() == [0, 1, 2, 3]
    assert found.chance < 0.6


def test_classes_that_were_never_seen_stay_as_they_are():
    assert assignment(np.array([1, 1]), np.array([1, 1]), 4).tolist() == [0, 1, 2, 3]


def test_images_without_an_answer_are_right_under_no_order():
    found = match(np.array([1, 1, 0, -1]), np.array([0, 0, 1, 1]), 2)
    assert found.accuracy == 3 / 4
    assert found.output_of.tolist() == [1, 0]


def test_with_few_images_chance_is_high():
    # one image a class: some assignment is always right
    labels = np.arange(5)
    assert match(RNG.permutation(5), labels, 5).chance == 1


def test_no_images_have_no_accuracy():
    none = np.zeros(0, np.int64)
    assert np.isnan(match(none, none, 3).accuracy)


@settings(max_examples=20)
@given(st.permutations(range(5)))
def test_any_order_is_undone(order):
    labels = np.arange(50) % 5
    found = match(np.asarray(order)[labels], labels, 5)
    assert found.accuracy == 1
    np.testing.assert_array_equal(found.output_of, order)
