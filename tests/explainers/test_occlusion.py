"""Occlusion: log-odds that an answer loses with each tile, and the regions it proposes."""

import numpy as np
import pytest

from audit.core.registries import STAND_IN
from audit.datasets.dataset import BACKGROUND, FOREGROUND, Item
from audit.explainers.occlusion import ACROSS, Occlusion
from audit.interventions.composites import hottest, split_foreground
from audit.interventions.explained import ExplainedImage
from audit.interventions.search import heats
from audit.masks.sample import Sample

SIDE = 4 * ACROSS
TILE = slice(4, 8), slice(20, 24)  # the second from above, the last but one to the right


def tile_reader(images):
    """Log-odds of the first of two classes: the mean red of one tile, a hundredth."""
    red = images[:, TILE[0], TILE[1], 0].mean(axis=(1, 2))
    return np.stack([red / 100, np.zeros(len(images))], axis=1).astype(np.float32)


@pytest.fixture
def image():
    made = np.full((SIDE, SIDE, 3), 40, np.float32)
    made[TILE] = 240
    return made


def test_a_tile_has_what_the_answer_loses_without_it(image):
    heat = Occlusion().explain(tile_reader, image, 0, "a")
    # Of 2.4 log-odds its surroundings leave 0.4; no pixel lies right at a tile's centre.
    assert heat.max() == pytest.approx(2 * 0.875**2, rel=1e-3)
    row, column = np.unravel_index(heat.argmax(), heat.shape)
    assert row in range(4, 8) and column in range(20, 24)
    far = np.ones(heat.shape, bool)
    far[:12, 16:] = False
    assert not heat[far].any()


def test_what_speaks_against_a_class_is_below_0(image):
    of, against = (Occlusion().explain(tile_reader, image, k, "a") for k in (0, 1))
    np.testing.assert_allclose(against, -of, atol=1e-5)


def test_an_answer_that_is_no_number_is_undefined_as_a_whole(image):
    def broken(images):
        return np.where(images[:, 0, 0, :2] == 40, 0, np.nan).astype(np.float32)

    def odd(images):
        found = tile_reader(images)
        found[-1] = np.nan
        return found

    assert np.isfinite(Occlusion().explain(broken, image, 0, "a")).all()
    assert np.isnan(Occlusion().explain(odd, image, 0, "a")).all()


def test_it_proposes_the_part_of_the_background_that_the_answer_hangs_on(image):
    trimap = np.full((SIDE, SIDE), BACKGROUND, np.uint8)
    trimap[14:22, 6:14] = FOREGROUND
    sample = Sample(Item("a", 0, "test"), image.astype(np.uint8), trimap, "manifest", "")
    heat = Occlusion().explain(tile_reader, image, 0, "a")
    nothing = np.full((1, 1), np.nan, np.float32)
    case = ExplainedImage(sample, tile_reader(image[None])[0], nothing, nothing, heat)
    parts, _ = split_foreground(sample.image, sample.trimap)
    proposed = heats(case, parts)
    assert list(proposed) == [STAND_IN]
    (region,) = hottest(proposed[STAND_IN], parts.off, (16 / SIDE**2,))
    assert region[TILE].mean() > 0.7


def test_integrated_gradients_propose_after_it_where_they_are_had(image):
    sample = Sample(
        Item("a", 0, "test"), image.astype(np.uint8), np.zeros((SIDE, SIDE), np.uint8), "", ""
    )
    nothing, heat = np.full((1, 1), np.nan, np.float32), np.ones((SIDE, SIDE), np.float32)
    parts, _ = split_foreground(sample.image, sample.trimap)
    case = ExplainedImage(sample, tile_reader(image[None])[0], nothing, heat, heat)
    assert list(heats(case, parts)) == [STAND_IN, "ig"]
