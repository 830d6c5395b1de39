"""Calibration: worked by hand, beside scikit-learn, and what must hold for any answers."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.checks.calibration.statistics import (
    calibration_error,
    equal_mass,
    equal_width,
    keep,
    reliability,
)

SURE = [0.95, 0.95, 0.62, 0.62, 0.1]
RIGHT = [True, False, True, True, False]
answers = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=40).map(
    lambda pairs: tuple(np.array(column) for column in zip(*pairs, strict=True))
)
edges_of = st.sampled_from([lambda sure: equal_width(), equal_mass])


def error(sure, right, edges=None):
    edges = equal_width() if edges is None else edges
    return calibration_error(sure, right, edges, seed=0, draws=1).value


def drawn(n, seed, shift=0.0):
    random = np.random.default_rng(seed)
    sure = random.beta(5, 1.5, n)
    return sure, random.random(n) < sure - shift


def test_ece_equals_the_worked_value():
    # 2/5 |0.5 - 0.95| + 2/5 |1 - 0.62| + 1/5 |0 - 0.1| = 0.18 + 0.152 + 0.02
    assert error(SURE, RIGHT) == pytest.approx(0.352)


def test_bins_equal_worked_ones():
    found = reliability(SURE, RIGHT, equal_width(5))
    assert [b.n for b in found] == [1, 0, 0, 2, 2]
    top = found[4]
    assert (top.low, top.high) == (0.8, 1)
    assert (top.confidence, top.accuracy) == (pytest.approx(0.95), 0.5)
    # Wilson of 1 of 2, z = 1.96: 0.5 -+ 0.4055
    assert (top.accuracy_low, top.accuracy_high) == pytest.approx((0.0945, 0.9055), abs=1e-3)
    assert top.gap == pytest.approx(0.45) and top.differs
    assert not found[3].differs and not found[1].differs
    assert math.isnan(found[1].accuracy) and math.isnan(found[1].accuracy_low)


def test_a_confidence_on_an_edge_belongs_below_it_and_0_to_the_first_bin():
    assert [b.n for b in reliability([0, 0.25, 0.5, 1], [True] * 4, equal_width(4))] == [2, 1, 0, 1]


def test_bins_of_equal_mass_hold_as_many_and_keep_ties_together():
    sure = np.arange(1, 31) / 40
    assert {b.n for b in reliability(sure, sure > 0, equal_mass(sure))} == {2}
    tied = [0.2] * 10 + [0.9] * 2
    assert sorted(b.n for b in reliability(tied, [True] * 12, equal_mass(tied)) if b.n) == [2, 10]


@pytest.mark.parametrize(("strategy", "seed"), [("uniform", 0), ("quantile", 0), ("quantile", 1)])
def test_bins_are_those_of_scikit_learn(strategy, seed):
    from sklearn.calibration import calibration_curve

    sure, right = drawn(500, seed)
    edges = equal_width() if strategy == "uniform" else equal_mass(sure)
    accuracy, confidence = calibration_curve(right, sure, n_bins=15, strategy=strategy)
    ours = [b for b in reliability(sure, right, edges) if b.n]
    assert [b.accuracy for b in ours] == pytest.approx(accuracy)
    assert [b.confidence for b in ours] == pytest.approx(confidence)


@given(answers, edges_of)
def test_ece_is_a_share_and_the_order_of_images_does_not_matter(given_answers, edges):
    sure, right = given_answers
    found = error(sure, right, edges(sure))
    assert 0 <= found <= 1
    assert error(sure[::-1], right[::-1], edges(sure)) == pytest.approx(found)


@given(answers, edges_of)
def test_ece_is_the_weighted_gap_of_the_bins(given_answers, edges):
    sure, right = given_answers
    bins = [b for b in reliability(sure, right, edges(sure)) if b.n]
    assert sum(b.n for b in bins) == len(sure)
    gaps = sum(b.n * abs(b.gap) for b in bins) / len(sure)
    assert error(sure, right, edges(sure)) == pytest.approx(gaps)
    # A mean never hides more than its parts: the gap of all answers is a lower bound.
    assert abs(sure.mean() - right.mean()) <= gaps + 1e-9


@given(st.lists(st.integers(0, 10), min_size=1, max_size=6, unique=True))
def test_ece_is_0_where_answers_are_right_as_often_as_they_are_sure(tenths):
    sure = np.repeat([t / 10 for t in tenths], 10)
    right = np.concatenate([np.arange(10) < t for t in tenths])
    assert error(sure, right) == pytest.approx(0, abs=1e-12)


def test_ece_is_1_where_a_sure_model_is_always_wrong():
    assert error([1, 1, 1], [False] * 3) == 1


@given(answers, st.integers(0, 2**31))
def test_an_interval_holds_its_value_and_repeats(given_answers, seed):
    sure, right = given_answers
    found = calibration_error(sure, right, equal_width(), seed, draws=30)
    assert found.value == error(sure, right)
    assert repr(found) == repr(calibration_error(sure, right, equal_width(), seed, draws=30))
    assert math.isnan(found.low) or 0 <= found.low <= found.value <= found.high <= 1
    assert 0 <= found.calibrated_low <= found.calibrated_high <= 1


def test_the_interval_of_calibrated_models_holds_0():
    """A percentile bootstrap's never does: its lower end is above 0 whenever there is noise."""
    found = [
        calibration_error(*drawn(150, seed), equal_width(), seed, draws=200) for seed in range(40)
    ]
    assert sum(f.low == 0 for f in found) >= 36
    assert sum(f.shown for f in found) <= 4


def test_chance_is_less_the_more_images_and_a_large_error_is_beyond_it():
    few, many = (
        calibration_error(*drawn(n, 0, shift=0.2), equal_width(), 0, draws=200) for n in (60, 2000)
    )
    assert few.calibrated > 3 * many.calibrated
    assert many.shown and many.low > 0.1


def test_a_single_answer_has_an_error_and_no_interval():
    found = calibration_error([0.8], [True], equal_width(), 0, draws=50)
    assert found.value == pytest.approx(0.2)
    assert math.isnan(found.low) and not found.shown


def test_no_answers_have_no_error():
    found = calibration_error([], [], equal_width(), 0)
    assert math.isnan(found.value) and math.isnan(found.calibrated) and not found.shown
    assert math.isnan(error([], []))


@pytest.mark.parametrize("confidence", [math.nan, -0.1, 1.5])
def test_what_is_no_confidence_is_refused(confidence):
    with pytest.raises(ValueError, match=r"no number of 0\.\.1"):
        reliability([0.5, confidence], [True, True], equal_width())


def test_unpaired_answers_are_refused():
    with pytest.raises(ValueError, match="2 confidences, 1 answers"):
        reliability([0.5, 0.5], [True], equal_width())


def test_the_surest_are_kept_and_ties_go_together():
    found = keep([0.9, 0.8, 0.8, 0.3], [True, True, False, False], 0.5)
    assert (found.threshold, found.n, found.right) == (0.8, 3, 2)
    assert keep([0.9, 0.8], [True, True], 1).n == 2
    assert math.isnan(keep([], [], 0.9).threshold)


@given(answers, st.sampled_from([1.0, 0.95, 0.9, 0.8, 0.7, 0.5]))
def test_at_least_what_was_asked_for_is_kept(given_answers, coverage):
    sure, right = given_answers
    found = keep(sure, right, coverage)
    assert found.n >= coverage * len(sure) - 1e-6
    assert found.n - (sure == found.threshold).sum() < coverage * len(sure)
    assert found.right <= found.n
