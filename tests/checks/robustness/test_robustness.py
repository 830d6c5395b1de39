"""Corruption errors and stability: worked by hand, and what must hold for any answers."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from audit.checks.robustness.statistics import (
    Outcomes,
    mean_corruption_error,
    outcomes,
    rank_correlation,
    stability,
)

ALL = np.ones((4, 4), bool)
LEFT = np.arange(16).reshape(4, 4) % 4 < 2


def answers(wrong, clean=None):
    wrong = np.asarray(wrong, bool)
    n, kinds, _ = wrong.shape
    clean = np.zeros(n, bool) if clean is None else np.asarray(clean, bool)
    return Outcomes(tuple(f"{i}.jpg" for i in range(n)), tuple("abcdefgh"[:kinds]), clean, wrong)


cubes = arrays(bool, st.tuples(st.integers(2, 6), st.integers(1, 4), st.integers(1, 5)))

# Two images, two corruptions, two severities.
OURS = answers([[[0, 1], [0, 1]], [[1, 1], [0, 0]]], clean=[0, 0])
BASE = answers([[[1, 1], [1, 1]], [[1, 1], [0, 0]]], clean=[0, 1])


def test_mce_is_the_worked_mean_of_ratios():
    # a: 3 errors against 4, 75%; b: 1 against 2, 50%.
    found = mean_corruption_error(OURS, BASE)
    assert found.by_corruption == {"a": 75, "b": 50}
    assert found.value == 62.5
    assert found.reasons == {}


def test_relative_mce_takes_clean_errors_off_first():
    # Clean errors: ours 0, the baseline's 1 image at 2 severities. a: 3 / (4 - 2); b: 1 / (2 - 2).
    found = mean_corruption_error(OURS, BASE, relative=True)
    assert found.by_corruption["a"] == 150
    assert math.isnan(found.by_corruption["b"])
    assert found.reasons == {"b": "costs the baseline nothing"}
    assert found.value == 150


def test_without_a_baseline_it_is_the_mean_error_rate():
    found = mean_corruption_error(OURS)
    assert found.by_corruption == {"a": 3 / 4, "b": 1 / 4}
    assert found.value == 0.5


def test_a_baseline_without_errors_leaves_nothing_to_divide_by():
    never = answers(np.zeros((2, 2, 2)))
    found = mean_corruption_error(OURS, never)
    assert math.isnan(found.value) and math.isnan(found.low) and math.isnan(found.high)
    assert found.reasons == dict.fromkeys("ab", "lets the baseline make no errors")


def test_other_images_or_corruptions_are_refused():
    with pytest.raises(ValueError, match="the same images and corruptions"):
        mean_corruption_error(OURS, BASE.of(["1.jpg", "0.jpg"]))


def test_outcomes_of_some_images_come_in_the_order_asked_for():
    some = BASE.of(["1.jpg"])
    assert some.names == ("1.jpg",)
    assert some.clean.tolist() == [True]
    assert some.wrong.tolist() == [[[True, True], [False, False]]]


@given(cubes)
def test_a_model_against_itself_has_100(wrong):
    found = mean_corruption_error(answers(wrong), answers(wrong))
    defined = wrong.any(axis=(0, 2))
    assert len(found.reasons) == (~defined).sum()
    if defined.any():
        assert found.value == pytest.approx(100)
        assert (found.low, found.high) in [
            (pytest.approx(100),) * 2,
            (pytest.approx(math.nan, nan_ok=True),) * 2,
        ]


@given(cubes)
def test_the_error_rate_is_the_share_of_wrong_answers_within_its_interval(wrong):
    found = mean_corruption_error(answers(wrong))
    assert found.value == pytest.approx(wrong.mean())
    assert 0 <= found.low <= found.high <= 1


@settings(deadline=None)
@given(cubes, st.randoms(use_true_random=False))
def test_columns_in_any_order_give_the_same_outcomes(wrong, random):
    given_ = answers(wrong)
    rows = [(n, "", 0, True) for n in given_.names]
    for (i, k, s), is_wrong in np.ndenumerate(wrong):
        rows.append((given_.names[i], given_.corruptions[k], s + 1, not is_wrong))
    random.shuffle(rows)
    found = outcomes(*zip(*rows, strict=True)).of(given_.names)
    order = [found.corruptions.index(k) for k in given_.corruptions]
    np.testing.assert_array_equal(found.wrong[:, order], wrong)
    assert not found.clean.any()


def test_a_missing_row_is_an_error():
    with pytest.raises(KeyError):
        outcomes(["a", "a", "a", "b"], ["", "x", "y", ""], [0, 1, 2, 0], [True] * 4)


def test_ranks_are_correlated_as_worked():
    # Ranks 1 2 3 4 against 2 1 4 3: 1 - 6 * 4 / (4 * 15)
    one, other = np.array([1.0, 2, 3, 4]), np.array([20.0, 10, 400, 300])
    assert rank_correlation(one, other) == (pytest.approx(0.6), "")
    # Ties in their middle: 1.5 1.5 3.5 3.5 against 1 2 3 4, covariance 4 over sqrt(4 * 5)
    tied = np.array([0.0, 0, 1, 1])
    assert rank_correlation(one, tied)[0] == pytest.approx(4 / math.sqrt(20))


@given(arrays(float, (3, 4), elements=st.integers(-9, 9).map(float)))
def test_ranks_do_not_see_scale(heatmap):
    value, reason = rank_correlation(heatmap, 3 * heatmap**3 + 1)
    assert value == pytest.approx(1) if not reason else math.isnan(value)
    assert bool(reason) == (heatmap.min() == heatmap.max())


@pytest.mark.parametrize(
    ("size", "why"), [(0, "nothing is left to compare"), (5, "a heatmap is flat")]
)
def test_undefined_ranks_say_why(size, why):
    value, reason = rank_correlation(np.zeros(size), np.arange(size))
    assert math.isnan(value) and reason == why


def test_an_unchanged_heatmap_is_stable():
    heatmap = np.arange(16.0).reshape(4, 4)
    found = stability(heatmap, heatmap, ALL, LEFT, ALL)
    assert (found.rank, found.mass_change) == (pytest.approx(1), 0)
    assert (found.rank_reason, found.mass_reason) == ("", "")


def test_mass_that_leaves_the_flower_counts_negative():
    clean, corrupted = np.where(LEFT, 3.0, 1.0), np.where(LEFT, 1.0, 3.0)
    # 3/4 of the mass on the flower before, 1/4 after.
    found = stability(clean, corrupted, ALL, LEFT, ALL)
    assert (found.rank, found.mass_change) == (pytest.approx(-1), -0.5)


def test_what_one_image_does_not_show_is_compared_in_neither():
    clean = np.arange(16.0).reshape(4, 4)
    corrupted = np.where(LEFT, clean, -clean)
    seen = LEFT.copy()
    seen[0, 3] = True  # one pixel off the flower, so that mass is defined
    found = stability(clean, np.where(seen, np.abs(corrupted), 9e9), seen, LEFT, ALL)
    assert (found.rank, found.mass_change) == (pytest.approx(1), 0)


def test_without_a_mask_ranks_are_compared_all_the_same():
    heatmap = np.arange(16.0).reshape(4, 4)
    found = stability(heatmap, heatmap, ALL, ~ALL, ~ALL)
    assert found.rank == pytest.approx(1)
    assert math.isnan(found.mass_change) and found.mass_reason


def test_large_maps_are_ranked_on_a_grid_over_the_whole():
    clean = np.add.outer(np.arange(200.0), np.arange(200.0))
    corrupted = clean.copy()
    corrupted[100:] *= -1
    assert stability(clean, corrupted, *(np.ones((200, 200), bool),) * 3).rank == pytest.approx(
        rank_correlation(clean, corrupted)[0], abs=0.02
    )
