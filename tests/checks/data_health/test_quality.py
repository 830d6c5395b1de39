"""Sharpness and exposure of worked images."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.checks.data_health.quality import SIDE, quality


def grey(level, shape=(SIDE, SIDE)):
    return np.full((*shape, 3), level, np.uint8)


def test_an_even_image_is_all_blur():
    found = quality(grey(77))
    assert (found.sharpness, found.luminance, found.dark, found.bright) == (0, 77, 0, 0)


def test_shares_of_black_and_white_are_counted():
    image = grey(128)
    image[: SIDE // 2] = 5
    image[-SIDE // 4 :] = 250
    found = quality(image)
    assert (found.dark, found.bright) == (0.5, 0.25)
    assert found.luminance == pytest.approx(0.5 * 5 + 0.25 * 128 + 0.25 * 250)


def test_one_step_up_or_down_is_neither_black_nor_white():
    assert (quality(grey(6)).dark, quality(grey(249)).bright) == (0, 0)


def test_sharpness_is_the_variance_of_the_laplacian():
    image = grey(100)
    image[100, 100] = 110  # its Laplacian: -40 there, 10 at its four neighbours
    assert quality(image).sharpness == pytest.approx((40**2 + 4 * 10**2) / SIDE**2, rel=1e-6)


@settings(deadline=None, max_examples=10)
@given(st.integers(0, 1000), st.floats(1, 4))
def test_blur_lowers_sharpness(seed, sigma):
    random = np.random.default_rng(seed)
    image = cv2.GaussianBlur(random.integers(0, 256, (240, 300, 3)).astype(np.uint8), (0, 0), 1)
    blurred = cv2.GaussianBlur(image, (0, 0), sigma)
    assert quality(blurred).sharpness < quality(image).sharpness


@pytest.mark.parametrize("shape", [(1, 1), (1, 5000), (5000, 1), (3, 700)])
def test_images_of_any_shape_are_measured(shape):
    assert quality(grey(9, shape)).luminance == pytest.approx(9)
