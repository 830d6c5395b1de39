import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from audit.core.geometry import place_of, resize_trimap, upsample


def test_upsampling_has_half_pixel_centres():
    # Centres of 4 pixels fall at -0.25, 0.25, 0.75, 1.25 of two: the outer ones repeat the border.
    np.testing.assert_allclose(upsample(np.array([[0.0, 8.0]]), (1, 4)), [[0, 2, 6, 8]])


def test_upsampling_works_on_both_axes():
    rows = upsample(np.array([[0.0, 8.0], [8.0, 16.0]]), (4, 4))
    np.testing.assert_allclose(rows, np.add.outer([0, 2, 6, 8], [0, 2, 6, 8]))


def test_upsampling_takes_height_before_width():
    assert upsample(np.zeros((2, 3)), (4, 9)).shape == (4, 9)


def test_float16_becomes_float32():
    assert upsample(np.ones((2, 2), np.float16), (4, 4)).dtype == np.float32


def test_same_size_changes_nothing():
    heatmap = np.arange(6, dtype=np.float32).reshape(2, 3)
    np.testing.assert_array_equal(upsample(heatmap, (2, 3)), heatmap)


@given(
    arrays(np.float32, (3, 4), elements=st.floats(-100, 100, width=32)),
    st.integers(3, 30),
    st.integers(4, 30),
)
def test_values_stay_within_their_range(heatmap, height, width):
    larger = upsample(heatmap, (height, width))
    assert larger.min() >= heatmap.min() - 1e-4
    assert larger.max() <= heatmap.max() + 1e-4


@given(arrays(np.float32, (3, 4), elements=st.floats(-100, 100, width=32)))
def test_mirrored_heatmap_gives_mirrored_result(heatmap):
    larger = upsample(heatmap, (12, 16))
    mirrored = upsample(heatmap[:, ::-1], (12, 16))
    np.testing.assert_allclose(mirrored, larger[:, ::-1], atol=1e-4)


def test_trimap_keeps_its_three_values():
    trimap = np.random.default_rng(0).choice(np.array([0, 128, 255], np.uint8), (37, 53))
    assert set(np.unique(resize_trimap(trimap, (20, 24)))) <= {0, 128, 255}


def test_trimap_grows_by_whole_pixels():
    grown = resize_trimap(np.array([[0, 255]], np.uint8), (2, 4))
    assert grown.tolist() == [[0, 0, 255, 255]] * 2


def test_trimap_shrinks_from_centres():
    # The centres of 2 pixels fall on the second and the fifth of six.
    small = resize_trimap(np.array([[0, 255, 0, 0, 128, 0]], np.uint8), (1, 2))
    assert small.tolist() == [[255, 128]]


@pytest.mark.parametrize(
    ("rows", "columns", "place"),
    [
        (slice(0, 9), slice(0, 9), "upper left"),
        (slice(21, 30), slice(10, 20), "lower middle"),
        (slice(10, 20), slice(21, 30), "right"),
        (slice(0, 30), slice(0, 30), "centre"),
    ],
)
def test_a_regions_place_in_words(rows, columns, place):
    region = np.zeros((30, 30), bool)
    region[rows, columns] = True
    assert place_of(region) == place
