import numpy as np
import pytest
from maskscenes import scene

from audit.masks.fit import MOVES, SIDE, Pair, edge_ranks, measure, upside

WORDS = [move for move in MOVES if move]


def pairs(count):
    """Discs of several places and sizes, no two alike."""
    rng = np.random.default_rng(1)
    found = []
    for seed in range(count):
        centre = rng.integers(40, 80, 2)
        image, mask = scene(centre=centre, radius=int(rng.integers(15, 35)), seed=seed)
        mask[:4, :30] = False  # never symmetrical
        found.append(Pair.of(image, np.where(mask, 255, 0).astype(np.uint8)))
    return found


def moved(pair, move):
    return Pair(pair.image, np.ascontiguousarray(MOVES[move](pair.mask)))


def test_an_image_and_its_mask_become_squares():
    pair = Pair.of(np.zeros((60, 90, 3), np.uint8), np.full((30, 45), 255, np.uint8))
    assert pair.image.shape == (SIDE, SIDE, 3)
    assert pair.mask.shape == (SIDE, SIDE)


def test_the_strongest_edge_has_the_highest_rank():
    image = np.zeros((SIDE, SIDE, 3), np.float32)
    image[:, 64:] = 200
    ranks = edge_ranks(image)
    assert ranks[:, 63:65].min() > 0.9
    assert ranks.max() == 1
    assert ranks.min() == 0


def test_own_masks_fit_better_than_others():
    fit = measure(pairs(12))
    assert fit.rank > 0.95
    assert fit.better <= 1
    assert fit.n == 12
    assert fit.error == pytest.approx(1.96 * (1 / 12 / 12) ** 0.5)


def test_masks_of_other_images_fit_by_chance():
    known = pairs(24)
    others = [Pair(a.image, b.mask) for a, b in zip(known, known[5:] + known[:5], strict=True)]
    assert abs(measure(others).rank - 0.5) < 0.2


@pytest.mark.parametrize("move", WORDS)
def test_the_move_that_mends_masks_is_found(move):
    back = {WORDS[0]: WORDS[2], WORDS[2]: WORDS[0]}.get(move, move)  # turns undo each other
    fit = measure([moved(pair, move) for pair in pairs(12)])
    assert fit.move == back
    assert fit.moved_rank > 0.9
    assert fit.better >= 9


def test_masks_that_are_all_the_same_are_wholly_alike():
    (pair,) = pairs(1)
    assert measure([pair, pair]).alike == 1


def test_upside_compares_border_and_centre():
    ring = np.full((SIDE, SIDE), 255, np.uint8)
    ring[20:-20, 20:-20] = 0
    image = np.zeros((SIDE, SIDE, 3), np.float32)
    assert upside(Pair(image, ring)) == 1
    assert upside(Pair(image, 255 - ring)) == -1
    assert upside(Pair(image, np.full_like(ring, 255))) == 0
    assert upside(Pair(image, np.full_like(ring, 128))) == 0
