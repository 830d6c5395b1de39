"""Intervals over clusters: hand-worked, against independent images, and by simulation."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.core.clusters import bootstrap_clusters, effective_size
from audit.core.estimate import clusters_in, mean, rate, share, share_at, share_change
from audit.core.paired import difference_of_means
from audit.core.statistics import bootstrap_mean, wilson

BITS = st.lists(st.booleans(), min_size=4, max_size=30)


def doubled(values):
    """Every image twice, both of one cluster."""
    return np.repeat(values, 2), np.repeat(np.arange(len(values)), 2)


def images(clusters):
    return pd.DataFrame({"cluster": clusters})


def test_copies_of_images_tell_no_more_than_the_images():
    values = np.random.default_rng(0).normal(size=40)
    found = bootstrap_clusters(*doubled(values), seed=3)
    assert found == pytest.approx(bootstrap_mean(values, 3), abs=0.05)


def test_of_many_clusters_the_interval_is_what_the_bootstrap_tends_to(monkeypatch):
    random = np.random.default_rng(0)
    values, clusters = random.exponential(1, 3_000), random.integers(0, 2_000, 3_000)
    drawn = bootstrap_clusters(values, clusters, seed=0)
    monkeypatch.setattr("audit.core.clusters.LARGE", 1_000)
    limit = bootstrap_clusters(values, clusters, seed=0)
    assert limit != drawn
    assert limit == pytest.approx(drawn, abs=0.1 * (drawn[1] - drawn[0]))


def test_one_cluster_tells_nothing_of_others():
    low, high = bootstrap_clusters([0.0, 1.0, 1.0], [5, 5, 5], seed=0)
    assert math.isnan(low) and math.isnan(high)


def test_the_effective_size_is_worked_by_hand():
    """Sums 2, 1, 0 of two images each, mean 1/2: off by 1, 0, -1; (3 / 2) * 2 / 36 = 1 / 12.

    Over images the variance is 1/4 / 6 = 1/24, half of it: six images tell as much as three.
    """
    assert effective_size([1, 1, 1, 0, 0, 0], [0, 0, 1, 1, 2, 2]) == pytest.approx(3)


@given(BITS, st.data())
def test_the_effective_size_is_between_one_and_all_images(bits, data):
    clusters = data.draw(st.lists(st.integers(0, 5), min_size=len(bits), max_size=len(bits)))
    assert 1 <= effective_size(bits, clusters) <= len(bits)


@given(BITS)
def test_images_alone_are_independent(bits):
    hits, alone = pd.Series(bits), images(np.arange(len(bits)))
    assert effective_size(bits, alone["cluster"]) == len(bits) and clusters_in(alone) is None
    assert share(hits, alone) == rate(sum(bits), len(bits))
    assert share_at(hits, alone, 0.95) == rate(sum(bits), len(bits))


@given(BITS, st.data())
def test_an_interval_of_clusters_is_never_shorter_than_that_of_images(bits, data):
    clusters = data.draw(st.lists(st.integers(0, 9), min_size=len(bits), max_size=len(bits)))
    hits = pd.Series(bits)
    found, plain = share(hits, images(clusters)), rate(sum(bits), len(bits))
    assert (found.value, found.n) == (plain.value, plain.n)
    assert found.low <= plain.low <= plain.high <= found.high
    assert found.low >= 0 and found.high <= 1


def test_where_all_images_are_alike_a_cluster_counts_once():
    """Three plants of ten images each, all right: as three right of three, not thirty of thirty."""
    found = share(pd.Series([True] * 30), images(np.repeat([0, 1, 2], 10)))
    assert (found.low, found.high) == pytest.approx(wilson(3, 3))
    assert found.method == "cluster bootstrap" and found.n == 30


def test_images_of_one_cluster_alone_tell_as_much_as_one():
    hits, one = pd.Series([True] * 6 + [False] * 4), images([7] * 10)
    found = share(hits, one)
    assert found.value == 0.6 and found.low < 0.1 and found.high > 0.95
    change = share_change(hits, ~hits, one)
    assert change.value == pytest.approx(-0.2) and math.isnan(change.low) and change.reason


def test_an_interval_at_a_level_of_its_own_is_that_of_the_effective_size():
    hits = pd.Series([1, 1, 1, 0, 0, 0], dtype=bool)
    found = share_at(hits, images([0, 0, 1, 1, 2, 2]), 0.99)
    assert (found.low, found.high) == pytest.approx(wilson(1.5, 3.0, 0.99))


def test_wilson_takes_effective_numbers_on_the_same_scale():
    assert wilson(6.0 + 1e-9, 10.0 + 1e-9) == pytest.approx(wilson(6, 10))


def test_what_is_undefined_is_in_no_cluster():
    values = pd.Series([1.0, math.nan, 3.0, 5.0])
    found = mean(values, 0, images([0, 0, 1, 2]))  # the pair of the first cluster is broken up
    assert found == mean(values, 0) and found.undefined == 1


def test_intervals_over_clusters_hold_the_truth_where_those_over_images_do_not():
    """Forty plants of ten images; all of a plant are named rightly, or none: 70% of plants."""
    random = np.random.default_rng(1)
    clusters = images(np.repeat(np.arange(40), 10))
    draws = [pd.Series(np.repeat(random.random(40) < 0.7, 10)) for _ in range(200)]
    held = np.mean([(e := share(hits, clusters)).low <= 0.7 <= e.high for hits in draws])
    naive = np.mean([(e := rate(hits.sum(), 400)).low <= 0.7 <= e.high for hits in draws])
    assert held >= 0.9 > 0.6 > naive


def test_a_difference_over_clusters_is_that_of_their_own_images():
    random = np.random.default_rng(2)
    a, b = random.random((2, 30))
    (first, clusters), (second, _) = doubled(a), doubled(b)
    apart = difference_of_means(a, b, 1)
    found = difference_of_means(first, second, 1, clusters=clusters)
    assert (found.value, found.low, found.high) == pytest.approx(
        (apart.value, apart.low, apart.high), abs=1e-9
    )
