"""Grey heatmaps, photos and composites on worked arrays."""

import io

import numpy as np
import pytest
from drawnruns import draw, heatmaps
from PIL import Image

from audit.core.edits import EDITS
from audit.explainers.base import seed_of
from audit.interventions.composites import split_foreground
from audit.interventions.edits import Scene, all_edits
from audit.report.behind import Behind
from audit.report.pictures import (
    HEAT,
    PANEL,
    PHOTO,
    composite,
    composites,
    heat,
    levels,
    photo,
)
from audit.report.trials import ALONE, FILLED
from audit.storage.heatmaps import Maps

NOWHERE, NOBODY = np.zeros((1, 1), bool), np.zeros(0, np.int16)


def spot(value: float = 1.0) -> np.ndarray:
    heatmap = np.zeros((64, 64), np.float32)
    heatmap[8:16, 40:56] = value
    return heatmap


def opened(webp: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(webp)).convert("RGB"))


def test_only_positive_relevance_is_light():
    assert (levels(-spot()) == 0).all()
    assert (levels(spot()) == spot() * 255).all()


def test_units_of_the_heatmap_do_not_matter():
    ramp = np.linspace(-1, 1, 64 * 64, dtype=np.float32).reshape(64, 64)
    assert (levels(ramp) == levels(ramp * 1e-6)).all()


def test_undefined_relevance_is_none():
    heatmap = spot()
    heatmap[40:] = np.nan
    assert (levels(heatmap) == levels(spot())).all()


def test_one_spike_does_not_darken_integrated_gradients():
    heatmap = spot()
    heatmap[60, 5] = 1000
    assert levels(heatmap)[8:16, 40:56].max() < 10
    assert levels(heatmap, top=0.99)[8:16, 40:56].min() == 255


def drawn(size: int = 224) -> Maps:
    random = np.random.default_rng(0)
    image, trimap = draw(size, 3, random)
    cam, ig = heatmaps(trimap, True, random)
    region = np.zeros((size, size), bool)
    region[: size // 4, : size // 4] = True
    return Maps("x", image, trimap, cam, ig, region, NOBODY)


def test_the_heatmaps_stand_side_by_side_in_the_photos_geometry():
    image = np.zeros((96, 96, 3), np.uint8)
    corner = np.zeros((96, 96), np.float32)
    corner[:48, 48:] = 1
    trimap = (corner * 255).astype(np.uint8)
    maps = Maps("x", image, trimap, corner.astype(np.float16), corner, NOWHERE, NOBODY)
    both = opened(heat(maps))[..., 0]
    assert both.shape == (HEAT, 2 * HEAT)
    for grey in np.split(both, 2, axis=1):
        assert grey[8:40, 56:-8].min() > 240
        assert grey[56:].max() < 16


def test_a_small_image_is_not_blown_up():
    assert opened(photo(drawn(96))).shape == (96, 96, 3)
    assert opened(photo(drawn(300))).shape == (PHOTO, PHOTO, 3)


def shown(maps: Maps, key: str, donor: int = -1) -> np.ndarray:
    return composite(maps, key, Behind([np.full((224, 224, 3), 90, np.uint8)]), donor, "x.jpg")


def test_composites_stand_side_by_side_smaller_than_the_model_saw_them():
    maps = drawn()
    strip = opened(composites([maps.image, shown(maps, FILLED), shown(maps, ALONE)]))
    assert strip.shape == (PANEL, 3 * PANEL, 3)
    photo, filled, background = np.split(strip.astype(int), 3, axis=1)
    far = np.abs(photo - filled).sum(axis=2)
    assert far[70:, 70:].mean() < 12 < far[:30, :30].max()
    assert np.abs(photo - background).max() > 40


@pytest.mark.parametrize("key", EDITS)
def test_an_edit_is_drawn_as_the_model_was_shown_it(key):
    maps, other = drawn(), np.full((224, 224, 3), 90, np.uint8)
    parts, _ = split_foreground(maps.image, maps.trimap)
    random = np.random.default_rng(seed_of("x.jpg"))
    scene = Scene(maps.image, parts, other.astype(np.float32), Behind([other]).usual, random)
    asked = dict(zip(EDITS, all_edits(scene), strict=True))
    np.testing.assert_allclose(shown(maps, key, donor=0), asked[key], atol=1e-3)


def test_an_image_is_small_on_disk():
    assert len(photo(drawn())) + len(heat(drawn())) < 14_000
