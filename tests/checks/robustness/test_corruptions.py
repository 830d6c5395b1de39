"""Corruptions: worked pixels, where they leave masks, and the way back."""

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from audit.checks.robustness.corruptions import CORRUPTIONS, SEVERITIES, corrupt, map_back

kinds = st.sampled_from(list(CORRUPTIONS))
severities = st.sampled_from(SEVERITIES)
names = st.text(max_size=8)
sides = st.integers(24, 48)


def photo(height=48, width=48, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def disc(side=64, radius=14, off=(0, 0)):
    y, x = np.mgrid[:side, :side] - (side - 1) / 2
    return (x - off[0]) ** 2 + (y - off[1]) ** 2 <= radius**2


def centre(mask):
    return np.argwhere(mask).mean(axis=0)[::-1] - (mask.shape[0] - 1) / 2


@settings(max_examples=60, deadline=None)
@given(kinds, severities, names, sides, sides)
def test_any_image_keeps_its_shape_and_is_not_written_to(key, severity, name, height, width):
    image = photo(height, width)
    before = image.copy()
    made = corrupt(image, key, severity, name)
    assert made.shape == image.shape and made.dtype == np.uint8
    np.testing.assert_array_equal(image, before)


@settings(max_examples=40, deadline=None)
@given(kinds, severities, names)
def test_the_name_alone_seeds_in_any_order(key, severity, name):
    first = corrupt(photo(), key, severity, name)
    for other in ("x", "y"):
        corrupt(photo(), key, severity, other)
    np.testing.assert_array_equal(corrupt(photo(), key, severity, name), first)


@pytest.mark.parametrize("key", ["gaussian_noise", "motion_blur", "translation", "occlusion"])
def test_other_names_draw_otherwise(key):
    assert (corrupt(photo(), key, 3, "a.jpg") != corrupt(photo(), key, 3, "b.jpg")).any()


def test_noise_is_the_same_on_every_machine():
    grey = np.full((2, 2, 3), 128, np.uint8)
    expected = [[[131, 153, 113], [115, 89, 127]], [[130, 150, 139], [100, 140, 114]]]
    assert corrupt(grey, "gaussian_noise", 1, "image_00001.jpg").tolist() == expected


@pytest.mark.parametrize("key", CORRUPTIONS)
def test_higher_severities_change_more(key):
    y, x = np.mgrid[:96, :96]
    checks = 120 + 60 * ((x // 12 + y // 16) % 2)
    image = np.stack([x * 2, y * 2, checks], -1).astype(np.uint8)
    far = [np.abs(corrupt(image, key, s, "a").astype(float) - image).mean() for s in SEVERITIES]
    assert far == sorted(far) and far[0] > 0


def test_brightness_adds_to_the_value_and_keeps_the_hue():
    image = np.array([[[100, 50, 0], [0, 0, 0], [250, 125, 5]]], np.uint8)
    # Value 100 + 0.2 * 255 = 151; black turns grey; 250 is cut at 255.
    worked = [[151, 75.5, 0], [51, 51, 51], [255, 127.5, 5.1]]
    np.testing.assert_allclose(corrupt(image, "brightness", 2, "")[0], worked, atol=0.5)


def test_contrast_draws_towards_the_mean():
    image = np.zeros((1, 2, 3), np.uint8)
    image[0, 1] = 200
    # Mean 100, of the distance 0.4 is kept.
    assert corrupt(image, "contrast", 1, "")[0].tolist() == [[60] * 3, [140] * 3]


def test_noise_has_the_published_deviation():
    grey = np.full((200, 200, 3), 128, np.uint8)
    assert corrupt(grey, "gaussian_noise", 2, "a").std() == pytest.approx(0.12 * 255, rel=0.02)


def test_blur_is_scaled_to_the_image():
    def width(side, severity):
        point = np.zeros((side, side, 3), np.uint8)
        point[side // 2 - 4 : side // 2 + 4] = 255
        blurred = corrupt(point, "gaussian_blur", severity, "a")[:, 0, 0].astype(float)
        along = np.arange(side)
        middle = np.average(along, weights=blurred)
        # The variance of a bar of 8 pixels is 63 / 12.
        return np.sqrt(np.average((along - middle) ** 2, weights=blurred) - 63 / 12)

    assert width(224, 3) == pytest.approx(3, rel=0.1)
    assert width(448, 3) == pytest.approx(6, rel=0.1)


@pytest.mark.parametrize("severity", SEVERITIES)
def test_motion_blur_moves_nothing_and_keeps_the_light(severity):
    image = np.where(disc(96, 10)[..., None], 255, 0).astype(np.uint8).repeat(3, 2)
    blurred = corrupt(image, "motion_blur", severity, "a")[..., 0].astype(float)
    assert blurred.sum() == pytest.approx(image[..., 0].sum(), rel=0.02)
    y, x = np.mgrid[:96, :96]
    middle = np.average(y, weights=blurred), np.average(x, weights=blurred)
    assert middle == pytest.approx((47.5, 47.5), abs=0.3)


def test_jpeg_is_pillows_at_the_published_quality():
    buffer = io.BytesIO()
    Image.fromarray(photo()).save(buffer, "JPEG", quality=7)
    np.testing.assert_array_equal(corrupt(photo(), "jpeg", 5, "a"), np.asarray(Image.open(buffer)))


def carried_to(mask, key, severity, name):
    """Where a mask's pixels lie in the corrupted image."""
    image = np.where(mask[..., None], 255, 0).astype(np.uint8).repeat(3, 2)
    return corrupt(image, key, severity, name)[..., 0] > 127


@pytest.mark.parametrize(("severity", "share"), [(1, 0.05), (5, 0.4)])
def test_a_square_hides_its_share_and_larger_ones_hold_the_smaller(severity, share):
    black = np.zeros((100, 100, 3), np.uint8)
    hidden, largest = (
        (corrupt(black, "occlusion", level, "a") == 127).all(axis=2) for level in (severity, 5)
    )
    assert hidden.mean() == pytest.approx(share, abs=0.01)
    assert not (hidden & ~largest).any()
    _, seen = map_back(black[..., 0].astype(np.float32), "occlusion", severity, "a")
    np.testing.assert_array_equal(seen, ~hidden)


def test_zoom_doubles_about_the_centre():
    mask = disc(64, 7, off=(4, 0))
    carried = carried_to(mask, "zoom", 5, "a")
    assert carried.sum() == pytest.approx(4 * mask.sum(), rel=0.02)
    assert centre(carried) == pytest.approx((8, 0), abs=0.6)


def test_a_shift_leaves_what_comes_in_unknown():
    _, seen = map_back(np.ones((100, 100), np.float32), "translation", 5, "a")
    rows, columns = (int(seen.any(axis=k).sum()) for k in (1, 0))
    assert (100 - rows) ** 2 + (100 - columns) ** 2 == pytest.approx(30**2, rel=0.1)
    assert seen.sum() == rows * columns


def test_a_turn_keeps_distances_and_its_angle_is_the_published_one():
    carried = centre(carried_to(disc(64, 5, off=(20, 0)), "rotation", 4, "a"))
    assert np.hypot(*carried) == pytest.approx(20, abs=0.6)
    assert abs(np.degrees(np.arctan2(carried[1], carried[0]))) == pytest.approx(30, abs=2)


@pytest.mark.parametrize("key", [k for k, c in CORRUPTIONS.items() if not c.moves])
def test_pixels_stay_where_nothing_moves(key):
    heat = np.random.default_rng(0).normal(size=(64, 64)).astype(np.float32)
    back, seen = map_back(heat, key, 3, "a")
    np.testing.assert_array_equal(back[seen], heat[seen])
    assert (key == "occlusion") == (not seen.all())


@settings(max_examples=60, deadline=None)
@given(st.sampled_from([k for k, c in CORRUPTIONS.items() if c.moves]), severities, names)
def test_image_and_way_back_go_together(key, severity, name):
    mask = disc(64, 14, off=(3, -2))
    shown = carried_to(mask, key, severity, name)
    back, seen = map_back(shown.astype(np.float32), key, severity, name)
    assert ((back > 0.5) == mask)[seen].mean() > 0.97
    assert (back[~seen] == 0).all()
