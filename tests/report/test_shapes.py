"""Outlines and places on worked masks."""

import re

import numpy as np

from audit.report.shapes import hottest_place, path, shapes
from audit.storage.heatmaps import Maps


def square(side: int = 224) -> np.ndarray:
    mask = np.zeros((side, side), bool)
    mask[40:81, 100:151] = True
    return mask


def corners(d: str) -> list[tuple[int, int]]:
    """Absolute corners of a path of one line."""
    numbers = [int(n) for n in re.findall(r"-?\d+", d)]
    steps = np.array(numbers).reshape(-1, 2)
    return [(int(x), int(y)) for x, y in np.cumsum(steps, axis=0)]


def test_a_rectangle_has_its_four_corners():
    found = corners(path(square()))
    assert sorted(found) == [(100, 40), (100, 80), (150, 40), (150, 80)]


def test_a_hole_is_a_line_of_its_own():
    mask = square()
    mask[50:70, 110:130] = False
    assert path(mask).count("M") == path(mask).count("z") == 2


def test_specks_and_nothing_have_no_outline():
    speck = np.zeros((224, 224), bool)
    speck[5:8, 5:8] = True
    assert path(speck) == path(~np.ones((224, 224), bool)) == ""


def test_a_thin_unknown_border_is_left_out_and_a_wide_one_drawn():
    for width, is_drawn in ((2, False), (20, True)):
        trimap = np.where(square(), 255, 0).astype(np.uint8)
        trimap[81 : 81 + width, 100:151] = 128
        heat = np.ones((7, 7), np.float16)
        nowhere = np.zeros((224, 224), bool)
        image = np.zeros((224, 224, 3), np.uint8)
        maps = Maps("x", image, trimap, heat, heat.astype(np.float32), nowhere, np.zeros(0, int))
        found = shapes(maps)
        assert bool(found.unknown) == is_drawn
        assert found.foreground and not found.region


def test_the_hottest_part_is_where_the_maximum_is():
    heat = np.zeros((56, 56), np.float32)
    heat[2:10, 2:10] = 0.9
    heat[50:54, 50:54] = 1
    assert hottest_place(heat) == "lower right"
    assert hottest_place(-heat) == hottest_place(np.full((4, 4), np.nan)) == ""
