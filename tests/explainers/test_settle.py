import math

import numpy as np
import pytest

from audit.datasets.dataset import Item
from audit.explainers.localisation import Localisation
from audit.explainers.settle import Complete, ScoresSettled, settled
from audit.masks.sample import Sample


def score(mass, rank=0.8, chance=0.2):
    return Localisation(mass, rank, 1.0, (mass - chance) / (1 - chance))


UNDEFINED = Localisation(reason="no positive relevance")


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        (score(0.60), score(0.62), True),
        (score(0.60), score(0.64), False),
        (score(0.60, 0.80), score(0.60, 0.84), False),
        (UNDEFINED, score(0.6), False),
        (UNDEFINED, UNDEFINED, True),
    ],
    ids=["still", "mass moves", "rank moves", "undefined before", "undefined twice"],
)
def test_scores_settle_when_they_hardly_move(before, now, expected):
    assert settled(before, now, on_foreground_skill=-1) is expected


def test_a_verdict_in_doubt_is_not_settled():
    before, now = score(0.600), score(0.605)
    moved = now.skill - before.skill
    assert not settled(before, now, on_foreground_skill=now.skill + 0.5 * moved)
    assert settled(before, now, on_foreground_skill=now.skill + 1.5 * moved)


def sample(trimap):
    trimap = np.array(trimap, np.uint8)
    return Sample(Item("a.jpg", 0, "test"), np.zeros((*trimap.shape, 3), np.uint8), trimap, "x", "")


def test_the_first_rule_is_never_enough_where_there_is_a_mask():
    enough = ScoresSettled([sample([[255, 0]])], 0.0)
    heatmap = np.array([[3, 1]], np.float32)
    assert [enough(0, heatmap, math.nan) for _ in range(2)] == [False, True]


def test_without_a_mask_the_first_rule_is_enough():
    enough = ScoresSettled([sample([[128, 128]])], 0.0)
    assert enough(0, np.ones((1, 2), np.float32), math.nan)


def test_tolerance_asks_for_completeness():
    assert Complete(0.05)(0, np.ones((1, 1), np.float32), 0.05)
    assert not Complete(0.05)(0, np.ones((1, 1), np.float32), 0.051)
