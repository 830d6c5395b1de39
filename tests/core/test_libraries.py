"""Figures of SciPy, scikit-learn and statsmodels against closed forms, on random inputs."""

import math
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.stats import bootstrap

from audit.checks.robustness.statistics import rank_correlation
from audit.core.paired import difference_of_means, holm, mcnemar
from audit.core.statistics import auroc, bootstrap_auroc, bootstrap_mean, wilson

NAN = float("nan")
EXACT = {"rel": 1e-12, "abs": 1e-12}
counts = st.integers(1, 100_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
levels = st.floats(0.5, 0.9999)
p_values = st.lists(
    st.one_of(st.just(NAN), st.sampled_from([0.0, 0.01, 1.0]), st.floats(0, 1)), max_size=20
)
scored = st.lists(
    st.tuples(st.booleans(), st.one_of(st.integers(-3, 3).map(float), st.floats(-1e6, 1e6))),
    min_size=2,
    max_size=40,
)
tied = st.one_of(st.just([0.0, 1, 1, 2]), st.lists(st.integers(-3, 3).map(float), max_size=30))
seeds = st.integers(0, 2**32 - 1)


@given(counts, levels)
def test_wilson_is_the_score_interval(count, level):
    k, n = count
    z = NormalDist().inv_cdf(0.5 + level / 2)
    middle = (k + z * z / 2) / (n + z * z)
    half = z / (n + z * z) * math.sqrt(k * (n - k) / n + z * z / 4)
    expected = max(0, middle - half), min(1, middle + half)
    assert wilson(k, n, level) == pytest.approx(expected, **EXACT)


def test_wilson_of_none_and_of_all_ends_at_0_and_1_to_the_bit():
    assert all(wilson(0, n)[0] == 0 and wilson(n, n)[1] == 1 for n in range(1, 200))


@settings(deadline=None, max_examples=15)
@given(p_values)
def test_holm_is_the_running_maximum_of_p_times_the_tests_left(given_values):
    tested = sorted((p, i) for i, p in enumerate(given_values) if not math.isnan(p))
    expected, highest = [NAN] * len(given_values), 0.0
    for index, (p, i) in enumerate(tested):
        highest = max(highest, min(1.0, p * (len(tested) - index)))
        expected[i] = highest
    assert holm(given_values) == pytest.approx(expected, nan_ok=True, **EXACT)


@settings(deadline=None)
@given(st.integers(0, 40), st.integers(0, 40), st.integers(1, 5))
def test_mcnemar_counts_fair_coins(gained, lost, same):
    a = [False] * gained + [True] * lost + [True] * same
    b = [True] * gained + [False] * lost + [True] * same
    n, fewer = gained + lost, min(gained, lost)
    tail = sum(math.comb(n, k) for k in range(fewer + 1)) / 2**n
    found = mcnemar(a, b)
    assert found.exact == pytest.approx(min(1, 2 * tail), **EXACT)
    assert found.mid_p == pytest.approx(min(1, 2 * tail - math.comb(n, fewer) / 2**n), **EXACT)


@given(scored)
def test_auroc_is_the_share_of_pairs_won_and_half_of_those_tied(pairs):
    cases, others = ([v for c, v in pairs if c == side] for side in (True, False))
    assume(cases and others)
    won = sum((c > o) + (c == o) / 2 for c in cases for o in others)
    expected = won / (len(cases) * len(others))
    assert auroc(*zip(*pairs, strict=True)) == pytest.approx(expected, **EXACT)


@pytest.mark.parametrize("step", [1e-9, 0.5])  # without ties, and with many
def test_our_interval_of_auroc_is_scipys_with_scikit_learns_area(step):
    random = np.random.default_rng(0)
    case, score = random.random(40) < 0.4, np.round(random.normal(size=40) / step) * step
    cases, others = score[case], score[~case]
    theirs = bootstrap(
        (cases, others),
        lambda x, y: auroc(np.arange(40) < cases.size, np.append(x, y)),
        vectorized=False,
        batch=1,
        n_resamples=200,
        method="percentile",
        rng=np.random.default_rng(3),
    ).confidence_interval
    ours = bootstrap_auroc(case, score, seed=3, draws=200)
    assert ours == pytest.approx(tuple(theirs), **EXACT)


@settings(deadline=None)
@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=30), seeds)
def test_interval_of_a_mean_is_that_of_resamples_drawn_by_index(values, seed):
    random = np.random.default_rng(seed)
    means = [
        np.array(values)[random.integers(len(values), size=len(values))].mean() for _ in range(50)
    ]
    expected = np.quantile(means, [0.025, 0.975]).tolist()
    found = bootstrap_mean(values, seed, draws=50)
    assert found == pytest.approx(expected, rel=1e-12, abs=1e-9)


@pytest.mark.parametrize("n", [2, 5, 300])
def test_our_paired_bootstrap_is_scipys_where_every_draw_is_defined(n):
    a, b = np.random.default_rng(n).normal(size=(2, n))
    theirs = bootstrap(
        (a, b),
        lambda x, y, axis: y.mean(axis) - x.mean(axis),
        paired=True,
        n_resamples=2000,
        method="percentile",
        rng=np.random.default_rng(7),
    ).confidence_interval
    ours = difference_of_means(a, b, seed=7)
    assert (ours.low, ours.high) == pytest.approx(tuple(theirs), **EXACT)


@given(tied, st.randoms())
def test_rank_correlation_is_pearsons_of_middle_ranks(values, random):
    other = random.sample(values, len(values))
    assume(len(set(values)) > 1)
    ranks = [
        [sum(w < v for w in side) + sum(w == v for w in side) / 2 for v in side]
        for side in (values, other)
    ]
    found, _ = rank_correlation(np.array(values), np.array(other))
    assert found == pytest.approx(np.corrcoef(*ranks)[0, 1], **EXACT)


def test_nan_makes_a_rank_correlation_undefined():
    assert math.isnan(rank_correlation(np.array([1.0, NAN, 2]), np.array([1.0, 2, 3]))[0])
