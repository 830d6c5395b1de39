"""Composites: what is kept stays as it was, what is made up is made of what is around it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.extra.numpy import arrays

from audit.interventions import composites as c

SIDE = 32
masks = arrays(bool, (SIDE, SIDE))
photos = arrays(np.uint8, (SIDE, SIDE, 3))


def square(top: int, left: int, side: int) -> np.ndarray:
    mask = np.zeros((SIDE, SIDE), bool)
    mask[top : top + side, left : left + side] = True
    return mask


@settings(max_examples=40)
@given(photos, masks)
def test_filling_keeps_what_is_known_and_stays_within_its_range(photo, hole):
    filled = c.fill(photo, hole)
    np.testing.assert_array_equal(filled[~hole], photo[~hole])
    if hole.any() and not hole.all():
        known = photo[~hole].astype(float)
        assert (filled[hole] >= known.min(axis=0) - 0.01).all()
        assert (filled[hole] <= known.max(axis=0) + 0.01).all()


def test_a_hole_in_one_colour_takes_that_colour() -> None:
    photo = np.full((SIDE, SIDE, 3), (10, 200, 90), np.uint8)
    hole = square(8, 4, 20)
    photo[hole] = 255
    np.testing.assert_allclose(
        c.fill(photo, hole), np.full((SIDE, SIDE, 3), (10, 200, 90)), atol=0.01
    )


def test_a_hole_between_two_colours_goes_from_one_to_the_other() -> None:
    photo = np.zeros((SIDE, SIDE, 3), np.uint8)
    photo[:, 16:] = 200
    row = c.fill(photo, square(0, 12, 8) | square(8, 12, 8) | square(16, 12, 16))[16, :, 0]
    assert (np.diff(row) >= -1).all()
    assert 60 < row[16] < 140


def test_where_nothing_is_known_the_filling_is_mid_grey() -> None:
    photo = np.zeros((SIDE, SIDE, 3), np.uint8)
    assert (c.fill(photo, np.ones((SIDE, SIDE), bool)) == 127.5).all()


def test_growing_and_shrinking_move_the_border_by_as_much() -> None:
    mask = square(10, 10, 10)
    assert c.grown(mask, 3).any(axis=0).sum() == 16
    assert c.grown(mask, -3).sum() == 16
    assert c.grown(mask, 0) is mask


def test_a_mask_that_touches_the_border_does_not_shrink_from_it() -> None:
    np.testing.assert_array_equal(c.grown(square(0, 0, 10), -3), square(0, 0, 7))


def test_pasting_keeps_the_flower_and_takes_the_rest_from_behind() -> None:
    photo = np.full((SIDE, SIDE, 3), 200, np.uint8)
    flower = square(8, 8, 16)
    pasted = c.paste(photo, c.feathered(flower), np.zeros((SIDE, SIDE, 3), np.float32))
    assert (pasted[12:20, 12:20] == 200).all()
    assert (pasted[:4] == 0).all()


def trimap(flower: np.ndarray, unknown: np.ndarray | None = None) -> np.ndarray:
    found = np.where(flower, 255, 0).astype(np.uint8)
    found[np.zeros_like(flower) if unknown is None else unknown] = 128
    return found


def test_a_split_keeps_the_foreground_and_fills_it_in_behind() -> None:
    flower = square(10, 10, 10)
    photo = np.full((SIDE, SIDE, 3), 40, np.uint8)
    photo[flower] = 250
    parts, why = c.split_foreground(photo, trimap(flower))
    assert parts is not None and not why
    assert (parts.opacity[14:16, 14:16] > 0.99).all()
    np.testing.assert_allclose(parts.removed, 40, atol=0.01)


def test_unknown_pixels_are_neither_foreground_nor_background() -> None:
    rim = c.grown(square(10, 10, 10), 4) & ~square(10, 10, 10)
    parts, _ = c.split_foreground(
        np.zeros((SIDE, SIDE, 3), np.uint8), trimap(square(10, 10, 10), rim)
    )
    assert parts is not None
    assert not parts.off[rim].any() and (parts.opacity[7, 7:23] < 0.01).all()


@pytest.mark.parametrize(
    ("given_trimap", "least", "why"),
    [
        (np.full((SIDE, SIDE), 128, np.uint8), 0, "no mask"),
        (trimap(square(0, 0, 0)), 0, "no flower in the mask"),
        (trimap(square(0, 0, SIDE)), 0, "no background in the mask"),
        (trimap(square(0, 0, 28)), c.ENOUGH, "too little background in the mask"),
    ],
)
def test_what_cannot_be_split_says_why(given_trimap, least, why) -> None:
    photo = np.zeros((SIDE, SIDE, 3), np.uint8)
    assert c.split_foreground(photo, given_trimap, least=least) == (None, why)


def test_the_hottest_region_is_of_the_share_asked_for_and_where_it_may_be() -> None:
    heat = np.arange(SIDE * SIDE, dtype=np.float32).reshape(SIDE, SIDE)
    allowed = ~square(24, 0, 8)
    (region,) = c.hottest(heat, allowed, (0.05,))
    assert region.sum() == round(0.05 * SIDE * SIDE)
    assert not (region & ~allowed).any()
    assert heat[region].min() > heat[allowed & ~region].max()


def test_what_is_not_hot_is_not_in_the_hottest_region() -> None:
    heat = np.zeros((SIDE, SIDE), np.float32)
    assert not c.hottest(heat, np.ones((SIDE, SIDE), bool), (0.1,))[0].any()
    heat[3, 3] = 1
    assert c.hottest(heat, np.ones((SIDE, SIDE), bool), (0.1,))[0].sum() == 1


def test_two_heatmaps_count_alike_whatever_their_units() -> None:
    one, two = np.zeros((2, SIDE, SIDE), np.float32)
    one[0, 0], two[1, 1] = 1000, 0.001
    assert c.together(one, two).max() == c.together(one, two)[1, 1] == 1


def test_controls_of_a_corner_are_the_other_corners() -> None:
    corner, everywhere = square(0, 0, 8), np.ones((SIDE, SIDE), bool)
    found = c.controls(corner, everywhere)
    corners = [square(0, 24, 8), square(24, 0, 8), square(24, 24, 8)]
    assert len(found) == 3
    assert all(any((f == k).all() for k in corners) for f in found)


def test_controls_keep_off_the_flower() -> None:
    found = c.controls(square(0, 0, 8), ~square(24, 24, 8))
    assert len(found) == 2
    assert not any((f & square(24, 24, 8)).any() for f in found)


def test_a_region_in_the_middle_has_no_control() -> None:
    assert c.controls(square(12, 12, 8), np.ones((SIDE, SIDE), bool)) == []


@settings(max_examples=30)
@given(masks, masks)
def test_controls_lie_on_the_background_and_mostly_off_the_region(region, allowed):
    for control in c.controls(region, allowed):
        assert not (control & ~allowed).any()
        assert (control & region).sum() <= 0.25 * region.sum()


@pytest.mark.parametrize(("across", "flower", "count"), [(4, 0, 16), (4, 16, 12), (2, 32, 0)])
def test_tiles_cover_the_background(across, flower, count) -> None:
    allowed = ~square(8, 8, flower) if flower < SIDE else np.zeros((SIDE, SIDE), bool)
    tiles = c.windows(allowed, across, 99)
    assert len(tiles) == count
    if flower == 0:
        assert (np.sum(tiles, axis=0) == 1).all()


def test_an_image_smaller_than_the_grid_has_a_tile_for_each_pixel() -> None:
    assert len(c.windows(np.ones((3, 2), bool), 4, 99)) == 6


def test_the_scan_is_hottest_where_filling_cost_most() -> None:
    tiles = c.windows(np.ones((SIDE, SIDE), bool), 4, 16)
    lost = np.zeros(16)
    lost[5] = 2.0  # second row, second column
    heat = c.scan_map(tiles, lost, 4)
    assert np.unravel_index(heat.argmax(), heat.shape) in {
        (y, x) for y in range(8, 16) for x in range(8, 16)
    }


def test_of_many_tiles_the_fullest_are_kept() -> None:
    tiles = c.windows(~square(8, 8, 12), 4, 11)
    assert len(tiles) == 11
    assert all(tile.sum() == 64 for tile in tiles)
