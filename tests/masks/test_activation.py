"""Masks of subjects that colours do not tell: drawn from where a network responds."""

from contextlib import closing

import numpy as np
import pytest
from maskscenes import overlap, scene
from PIL import Image

from audit.masks.activation import activation
from audit.masks.grabcut import by_colours, grabcut_by
from audit.masks.grabcutpool import GrabCutPool
from audit.masks.masks import doubt


def responses(centre, width, cells=14):
    """A peak at ``centre``, both in shares of the side."""
    y, x = np.mgrid[:cells, :cells] / (cells - 1)
    return np.exp(-((y - centre[0]) ** 2 + (x - centre[1]) ** 2) / width**2).astype(np.float32)


@pytest.fixture(scope="module")
def birds(shared_data):
    """Birds pasted on scenes, as photographs whose colours mislead."""
    files = sorted((shared_data / "waterbirds" / "images").glob("*.jpg"))[::150]
    return [np.asarray(Image.open(file).convert("RGB")) for file in files]


def test_the_outline_follows_colours_near_the_responses():
    image, flower = scene()
    trimap = grabcut_by(image, responses((0.5, 0.5), 0.3))
    known = trimap != 128
    assert overlap(trimap[known] == 255, flower[known]) > 0.95


def test_of_two_subjects_the_one_with_the_responses_is_found():
    image, left = scene(100, 200, centre=(50, 60), radius=25)
    right = scene(100, 200, centre=(50, 140), radius=25)[1]
    image = image.copy()
    image[right] = image[left][: right.sum()]
    trimap = grabcut_by(image, responses((0.5, 0.7), 0.2))
    assert (trimap[right] == 255).mean() > 0.8 and (trimap[left] == 255).mean() < 0.1


def test_more_is_unknown_outside_of_the_outline_than_inside():
    trimap = grabcut_by(scene()[0], responses((0.5, 0.5), 0.3))
    row = trimap[50].tolist()
    outside, inside = row.index(128), row.index(255)
    assert inside - outside >= 4  # and one pixel of them inside


def test_without_any_response_nothing_is_known():
    assert (grabcut_by(scene()[0], np.zeros((14, 14), np.float32)) == 128).all()


def test_responses_lie_between_0_and_1_and_on_the_subject():
    image, flower = scene(448, 448, centre=(150, 300), radius=90)
    found = activation(image)
    assert found.shape == (14, 14) and found.dtype == np.float32
    assert found.min() == 0 and found.max() == 1
    within = flower[16::32, 16::32]
    assert found[within].mean() > 2 * found[~within].mean()


def test_an_image_whose_colours_tell_the_subject_needs_no_network():
    image = scene()[0]
    drawn, sure = by_colours(image)
    assert sure
    with closing(GrabCutPool(0)) as pool:
        np.testing.assert_array_equal(pool.start(image)(), drawn)


def test_few_masks_of_real_birds_are_doubtful_and_workers_change_nothing(birds):
    by_colour = [doubt(by_colours(image)[0]) for image in birds]
    with closing(GrabCutPool(0)) as here, closing(GrabCutPool(2)) as apart:
        made = [here.start(image)() for image in birds]
        others = [job() for job in [apart.start(image) for image in birds]]
    doubted = [doubt(trimap) for trimap in made]
    assert np.mean([d != "" for d in by_colour]) > 0.2  # as they were
    assert np.mean([d != "" for d in doubted]) <= 0.1
    assert all((a == b).all() for a, b in zip(made, others, strict=True))
