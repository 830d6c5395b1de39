"""A threshold by split conformal: worked by hand, and held to its promise by chance."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.verdict.calibration import (
    ALARMS,
    FEWEST,
    LEAST,
    Calibration,
    bound_of,
    calibrated,
    rank_of,
)


@pytest.mark.parametrize(("n", "rank"), [(59, 57), (60, 58), (99, 95), (100, 96), (199, 190)])
def test_the_rank_is_that_of_split_conformal(n, rank):
    assert rank_of(n) == rank == math.ceil((n + 1) * 95 / 100)


def test_the_threshold_lies_just_above_a_score():
    scores = np.random.default_rng(0).permutation(np.arange(1, 100) / 100)
    found = calibrated(scores)
    assert found.n == 99 and found.reason == ""
    assert found.threshold > 0.95 and found.threshold == pytest.approx(0.95)
    assert (scores >= found.threshold).sum() == 4


def test_the_bound_is_that_of_the_beta_distribution():
    """With the highest of n scores it is the share that all n miss with a probability of 5%."""
    assert bound_of(59, alarms=1 / 60) == pytest.approx(1 - 0.05 ** (1 / 59))
    assert calibrated(np.arange(59)).bound == pytest.approx(0.1024, abs=5e-4)  # of Beta(3, 57)
    assert bound_of(100_000) == pytest.approx(0.05, abs=2e-3)


def test_too_few_clean_images_give_no_threshold():
    found = calibrated([*np.arange(FEWEST - 1), math.nan])
    assert math.isnan(found.threshold) and math.isnan(found.bound)
    assert found.reason == "not calibrated, too few clean images (n = 58)"
    assert not calibrated(np.arange(FEWEST)).reason


def test_nineteen_scores_are_the_fewest_that_have_one_high_enough():
    assert rank_of(LEAST) == LEAST and rank_of(LEAST - 1) > LEAST - 1
    assert calibrated(np.arange(19), fewest=LEAST).threshold == pytest.approx(18)
    assert calibrated(np.arange(18), fewest=LEAST).reason


def test_what_was_not_tested_is_left_out():
    scores = np.arange(80) / 80
    assert calibrated([*scores, math.nan]) == calibrated(scores)


def test_where_all_scores_are_alike_nobody_is_accused():
    found = calibrated(np.full(80, 0.5))
    assert found.threshold > 0.5


@given(st.integers(FEWEST, 150), st.integers(0, 2**32 - 1), st.integers(1, 1000))
def test_of_exchangeable_scores_at_most_five_in_a_hundred_are_accused(n, seed, values):
    """Leave each of n + 1 scores out once: that is what exchangeable means. Ties included."""
    scores = np.random.default_rng(seed).integers(values, size=n + 1) / values
    accused = [scores[i] >= calibrated(np.delete(scores, i)).threshold for i in range(n + 1)]
    assert np.mean(accused) <= ALARMS + 1e-9


def test_the_bound_holds_as_often_as_it_says():
    random = np.random.default_rng(0)
    realised = np.array([1 - calibrated(random.random(80)).threshold for _ in range(2000)])
    assert 0.94 <= (realised <= bound_of(80)).mean() <= 0.96 + 0.01
    assert realised.mean() == pytest.approx(1 - rank_of(80) / 81, abs=2e-3)


def test_a_calibration_without_a_threshold_says_why():
    assert Calibration(0.5, 0.08, 100).reason == ""
    assert "n = 3" in Calibration(math.nan, math.nan, 3).reason
