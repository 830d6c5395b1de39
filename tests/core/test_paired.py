import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.core.paired import difference_of_means, gain, holm, mcnemar, newcombe
from audit.core.statistics import wilson

NAN = float("nan")
pairs = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60)
values = st.one_of(st.just(NAN), st.floats(-1, 1, allow_nan=False))
value_pairs = st.lists(st.tuples(values, values), min_size=2, max_size=30)


def table(both, only_a, only_b, neither):
    """Answers of A and B with these four counts."""
    a = [True] * (both + only_a) + [False] * (only_b + neither)
    b = [True] * both + [False] * only_a + [True] * only_b + [False] * neither
    return np.array(a, bool), np.array(b, bool)


def test_mcnemar_of_a_published_table():
    """Airway hyper-responsiveness: 7 against 1 (Fagerland et al. 2013, table 1)."""
    found = mcnemar(*table(1, 1, 7, 12))
    assert (found.gained, found.lost) == (7, 1)
    assert found.exact == pytest.approx(18 / 256)
    assert found.mid_p == pytest.approx(10 / 256)


def test_mcnemar_is_1_where_the_split_is_even_or_empty():
    assert mcnemar(*table(3, 4, 4, 1)).exact == mcnemar(*table(3, 4, 4, 1)).mid_p == 1
    assert mcnemar(*table(3, 0, 0, 1)).exact == mcnemar(*table(3, 0, 0, 1)).mid_p == 1


def test_mcnemar_of_nothing_is_undefined():
    assert math.isnan(mcnemar([], []).exact)
    assert math.isnan(mcnemar([], []).mid_p)


def test_newcombe_of_a_published_table():
    """The same table (Fagerland et al. 2014, table 5): -0.507 to -0.026 for A minus B."""
    found = newcombe(*table(1, 1, 7, 12))
    assert found.value == pytest.approx(6 / 21)
    assert (found.low, found.high) == pytest.approx((0.026, 0.507), abs=5e-4)


def test_newcombe_is_wilsons_where_a_is_always_right():
    """With p_A = 1 and phi = 0 by hand: below and above follow from Wilson's bounds alone."""
    low, high = wilson(6, 10)
    found = newcombe(*table(6, 4, 0, 0))
    assert found.value == pytest.approx(-0.4)
    assert found.low == pytest.approx(-0.4 - (0.6 - low))
    reach = math.hypot(high - 0.6, 1 - wilson(10, 10)[0])
    assert found.high == pytest.approx(-0.4 + reach)


def test_newcombe_of_nothing_says_why():
    found = newcombe([], [])
    assert math.isnan(found.value)
    assert found.reason == "no image is shared"


@settings(deadline=None)
@given(pairs)
def test_swapping_turns_the_sign_of_newcombe_and_keeps_the_p_values(answers):
    a, b = np.array(answers).T
    there, back = newcombe(a, b), newcombe(b, a)
    assert back.value == -there.value
    assert (back.low, back.high) == pytest.approx((-there.high, -there.low))
    assert mcnemar(a, b).exact == mcnemar(b, a).exact
    assert mcnemar(a, b).gained == mcnemar(b, a).lost


@settings(deadline=None)
@given(pairs)
def test_newcombe_holds_the_difference_and_stays_within_1(answers):
    found = newcombe(*np.array(answers).T)
    assert -1 <= found.low <= found.value <= found.high <= 1


@settings(deadline=None)
@given(pairs)
def test_mid_p_is_never_above_the_exact_test(answers):
    found = mcnemar(*np.array(answers).T)
    assert 0 < found.mid_p <= found.exact <= 1


def test_each_mean_rests_on_its_own_images():
    """A: 1 of 2 right predictions accused, B: 1 of 4."""
    found = difference_of_means([1, 0, NAN, NAN, NAN], [0, 0, 1, 0, NAN], seed=0)
    assert found.value == pytest.approx(0.25 - 0.5)
    assert found.low < found.value < found.high


