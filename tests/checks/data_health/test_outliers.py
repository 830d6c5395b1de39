"""Outliers of worked values."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.checks.data_health.outliers import LIMIT, RULES, Rule, measures, modified_z, outliers

EITHER = Rule("", "", False, True, True, 0.0)
FINITE = st.lists(st.integers(-1000, 1000), min_size=1, max_size=30).map(
    lambda values: np.array(values, float)
)


def test_z_is_the_distance_from_the_median_by_the_mad():
    # The median is 3, distances from it 2, 1, 0, 1 and 97: their median is 1.
    found = modified_z([1, 2, 3, 4, 100])
    assert found.tolist() == pytest.approx(np.array([-2, -1, 0, 1, 97]) / 1.4826)


def test_the_mean_deviation_stands_for_a_mad_of_0():
    # Nine of ten values are equal: the mean distance is 10 / 10.
    assert modified_z([5] * 9 + [15])[-1] == pytest.approx(10 / 1.2533)


def test_equal_values_are_at_0():
    assert modified_z([4, 4, 4]).tolist() == [0, 0, 0]


def test_undefined_values_are_left_out_and_stay_undefined():
    found = modified_z([1, 2, 3, np.nan, 4, 100])
    assert np.isnan(found[3])
    assert np.delete(found, 3).tolist() == modified_z([1, 2, 3, 4, 100]).tolist()
    assert np.isnan(modified_z([np.nan])).all()
    assert outliers([np.nan, np.nan], RULES["pixels"]).tolist() == []


@given(FINITE, st.integers(-1000, 1000), st.sampled_from([0.5, 2.0, 8.0]))
def test_units_do_not_matter(values, shift, scale):
    np.testing.assert_allclose(
        modified_z(values * scale + shift), modified_z(values), rtol=1e-6, atol=1e-6
    )


@given(FINITE)
def test_the_most_extreme_comes_first(values):
    apart = np.abs(values - np.median(values))[outliers(values, EITHER)]
    assert (np.diff(apart) <= 0).all()


def test_sides_are_those_of_the_rule():
    values = [-1000.0, *range(20), 1000.0]
    assert outliers(values, EITHER).tolist() == [0, 21]
    assert outliers(values, Rule("", "", False, True, False, 0.0)).tolist() == [0]
    assert outliers(values, Rule("", "", False, False, True, 0.0)).tolist() == [21]


def test_a_small_step_is_no_outlier_however_rare():
    sizes = [500.0 * 500] * 99 + [500.0 * 501]
    assert modified_z(sizes)[-1] > LIMIT
    assert outliers(sizes, RULES["pixels"]).tolist() == []
    assert outliers([*sizes, 500.0 * 250, 500.0 * 251], RULES["pixels"]).tolist() == [100]


def test_ratios_compare_by_their_logarithm_and_0_is_no_error():
    sharpness = [*np.geomspace(100, 800, 50), 0.0, 1e6]
    assert outliers(sharpness, RULES["sharpness"]).tolist() == [50]  # blur alone counts


def test_a_white_background_is_no_outlier_where_all_have_one():
    assert outliers(np.linspace(0.6, 0.9, 50), RULES["bright"]).tolist() == []
    assert outliers([0.0] * 40 + [0.01] * 9 + [0.8], RULES["bright"]).tolist() == [49]


def test_measures_are_made_of_what_is_stored():
    columns = {key: [7.0, np.nan] for key in ("sharpness", "luminance", "dark", "bright")}
    found = measures(columns | {"width": [300, np.nan], "height": [200, np.nan], "name": "ab"})
    assert list(found) == list(RULES)
    assert [found["pixels"][0], found["elongation"][0]] == [60_000, 1.5]
    assert all(np.isnan(values[1]) for values in found.values())


def test_rules_say_in_words_what_counts():
    assert RULES["pixels"].sides == "at most 1/2 of the median or at least 2 times the median"
    assert RULES["sharpness"].sides == "at most 1/2 of the median"
    assert RULES["dark"].sides == "at least 0.5 above the median"
