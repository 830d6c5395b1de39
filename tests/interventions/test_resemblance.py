"""Resemblance on drawn images: a blossom that the mask leaves out, and a tag that nobody grew."""

from __future__ import annotations

import math

import numpy as np
import pytest

from audit.interventions.resemblance import colour_resemblance, feature_resemblance, resemblance

SIDE = 64
FLOWER, SECOND = (slice(20, 44), slice(4, 28)), (slice(20, 36), slice(44, 60))
TAG = (slice(2, 12), slice(50, 60))
GREEN, YELLOW, BLACK = (40, 120, 50), (230, 200, 40), (15, 15, 15)


def part(place):
    mask = np.zeros((SIDE, SIDE), bool)
    mask[place] = True
    return mask


@pytest.fixture
def scene():
    """Two yellow blossoms and a black tag on green, with noise."""
    image = np.full((SIDE, SIDE, 3), GREEN, np.float64)
    image[FLOWER], image[SECOND], image[TAG] = YELLOW, YELLOW, BLACK
    noise = np.random.default_rng(0).normal(0, 6, image.shape)
    return np.clip(image + noise, 0, 255).astype(np.uint8)


def features_of(image):
    """Mean colours of cells of 8 pixels: a map ``(8, 8, 3)``."""
    return image.reshape(8, 8, 8, 8, 3).mean(axis=(1, 3)).astype(np.float32)


def rest(region):
    return ~part(FLOWER) & ~region


@pytest.mark.parametrize(("place", "low", "high"), [(SECOND, 0.9, 1), (TAG, 0, 0.6)])
def test_a_second_blossom_has_the_colours_of_the_first_and_a_tag_has_not(scene, place, low, high):
    region = part(place)
    assert low <= colour_resemblance(scene, part(FLOWER), rest(region), region) <= high


def test_a_colour_that_neither_side_has_says_nothing(scene):
    region = part(TAG)
    found = colour_resemblance(scene, part(FLOWER), rest(region), region)
    assert found == pytest.approx(0.5, abs=0.01)


def test_more_background_of_the_same_kind_is_like_the_background(scene):
    region = part((slice(50, 62), slice(4, 16)))
    assert resemblance(scene, features_of(scene), part(FLOWER), rest(region), region) < 0.1


def test_features_lie_between_those_of_background_and_foreground(scene):
    features = np.zeros((8, 8, 2), np.float32)
    features[:, :4], features[:, 6:] = (1, 0), (0.25, 3)
    left, middle, right = (part((slice(None), slice(*edges))) for edges in
                           ((0, 32), (32, 48), (48, 64)))  # fmt: skip
    assert feature_resemblance(features, left, middle, right) == pytest.approx(0.25)
    assert feature_resemblance(features, left, middle, left) == pytest.approx(1)
    assert feature_resemblance(features, left, middle, middle) == pytest.approx(0)


def test_features_beyond_either_side_count_as_that_side(scene):
    features = np.repeat(np.arange(8, dtype=np.float32)[None, :, None], 8, axis=0)
    near, far = part((slice(None), slice(16, 24))), part((slice(None), slice(32, 40)))
    assert feature_resemblance(features, near, far, part((slice(None), slice(0, 8)))) == 1
    assert feature_resemblance(features, near, far, part((slice(None), slice(56, 64)))) == 0


def test_a_blossom_left_out_resembles_more_than_half_and_a_tag_less(scene):
    features = features_of(scene)
    found = [
        resemblance(scene, features, part(FLOWER), rest(part(place)), part(place))
        for place in (SECOND, TAG)
    ]
    assert found[0] > 0.8 and found[1] < 0.5


def test_without_a_feature_map_colours_alone_tell(scene):
    region = part(SECOND)
    parts = part(FLOWER), rest(region), region
    assert resemblance(scene, None, *parts) == colour_resemblance(scene, *parts)


def test_features_that_tell_the_sides_apart_by_nothing_are_left_out(scene):
    region = part(SECOND)
    parts = part(FLOWER), rest(region), region
    flat = np.ones((8, 8, 3), np.float32)
    assert math.isnan(feature_resemblance(flat, *parts))
    assert resemblance(scene, flat, *parts) == colour_resemblance(scene, *parts)


def test_an_empty_part_leaves_resemblance_undefined(scene):
    nothing, region = np.zeros((SIDE, SIDE), bool), part(SECOND)
    features = features_of(scene)
    assert math.isnan(resemblance(scene, features, nothing, rest(region), region))
    assert math.isnan(resemblance(scene, features, part(FLOWER), nothing, region))
    assert math.isnan(resemblance(scene, features, part(FLOWER), rest(nothing), nothing))
