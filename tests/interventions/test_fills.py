"""Fills that look like photographs."""

import numpy as np

from audit.interventions.fills import OTHER_FILLS, mirrored, transplanted

SIDE = 40


def stripes():
    image = np.zeros((SIDE, SIDE, 3), np.float32)
    image[:, ::2] = 200
    return image


def a_hole():
    hole = np.zeros((SIDE, SIDE), bool)
    hole[10:20, 10:20] = True
    return hole


EVERYWHERE = np.ones((SIDE, SIDE), bool)


def test_nothing_changes_off_the_hole():
    image, other = stripes(), np.full((SIDE, SIDE, 3), 90, np.float32)
    for fill in OTHER_FILLS.values():
        made = fill(image, a_hole(), EVERYWHERE, other)
        np.testing.assert_array_equal(made[~a_hole()], image[~a_hole()])


def test_a_mirrored_fill_keeps_the_texture_around():
    middle = mirrored(stripes(), a_hole(), EVERYWHERE, stripes())[14:16, 12:18]
    assert middle.std() > 60  # a smooth fill has hardly any left


def test_a_mirrored_fill_takes_nothing_from_the_foreground():
    image, known = np.full((SIDE, SIDE, 3), 80, np.float32), EVERYWHERE.copy()
    image[:, 20:], known[:, 20:] = 255, False  # the foreground touches the hole
    made = mirrored(image, a_hole(), known, image)
    assert made[a_hole()].max() < 90


def test_without_any_background_left_the_fill_is_smooth():
    image = np.full((SIDE, SIDE, 3), 80, np.float32)
    made = mirrored(image, a_hole(), a_hole(), image)
    assert np.isfinite(made).all()


def test_a_transplanted_fill_shows_the_same_place_of_the_other():
    other = np.random.default_rng(0).uniform(0, 255, (SIDE, SIDE, 3)).astype(np.float32)
    made = transplanted(stripes(), a_hole(), EVERYWHERE, other)
    np.testing.assert_allclose(made[14:16, 14:16], other[14:16, 14:16], atol=1)
