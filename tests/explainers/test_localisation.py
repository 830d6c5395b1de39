import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from audit.explainers.localisation import (
    Localisation,
    area,
    localise,
    mass_on_foreground,
    pointing_hit,
    rank_accuracy,
    undefined_because,
)

SHAPE = (4, 5)
ALL = np.ones(SHAPE, bool)
heatmaps = arrays(np.float32, SHAPE, elements=st.floats(-100, 100, width=16))
masks = arrays(np.bool_, SHAPE)


def scores(found):
    return np.array([found.mass, found.rank_accuracy, found.pointing, found.skill])


def defined(heatmap, mask, valid=ALL):
    assume(not undefined_because(heatmap, mask, valid))
    return localise(heatmap, mask, valid)


# By hand

VALUES = np.array([4.0, 3.0, 2.0, 1.0, -5.0])
ON = np.array([True, False, True, False, True])


def test_mass_counts_positive_relevance_only():
    assert mass_on_foreground(VALUES, ON) == (4 + 2) / (4 + 3 + 2 + 1)


def test_rank_accuracy_counts_the_flowers_share_of_the_top():
    # k = 3: the top is 4, 3, 2, of which 4 and 2 are on the flower
    assert rank_accuracy(VALUES, ON) == pytest.approx(2 / 3)


def test_rank_accuracy_shares_the_last_places_among_ties():
    values = np.array([9.0, 5.0, 5.0, 5.0, 5.0, 1.0])
    on = np.array([False, True, False, False, True, True])
    # k = 3: 9 is off; two places left for four tied pixels, half of which are on
    assert rank_accuracy(values, on) == pytest.approx((0 + 2 * 0.5) / 3)


def test_rank_accuracy_of_a_single_pixel_is_that_of_the_maximum():
    assert rank_accuracy(np.array([1.0, 2.0]), np.array([False, True])) == 1
    assert rank_accuracy(np.array([2.0, 1.0]), np.array([False, True])) == 0


def test_pointing_hit_is_the_share_of_tied_maxima_on_the_flower():
    assert pointing_hit(np.array([7.0, 7.0, 7.0, 1.0]), np.array([1, 1, 0, 0], bool)) == (
        pytest.approx(2 / 3)
    )


def test_all_scores_of_a_small_heatmap():
    heatmap = np.array([[3.0, 1.0], [0.0, -2.0]])
    mask = np.array([[True, False], [False, False]])
    found = localise(heatmap, mask, np.ones((2, 2), bool))
    assert found == Localisation(
        mass=0.75, rank_accuracy=1.0, pointing=1.0, skill=(0.75 - 0.25) / 0.75
    )


def test_area_is_the_flowers_share_of_known_pixels():
    mask = np.array([[True, False, False, False]])
    valid = np.array([[True, True, False, False]])
    assert area(mask, valid) == 0.5


def test_area_is_undefined_without_a_known_pixel():
    assert math.isnan(area(ALL, ~ALL))


# Undefined is NaN with a reason

HEAT = np.arange(20, dtype=np.float32).reshape(SHAPE)
SOME = HEAT > 10


@pytest.mark.parametrize(
    ("heatmap", "mask", "valid", "reason"),
    [
        (HEAT, SOME, ~ALL, "no mask"),
        (HEAT, ~ALL, ALL, "empty mask"),
        (HEAT, ALL, ALL, "full mask"),
        (HEAT, SOME, SOME, "full mask"),
        (HEAT, SOME, ~SOME, "empty mask"),
        (-HEAT, SOME, ALL, "no positive relevance"),
        (0 * HEAT, SOME, ALL, "no positive relevance"),
        (np.where(SOME, HEAT, 0), SOME, ~SOME | (HEAT == 11), None),
        (np.where(HEAT == 3, np.nan, HEAT), SOME, ALL, "heatmap is not finite"),
        (np.where(HEAT == 3, np.inf, HEAT), SOME, ALL, "heatmap is not finite"),
    ],
)
def test_undefined_scores_are_nan_with_a_reason(heatmap, mask, valid, reason):
    found = localise(heatmap, mask, valid)
    assert found.reason == (reason or "")
    assert np.isnan(scores(found)).all() == bool(reason)


# Properties


@given(heatmaps, masks, masks)
def test_scores_stay_within_their_bounds(heatmap, mask, valid):
    found = defined(heatmap, mask, valid)
    assert 0 <= found.mass <= 1
    assert 0 <= found.rank_accuracy <= 1
    assert 0 <= found.pointing <= 1
    assert found.skill <= 1


@given(heatmaps, masks, masks, st.integers(-20, 20))
def test_scores_do_not_depend_on_the_heatmaps_scale(heatmap, mask, valid, power):
    # a power of two, so that scaling itself rounds nothing
    found = defined(heatmap, mask, valid)
    scaled = localise(heatmap.astype(np.float64) * 2.0**power, mask, valid)
    np.testing.assert_allclose(scores(scaled), scores(found), rtol=1e-12)


@given(masks, st.floats(1e-3, 1e3))
def test_uniform_heatmap_is_at_chance(mask, value):
    found = defined(np.full(SHAPE, value), mask)
    chance = area(mask, ALL)
    np.testing.assert_allclose(scores(found), [chance, chance, chance, 0], atol=1e-9)


@given(heatmaps, masks, masks)
def test_skill_is_mass_above_chance(heatmap, mask, valid):
    found = defined(heatmap, mask, valid)
    chance = area(mask, valid)
    assert found.skill == pytest.approx((found.mass - chance) / (1 - chance))


@given(heatmaps, masks, masks, heatmaps, masks)
def test_unknown_pixels_never_matter(heatmap, mask, valid, other_heatmap, other_mask):
    found = localise(heatmap, mask, valid)
    changed = localise(
        np.where(valid, heatmap, other_heatmap), np.where(valid, mask, other_mask), valid
    )
    np.testing.assert_array_equal(scores(changed), scores(found))
    assert changed.reason == found.reason


@given(heatmaps, masks)
def test_masses_of_flower_and_background_add_up(heatmap, mask):
    found = defined(heatmap, mask)
    assert found.mass + localise(heatmap, ~mask, ALL).mass == pytest.approx(1)


@given(heatmaps, masks)
def test_heatmap_on_the_flower_alone_has_all_the_mass(heatmap, mask):
    found = defined(np.where(mask, heatmap, 0), mask)
    assert found.mass == 1
    assert found.skill == pytest.approx(1)
    assert found.pointing == 1


@given(heatmaps, masks, st.randoms(use_true_random=False))
def test_scores_do_not_depend_on_where_pixels_lie(heatmap, mask, random):
    found = defined(heatmap, mask)
    order = list(range(mask.size))
    random.shuffle(order)
    shuffled = localise(
        heatmap.ravel()[order].reshape(SHAPE), mask.ravel()[order].reshape(SHAPE), ALL
    )
    np.testing.assert_allclose(scores(shuffled), scores(found), rtol=1e-12, atol=1e-15)


@given(heatmaps, masks)
def test_scores_leave_their_inputs_as_they_were(heatmap, mask):
    before = heatmap.copy(), mask.copy()
    localise(heatmap, mask, ALL)
    np.testing.assert_array_equal(heatmap, before[0])
    np.testing.assert_array_equal(mask, before[1])


def test_a_pixel_that_is_not_finite_does_not_matter_where_the_truth_is_unknown():
    heatmap = np.array([[1.0, 3.0], [0.0, np.nan]])
    mask = np.array([[True, False], [False, False]])
    valid = np.array([[True, True], [True, False]])
    assert localise(heatmap, mask, valid).mass == 0.25
