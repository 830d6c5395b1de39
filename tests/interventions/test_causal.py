"""Log-odds and Shapley shares: closed forms, and the axioms that name them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.interventions.causal import Answer, answers, log_odds, shapley

odds = st.floats(-50, 50)


def test_log_odds_of_a_softmax() -> None:
    p = np.array([0.7, 0.2, 0.1])
    assert log_odds(np.log(p), 0) == pytest.approx(math.log(0.7 / 0.3))
    assert log_odds(np.log(p) + 1000, 2) == pytest.approx(math.log(0.1 / 0.9))


def test_log_odds_of_two_classes_are_the_difference_of_their_logits() -> None:
    assert log_odds(np.array([[3.0, 1.0], [0.0, 5.0]]), 0).tolist() == [2.0, -5.0]


def test_log_odds_stay_finite_where_a_probability_rounds_to_1() -> None:
    assert log_odds(np.array([900.0, 0.0, 0.0]), 0) == pytest.approx(900 - math.log(2))


def test_answers_are_told_with_their_softmax() -> None:
    # Odds of 1 to 3, and of 1 to 1 to 2.
    found = answers(np.log([[1, 3, 0.001], [1, 1, 2]]) + 500)
    assert found == (Answer(1, pytest.approx(3 / 4.001)), Answer(2, pytest.approx(0.5)))


@given(odds, odds, odds, odds)
def test_efficiency_the_shares_sum_to_what_both_parts_gain(full, foreground, background, nothing):
    shares = shapley(full, foreground, background, nothing)
    assert shares.foreground + shares.background == pytest.approx(full - nothing, abs=1e-9)


@given(odds, odds, odds, odds)
def test_symmetry_the_parts_may_change_names(full, foreground, background, nothing):
    one = shapley(full, foreground, background, nothing)
    other = shapley(full, background, foreground, nothing)
    assert (one.foreground, one.background) == (other.background, other.foreground)


@given(odds, odds)
def test_null_player_a_background_that_changes_nothing_has_no_share(full, nothing):
    shares = shapley(full, foreground=full, background=nothing, nothing=nothing)
    assert shares.background == 0
    assert shares.share == 0 if full > nothing else math.isnan(shares.share)


def test_a_background_that_does_it_all_has_share_1() -> None:
    assert shapley(4.0, foreground=-3.0, background=4.0, nothing=-3.0).share == 1


def test_a_part_that_speaks_against_the_class_counts_as_nothing() -> None:
    shares = shapley(2.0, foreground=3.0, background=-2.0, nothing=0.0)
    assert shares.background < 0
    assert shares.share == 0


def test_where_neither_part_speaks_for_the_class_the_share_is_undefined() -> None:
    shares = shapley(-2.0, foreground=-1.0, background=-1.0, nothing=0.0)
    assert math.isnan(shares.share)
    assert shares.reason == "neither part speaks for the class"


def test_undefined_values_give_an_undefined_share() -> None:
    assert math.isnan(shapley(1.0, math.nan, 0.0, 0.0).share)
