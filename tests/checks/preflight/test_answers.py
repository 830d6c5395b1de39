"""What a model's answers say of how its outputs are read, on answers whose truth is known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.checks.preflight.answers import Answers, assigned_order, observe

TEXT = ("1", "10", "11", "12", "2", "3", "4", "5", "6", "7", "8", "9")
NUMBER = tuple(sorted(TEXT, key=int))


def answers(predictions, labels, classes):
    return Answers(np.array(predictions), np.array(labels), tuple(classes))


def found(given, orders=None):
    return {o.key: o for o in observe(given, orders or {})}


def mostly_right(labels, classes, share=0.9, seed=0):
    """Answers of a model that names a share of the images rightly."""
    random = np.random.default_rng(seed)
    wrong = random.integers(classes, size=len(labels))
    return np.where(random.random(len(labels)) < share, labels, wrong)


def test_a_model_trained_in_the_order_of_numbers_is_told_by_that_order():
    labels = np.tile(np.arange(12), 6)
    outputs = np.array([NUMBER.index(TEXT[k]) for k in labels])
    seen = found(answers(outputs, labels, TEXT), {"text": TEXT, "number": NUMBER})["class-order"]
    assert seen.strength == "strong"
    assert seen.mend == "give --class-order number"
    assert "100% of 72 images are named rightly instead of 8%" in seen.words


def test_a_permutation_that_has_no_name_is_found_by_assignment_and_listed():
    labels = np.tile(np.arange(4), 16)
    moved = np.array([2, 0, 3, 1])
    given = answers(moved[labels], labels, "abcd")
    seen = found(given)["class-order"]
    assert seen.strength == "strong"
    assert seen.mend.endswith("here b, d, a, c")
    assert assigned_order(given) == ("b", "d", "a", "c")


def test_a_permutation_of_a_hundred_classes_is_found_on_three_images_a_class():
    random = np.random.default_rng(0)
    labels = np.repeat(np.arange(102), 3)
    moved = random.permutation(102)
    outputs = moved[mostly_right(labels, 102)]
    names = [f"class {k}" for k in range(102)]
    seen = found(answers(outputs, labels, names))["class-order"]
    assert seen.strength == "strong"
    assert "--write-order" in seen.mend


def test_two_classes_that_are_exchanged_among_many_are_worth_a_look_and_stop_nothing():
    labels = np.repeat(np.arange(40), 10)
    outputs = labels.copy()
    outputs[labels == 3], outputs[labels == 7] = 7, 3
    seen = found(answers(outputs, labels, map(str, range(40))))["class-order"]
    assert seen.strength == "weak"
    assert "With 2 of 40 outputs read as other classes" in seen.words


@settings(max_examples=30)
@given(st.integers(0, 10_000), st.integers(2, 30), st.floats(0.2, 1))
def test_no_order_is_doubted_beyond_doubt_where_errors_fall_at_random(seed, classes, share):
    labels = np.arange(120) % classes
    outputs = mostly_right(labels, classes, share, seed)
    names = [str(k) for k in range(classes)]
    seen = found(answers(outputs, labels, names), {"text": sorted(names)})
    assert seen["class-order"].strength != "strong"


def test_of_two_classes_answers_at_random_are_hardly_ever_taken_for_exchanged_ones():
    labels = np.arange(120) % 2
    doubted = 0
    for seed in range(1000):
        seen = found(answers(mostly_right(labels, 2, 0, seed), labels, "ab"), {})
        doubted += seen["class-order"].strength == "strong"
    assert doubted <= 3  # p is below 0.001, of which half is the other way


@pytest.mark.parametrize("share", [1.0, 0.9])
def test_one_answer_to_all_is_no_other_order_however_common_a_class_is(share):
    labels = np.repeat([0, 1], [120, 8])  # exchanged, 94% would be right instead of 6%
    outputs = np.where(np.random.default_rng(0).random(128) < share, 1, 0)
    seen = found(answers(outputs, labels, "ab"), {"reversed": ("b", "a")})
    assert seen["class-order"].strength == "fine"
    assert seen["accuracy"].strength == "weak"


def test_a_common_class_that_is_taken_for_a_rare_one_is_an_error_of_the_model():
    labels = np.repeat([0, 1, 2], [80, 30, 18])
    outputs = np.where(labels == 0, 1, labels)  # both kinds of images get the answer b
    assert found(answers(outputs, labels, "abc"))["class-order"].strength == "fine"


def test_images_of_one_class_alone_tell_nothing_of_the_order():
    seen = found(answers([2] * 100, [0] * 100, "abc"))
    assert seen["class-order"].strength == "fine"
    assert found(answers([0] * 100, [0] * 100, "abc"))["accuracy"].strength == "fine"


def test_an_order_that_fits_a_third_of_the_images_may_be_one_of_random_weights():
    labels = np.repeat(np.arange(10), 12)
    outputs = np.array([7, 7, 7, 7, 8, 8, 8, 9, 9, 9])[labels]  # 3 of 10 classes can be right
    seen = found(answers(outputs, labels, "abcdefghij"))["class-order"]
    assert seen.strength == "weak"
    assert "30% of 120 images are named rightly instead of 10%" in seen.words


def test_exchanged_classes_of_which_one_is_common_still_stop_a_run():
    labels = np.repeat([0, 1], [100, 28])
    outputs = 1 - mostly_right(labels, 2, 0.9)
    seen = found(answers(outputs, labels, "ab"), {"reversed": ("b", "a")})
    assert seen["class-order"].strength == "strong"


def test_of_a_few_images_that_are_named_rightly_nothing_is_said_but_that_they_are_few():
    seen = found(answers([0, 1], [0, 1], "ab"))["accuracy"]
    assert seen.strength == "fine"
    assert seen.words.endswith("by chance it would be 50.0%: too few images to tell these apart")
    assert found(answers([1, 0], [0, 1], "ab"))["accuracy"].strength == "weak"


def test_a_few_images_prove_no_other_order():
    seen = found(answers([1, 0, 1, 0], [0, 1, 0, 1], "ab"), {"reversed": ("b", "a")})
    assert seen["class-order"].strength == "fine"


def test_two_classes_read_the_wrong_way_round_stop_a_run():
    labels = np.arange(40) % 2
    seen = found(answers(1 - labels, labels, "ab"), {"reversed": ("b", "a")})
    assert seen["class-order"].strength == "strong"


def test_accuracy_is_held_against_what_the_same_answers_in_any_order_would_give():
    seen = found(answers([0] * 30 + [1] * 10, [0] * 20 + [1] * 20, "ab"))["accuracy"]
    # 30/40 x 20/40 + 10/40 x 20/40 = 50%; right are 20 + 10 of 40
    assert "75.0% of 40 images" in seen.words
    assert seen.words.endswith("by chance it would be 50.0%")
    assert seen.strength == "fine"


def test_a_model_no_better_than_chance_is_worth_a_look():
    random = np.random.default_rng(1)
    labels = np.arange(200) % 4
    seen = found(answers(random.permutation(labels), labels, "abcd"))["accuracy"]
    assert seen.strength == "weak"
    assert seen.words.startswith("Only ")


@pytest.mark.parametrize(("bad", "strength"), [(0, "fine"), (1, "weak"), (24, "strong")])
def test_answers_that_are_no_numbers_are_counted(bad, strength):
    predictions = np.arange(24) % 4
    predictions[:bad] = -1
    seen = found(answers(predictions, np.arange(24) % 4, "abcd"))["nan-outputs"]
    assert seen.strength == strength
    assert bad == 0 or f"to {bad} of 24 images" in seen.words


def test_one_answer_to_all_classes_is_worth_a_look():
    seen = found(answers([2] * 24, np.arange(24) % 4, "abcd"))["constant-answers"]
    assert seen.strength == "weak"
    assert "'c'" in seen.words


def test_nothing_is_said_of_no_answers():
    assert observe(answers([], [], "ab"), {}) == []
