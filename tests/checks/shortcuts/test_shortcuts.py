"""Groups and effects worked out by hand."""

import math

import numpy as np
import pytest

from audit.checks.shortcuts.statistics import LEAST, described, effect, grouped, proven, ranked
from audit.interventions.causal import log_odds

RANDOM = np.random.default_rng(0).uniform((-3, 7), (3, 13), (24, 2))


def test_a_description_has_three_parts_and_does_not_say_where():
    features = np.zeros((2, 2, 2, 2))
    features[0, 0, 0], features[1, 1, 1] = (4, 0), (4, 0)  # the same thing in two corners
    heatmaps = np.zeros((2, 2, 2))
    heatmaps[0, 0, 0], heatmaps[1, 1, 1] = 3, 5
    points = described(features, heatmaps, np.zeros(2))
    np.testing.assert_allclose(points[0], points[1])
    # Mean and looked-at features point along the first channel; a single spot has a flat spectrum.
    np.testing.assert_allclose(points[0], [1, 0, 1, 0, *[0.25] * 4])


def test_what_is_usual_is_taken_off_and_a_heatmap_without_relevance_looks_nowhere():
    features = np.full((1, 1, 1, 2), (1.0, 3.0))
    points = described(features, np.full((1, 1, 1), -2.0), np.array([1.0, 1.0]))
    np.testing.assert_allclose(points[0, :2], [0, 1])
    np.testing.assert_allclose(points[0, 2:4], np.array([-1, -1]) / math.sqrt(2))
    assert points[0, 4] == 0


def around(centre, count, seed):
    return np.random.default_rng(seed).normal(centre, 0.1, (count, 2))


def test_cases_that_lie_together_beside_random_ones_are_a_group():
    cases = np.concatenate([around((0, 0), 6, 1), [[40, 40]], around((20, 0), 5, 2)])
    groups = [group.tolist() for group in grouped(cases, RANDOM)]
    assert sorted(groups) == [[0, 1, 2, 3, 4, 5], [7, 8, 9, 10, 11]]


def test_too_few_alike_are_no_group():
    assert grouped(around((0, 0), LEAST - 1, 1), RANDOM) == []
    assert grouped(np.zeros((0, 2)), RANDOM) == []


def logits(*odds):
    """Two classes; log-odds of the second one by background and foreground."""
    second = np.array(odds, float)
    return np.stack([np.zeros_like(second), second], axis=-1)


def test_an_effect_is_what_backgrounds_add_beyond_random_ones():
    members = logits([3, 1], [4, -1], [5, 3], [4, 1])
    random = logits([-2, -4], [2, 0], [0.5, -1.5], [-0.5, -2.5])
    found = effect(members, random, 1, seed=0)
    assert log_odds(members, 1).mean() == 2.5
    assert found.rises == (3.0, 2.5, 5.0, 3.5)  # of 0 and -2, which random backgrounds give
    assert found.rise.value == 3.5
    assert 1.5 < found.rise.low < 3.5 < found.rise.high
    assert (found.taken, found.usual) == (7 / 8, 2 / 8)
    assert found.answers.value == 0.625
    assert (found.random, found.foregrounds) == (4, 2)
    assert found.p == pytest.approx(1 / 70)  # all four above all four: one of 8 over 4
    again = effect(members, random, 1, seed=0)
    assert again == found


def test_with_no_other_background_or_foreground_an_effect_is_undefined():
    nothing = effect(logits(*[[]] * 4), logits(*[[]] * 3), 1, seed=0)
    assert math.isnan(nothing.p)
    assert math.isnan(nothing.rise.value)
    assert nothing.rise.reason == "no other background or foreground to try"
    assert not proven(nothing, nothing.p)


@pytest.mark.parametrize(
    ("corrected", "fewer", "is_proven"),
    [
        (0.01, 0, True),
        (0.06, 0, False),
        (0.01, 3.2, False),
        (0.01, 3.6, False),
        (math.nan, 0, False),
    ],
    ids=["beyond doubt", "within chance", "interval holds 0", "too small", "not tried"],
)
def test_proven_is_beyond_chance_with_an_interval_above_0_and_large(corrected, fewer, is_proven):
    members = np.array([[3.0], [4], [5], [4]]) - fewer
    found = effect(logits(*members.tolist()), logits([-1], [1], [0], [-2]), 1, seed=0)
    assert proven(found, corrected) is is_proven


def test_proven_groups_come_first_then_those_that_do_most_in_all():
    groups = [(False, 9, 9.0), (True, 4, 3.0), (True, 10, 2.0), (False, 4, math.nan)]
    assert ranked(groups) == [2, 1, 0, 3]
