"""Intervals against worked values, and their properties."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.core.statistics import (
    auroc,
    bootstrap_auroc,
    bootstrap_mean,
    bootstrap_median,
    bootstrap_rank_correlation,
    central,
    mean_recall,
    rank_correlation,
    stands_out,
    wilson,
)

counts = st.integers(1, 10_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
numbers = st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=30)


def test_wilson_equals_worked_values():
    # z = 1.959964; n = 10, k = 5: centre 0.5, half 1.959964 / 13.841459 * sqrt(2.5 + 0.960365)
    assert wilson(5, 10) == pytest.approx((0.236593, 0.763407), abs=1e-6)
    # k = 0: low 0, high z2 / (n + z2) = 3.841459 / 23.841459
    assert wilson(0, 20) == pytest.approx((0.0, 0.161125), abs=1e-6)
    assert wilson(20, 20) == pytest.approx((1 - 0.161125, 1.0), abs=1e-6)


def test_wilson_of_no_trials_is_undefined():
    assert all(math.isnan(bound) for bound in wilson(0, 0))


def test_wilson_refuses_more_successes_than_trials():
    with pytest.raises(ValueError, match="3 successes of 2 trials"):
        wilson(3, 2)


@given(counts)
def test_wilson_holds_the_rate_and_stays_a_rate(count):
    k, n = count
    low, high = wilson(k, n)
    assert 0 <= low <= k / n <= high <= 1


@given(counts)
def test_wilson_mirrors_failures(count):
    k, n = count
    low, high = wilson(k, n)
    assert wilson(n - k, n) == pytest.approx((1 - high, 1 - low))


@given(counts)
def test_wilson_narrows_with_more_trials_and_lower_level(count):
    k, n = count
    low, high = wilson(k, n)
    for narrower in (wilson(10 * k, 10 * n), wilson(k, n, level=0.8)):
        assert narrower[1] - narrower[0] < high - low


def test_bootstrap_equals_the_binomial_quantiles_of_two_values():
    # Means of 4 draws from {0, 1} are Binomial(4, 1/2) / 4: P(0) = 1/16 > 2.5%.
    assert bootstrap_mean([0, 1, 0, 1], seed=1) == (0.0, 1.0)


def test_bootstrap_nears_the_normal_interval():
    values = np.random.default_rng(5).normal(3, 1, 400)
    half = 1.96 * values.std() / math.sqrt(400)
    expected = (values.mean() - half, values.mean() + half)
    assert bootstrap_mean(values, seed=0) == pytest.approx(expected, abs=0.015)


@pytest.mark.parametrize("values", [[], [0.3]])
def test_bootstrap_of_fewer_than_two_is_undefined(values):
    assert all(math.isnan(bound) for bound in bootstrap_mean(values, seed=0))


def test_bootstrap_refuses_nan():
    with pytest.raises(ValueError, match="NaN"):
        bootstrap_mean([1.0, math.nan], seed=0)


@given(numbers, st.integers(0, 2**32 - 1))
def test_bootstrap_repeats_and_stays_within_the_values(values, seed):
    low, high = bootstrap_mean(values, seed, draws=50)
    assert (low, high) == bootstrap_mean(values, seed, draws=50)
    assert min(values) <= low <= high <= max(values)


def test_bootstrap_does_not_depend_on_its_chunks(monkeypatch):
    whole = bootstrap_mean(range(50), seed=3)
    monkeypatch.setattr("audit.core.statistics._CHUNK", 999)
    assert bootstrap_mean(range(50), seed=3) == whole


def test_of_many_values_the_interval_is_what_the_bootstrap_tends_to(monkeypatch):
    values = np.random.default_rng(5).exponential(1, 20_000)
    drawn = bootstrap_mean(values, seed=0)
    monkeypatch.setattr("audit.core.statistics.LARGE", 19_999)
    limit = bootstrap_mean(values, seed=0)
    assert limit != drawn
    assert limit == pytest.approx(drawn, abs=0.1 * (drawn[1] - drawn[0]))


def test_auroc_counts_pairs_and_ties_half():
    # cases 3, 1 against others 2, 1: above, above; below, tied
    assert auroc([True, True, False, False], [3, 1, 2, 1]) == pytest.approx(2.5 / 4)


def test_auroc_is_undefined_without_one_of_the_sides():
    assert math.isnan(auroc([True, True], [1, 2]))
    assert math.isnan(auroc([False], [1]))


def test_interval_of_auroc_holds_it_and_is_none_for_a_single_case():
    rng = np.random.default_rng(0)
    case = rng.random(80) < 0.4
    values = rng.normal(size=80) + case
    low, high = bootstrap_auroc(case, values, 0)
    assert 0.5 < low < auroc(case, values) < high < 1
    assert bootstrap_auroc(case, values, 0) == (low, high)
    assert math.isnan(bootstrap_auroc([True, False, False], [1, 0, 0], 0)[0])


def test_interval_of_auroc_is_that_of_every_resample_by_itself():
    random = np.random.default_rng(4)
    case, values = random.random(60) < 0.4, random.integers(0, 9, 60).astype(float)
    cases, others, again = values[case], values[~case], np.random.default_rng(7)
    drawn = [
        (again.choice(cases, cases.size), again.choice(others, others.size)) for _ in range(50)
    ]
    areas = [auroc([True] * len(a) + [False] * len(b), [*a, *b]) for a, b in drawn]
    assert bootstrap_auroc(case, values, 7, draws=50) == pytest.approx(central(areas))


def test_a_class_that_is_far_worse_than_all_others_stands_out():
    assert stands_out([9, 1, 1, 0], [10, 10, 10, 10]) == [True, False, False, False]


def test_among_many_classes_a_high_rate_may_be_chance():
    # 2 of 3 would stand out alone (p = 0.03); it does not among fifty
    hits, sizes = [2] + [1] * 5 + [0] * 44, [3] + [5] * 49
    assert stands_out(hits, sizes)[0] is False
    assert not any(stands_out([0, 0, 0], [5, 5, 0]))
    assert stands_out([3], [5]) == [False]  # nobody to compare with


def test_mean_recall_counts_each_class_that_is_there_alike():
    # 2 of 4 of class 0, none of 1, all of class 2; there is no class 3
    right = [True, True, False, False, False, True]
    assert mean_recall(right, [0, 0, 0, 0, 1, 2]) == pytest.approx((0.5 + 0 + 1) / 3)
    assert math.isnan(mean_recall([], np.array([], int)))


def test_rank_correlation_equals_worked_values():
    # One pair of four changes places: 1 - 6 * (1 + 1) / (4 * 15)
    assert rank_correlation([1, 2, 3, 4], [10, 20, 40, 30]) == pytest.approx(0.8)
    assert rank_correlation([1, 2, 3], [9, 8, 7]) == pytest.approx(-1)
    # Ties share their mean rank: 1.5 1.5 3 against 1 2 3, of Pearson 1.5 / sqrt(1.5 * 2)
    assert rank_correlation([0, 0, 5], [1, 2, 3]) == pytest.approx(1.5 / math.sqrt(3))


@pytest.mark.parametrize("pair", [([], []), ([1, 1, 1], [1, 2, 3]), ([1, 2, 3], [4, 4, 4])])
def test_rank_correlation_with_nothing_to_rank_is_undefined(pair):
    assert math.isnan(rank_correlation(*pair))
    assert all(math.isnan(bound) for bound in bootstrap_rank_correlation(*pair, 0))


def test_interval_of_a_rank_correlation_is_around_it_and_narrows():
    random = np.random.default_rng(0)
    one = random.normal(size=400)
    two = one + random.normal(size=400)
    few, many = (bootstrap_rank_correlation(one[:n], two[:n], 0) for n in (40, 400))
    assert few[0] < rank_correlation(one[:40], two[:40]) < few[1]
    assert many[0] < rank_correlation(one, two) < many[1]
    assert many[1] - many[0] < few[1] - few[0]
    assert many == bootstrap_rank_correlation(one, two, 0)


def test_interval_of_a_median_keeps_within_the_values():
    low, high = bootstrap_median([1, 2, 3, 4, 50], 0)
    assert 1 <= low <= 3 <= high <= 50
    assert all(math.isnan(bound) for bound in bootstrap_median([1], 0))