def test_bootstrap_of_paired_values_is_narrow_where_they_go_together():
    random = np.random.default_rng(0)
    a = random.normal(0, 1, 400)
    together = difference_of_means(a, a + random.normal(0.1, 0.01, 400), seed=0)
    apart = difference_of_means(a, random.permutation(a) + 0.1, seed=0)
    assert together.low > 0.095
    assert apart.low < 0 < apart.high


def test_bootstrap_has_the_width_of_the_standard_error():
    random = np.random.default_rng(1)
    a, b = random.random(500) < 0.4, random.random(500) < 0.5
    found = difference_of_means(a.astype(float), b.astype(float), seed=3)
    error = (b.astype(float) - a).std() / math.sqrt(500)
    assert found.high - found.low == pytest.approx(2 * 1.96 * error, rel=0.06)


def test_of_many_images_the_interval_is_what_the_bootstrap_tends_to(monkeypatch):
    random = np.random.default_rng(1)
    a, b = random.exponential(1, 3_000), random.random(3_000)
    a[random.random(3_000) < 0.3] = NAN
    drawn = difference_of_means(a, b, seed=0)
    monkeypatch.setattr("audit.core.paired.LARGE", 1_000)
    limit = difference_of_means(a, b, seed=0)
    assert limit != drawn and limit.value == drawn.value
    reach = 0.1 * (drawn.high - drawn.low)
    assert (limit.low, limit.high) == pytest.approx((drawn.low, drawn.high), abs=reach)


def test_of_many_images_that_are_all_alike_there_is_no_interval(monkeypatch):
    monkeypatch.setattr("audit.core.paired.LARGE", 1)
    assert math.isnan(difference_of_means(np.ones(9), np.zeros(9), seed=0).low)


def test_the_same_seed_gives_the_same_interval():
    a, b = np.arange(20.0), np.arange(20.0)[::-1] ** 1.1
    assert difference_of_means(a, b, seed=4) == difference_of_means(a, b, seed=4)
    assert difference_of_means(a, b, seed=4) != difference_of_means(a, b, seed=5)


@pytest.mark.parametrize(("a", "b", "missing"), [([NAN, 1], [NAN, NAN], "B"), ([], [], "A")])
def test_means_without_values_are_undefined_with_a_reason(a, b, missing):
    found = difference_of_means(a, b, seed=0)
    assert math.isnan(found.value)
    assert found.reason == f"no image has a value in {missing}"


def test_rates_without_an_event_have_no_interval():
    found = difference_of_means(np.zeros(30), np.zeros(30), seed=0)
    assert found.value == 0
    assert math.isnan(found.low)
    assert found.reason == "every resample gives the same difference"


@settings(deadline=None)
@given(value_pairs)
def test_swapping_turns_the_sign_of_a_difference_of_means(both):
    a, b = np.array(both, float).T
    there = difference_of_means(a, b, seed=1, draws=50)
    back = difference_of_means(b, a, seed=1, draws=50)
    assert back.value == pytest.approx(-there.value, nan_ok=True)
    assert (back.low, back.high) == pytest.approx((-there.high, -there.low), nan_ok=True)


def test_unpaired_arrays_are_refused():
    with pytest.raises(ValueError, match="2 values of A, 1 of B"):
        newcombe([True, False], [True])


def test_holm_by_hand():
    """0.01 * 4, 0.02 * 3, then 0.03 * 2 = 0.06 and 0.04 * 1 raised to what came before."""
    assert holm([0.04, 0.01, NAN, 0.03, 0.02]) == pytest.approx(
        [0.06, 0.04, NAN, 0.06, 0.06], nan_ok=True
    )


def test_a_gain_counts_as_much_as_it_is_worth_to_all_images_and_to_the_mean_class():
    # B wins 3 of 4 of class 0 and loses the one of class 1: 2 of 5 images, (3/4 - 1) / 2 by class
    labels = [0, 0, 0, 0, 1]
    a, b = [False, False, False, True, True], [True, True, True, True, False]
    assert gain(a, b, labels) == pytest.approx(-0.125)
    assert gain(b, a, labels) == pytest.approx(-0.4)
    assert gain(a, a, labels) == 0
