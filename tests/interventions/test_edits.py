"""Edits of the background: what each changes, and what it must not."""

from __future__ import annotations

import numpy as np
import pytest

from audit.core.edits import EDITS, KINDS
from audit.interventions.composites import off_foreground, split_foreground
from audit.interventions.edits import Colours, Scene, all_edits, edited

SIDE = 96


@pytest.fixture
def scene(draw):
    image, trimap = draw(1, 3, SIDE)
    parts, _ = split_foreground(image, trimap)
    other = np.random.default_rng(1).uniform(0, 255, (SIDE, SIDE, 3)).astype(np.float32)
    usual = Colours(np.full(3, 120, np.float32), np.full(3, 40, np.float32))

    def of(**changes):
        given = {"image": image, "parts": parts, "other": other, "usual": usual}
        return Scene(**given | changes, random=np.random.default_rng(0))

    of.foreground = trimap == 255
    of.off = off_foreground(trimap)
    return of


@pytest.mark.parametrize("key", [key for key in EDITS if key != "frame_cut"])
def test_every_edit_keeps_the_foreground_and_changes_the_background(scene, key):
    made, before = edited(key, scene()), scene().image.astype(np.float32)
    assert made.shape == before.shape
    assert made.dtype == np.float32
    assert 0 <= made.min() <= made.max() <= 255
    assert np.abs(made - before)[scene.foreground].max() <= 1
    assert np.abs(made - before)[scene.off].mean() > 0.01


def test_all_edits_stand_in_the_order_of_their_names_and_are_the_same_every_time(scene):
    first, second = all_edits(scene()), all_edits(scene())
    assert len(first) == len(EDITS)
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, other)
    assert {about.kind for about in EDITS.values()} < set(KINDS)


def test_usual_colours_have_the_mean_and_deviation_of_the_pool(scene):
    flat = Colours(np.array([90, 120, 150], np.float32), np.full(3, 20, np.float32))
    made = edited("colour", scene(usual=flat))[scene.off]
    np.testing.assert_allclose(made.mean(axis=0), flat.mean, atol=6)
    np.testing.assert_allclose(made.std(axis=0), 20, atol=6)


def test_the_opposite_hue_is_as_bright(scene):
    before, after = scene().image.astype(np.float32), edited("hue", scene())
    weights = (0.299, 0.587, 0.114)
    np.testing.assert_allclose((after @ weights)[scene.off], (before @ weights)[scene.off], atol=12)


def test_a_frame_cut_away_is_gone(scene):
    framed = scene().image.copy()
    framed[:6] = framed[-6:] = framed[:, :6] = framed[:, -6:] = (255, 0, 255)
    made = edited("frame_cut", scene(image=framed))
    magenta = (made[..., 0] > 200) & (made[..., 1] < 60) & (made[..., 2] > 200)
    assert magenta.mean() < 0.01


def test_what_another_background_gives_lies_where_the_edit_says(scene):
    white = np.full((SIDE, SIDE, 3), 255, np.float32)
    made = edited("rows", scene(other=white))
    assert made[:5, :5].mean() > 250
    assert abs(made[SIDE // 2, 2].mean() - scene().image[SIDE // 2, 2].mean()) < 30
