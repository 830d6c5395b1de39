import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.models.views import View, draw_views

RNG = np.random.default_rng(0)
IMAGE = RNG.uniform(0, 255, (1, 8, 8, 3)).astype(np.float32)


@st.composite
def views(draw):
    side = draw(st.floats(0.5, 1))
    left, top = (draw(st.floats(0, 1)) * (1 - side) for _ in range(2))
    return View(left, top, side, draw(st.booleans()))


def test_whole_view_is_the_image_itself():
    np.testing.assert_array_equal(View().show(IMAGE), IMAGE)


def test_mirrored_view_by_hand():
    row = np.array([[[1, 2], [3, 4]]], np.float32)[..., None]
    shown = View(mirrored=True).show(row)
    np.testing.assert_array_equal(shown[0, ..., 0], [[2, 1], [4, 3]])


def test_mirror_is_exact_both_ways():
    mirror = View(mirrored=True)
    np.testing.assert_array_equal(mirror.show(IMAGE), IMAGE[:, :, ::-1])
    np.testing.assert_array_equal(mirror.give_back(IMAGE[..., 0]), IMAGE[:, :, ::-1, 0])
    rows, columns = mirror.way_back(8)
    np.testing.assert_array_equal(rows @ IMAGE[0, ..., 0] @ columns.T, IMAGE[0, :, ::-1, 0])


def test_crop_by_hand():
    # At twice the size the right half of 0 1 2 3 is read at 1.75, 2.25, 2.75 and, outermost, 3.
    ramp = np.broadcast_to(np.arange(4, dtype=np.float32)[:, None], (1, 4, 4, 1))  # to the right
    crop = View(left=0.5, top=0.25, side=0.5)
    np.testing.assert_allclose(crop.show(ramp)[0, 0, :, 0], [1.75, 2.25, 2.75, 3])
    mirrored = crop._replace(mirrored=True)
    np.testing.assert_allclose(mirrored.show(ramp)[0, 0, :, 0], [3, 2.75, 2.25, 1.75])


def test_top_moves_down_the_image():
    ramp = np.broadcast_to(np.arange(4, dtype=np.float32)[:, None, None], (1, 4, 4, 1))
    crop = View(top=0.5, side=0.5)
    np.testing.assert_allclose(crop.show(ramp)[0, :, 0, 0], [1.75, 2.25, 2.75, 3])


def test_only_what_was_seen_is_laid_back():
    # The left half of four pixels, mirrored: the view's 10 20 30 40 lie at 1.75 .. 0.25 pixels,
    # so the image's first two pixels, at 0.5 and 1.5, lie half way between two of them.
    _, columns = View(side=0.5, mirrored=True).way_back(4)
    np.testing.assert_allclose(columns @ [10, 20, 30, 40], [35, 15, 0, 0])
    np.testing.assert_allclose(columns.sum(axis=1), [1, 1, 0, 0])


@settings(max_examples=50, deadline=None)
@given(views(), st.integers(2, 12))
def test_giving_back_keeps_the_sum(view, size):
    relevance = np.random.default_rng(size).normal(size=(2, size, size)).astype(np.float32)
    returned = view.give_back(relevance)
    np.testing.assert_allclose(
        returned.sum(axis=(1, 2)), relevance.sum(axis=(1, 2)), rtol=1e-4, atol=1e-4
    )


@settings(max_examples=50, deadline=None)
@given(views(), st.integers(2, 12))
def test_no_pixel_outside_the_view_gets_anything(view, size):
    returned = view.give_back(np.ones((size, size), np.float32))
    middles = (np.arange(size) + 0.5) / size
    apart = 1 / size  # a view's outermost pixel is made of two of the image's
    beyond = (middles < view.left - apart) | (middles > view.left + view.side + apart)
    assert not returned[:, beyond].any()


@settings(max_examples=50, deadline=None)
@given(views(), st.integers(2, 12))
def test_views_invent_no_value(view, size):
    image = np.random.default_rng(size).uniform(10, 20, (1, size, size, 3)).astype(np.float32)
    shown = view.show(image)
    assert shown.min() >= image.min() - 1e-4
    assert shown.max() <= image.max() + 1e-4


def test_first_views_are_the_image_and_its_mirror_image():
    assert draw_views(2, seed=5) == [View(), View(mirrored=True)]


def test_more_views_keep_the_earlier_ones():
    assert draw_views(6, seed=1)[:4] == draw_views(4, seed=1)


def test_seed_decides():
    assert draw_views(4, seed=1) == draw_views(4, seed=1)
    one, other = draw_views(4, seed=1), draw_views(4, seed=2)
    assert one[2] != other[2]
    assert one[3] != other[3]


def test_every_other_view_is_mirrored():
    assert [view.mirrored for view in draw_views(5, seed=0)] == [False, True, False, True, False]


@pytest.mark.parametrize("seed", range(5))
def test_views_stay_within_the_image(seed):
    for view in draw_views(8, seed)[2:]:
        assert 0.85 <= view.side < 1
        assert min(view.left, view.top) >= 0
        assert max(view.left, view.top) + view.side <= 1
