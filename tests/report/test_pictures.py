"""Grey heatmaps, photos and composites on worked arrays."""

import io

import numpy as np
from drawnruns import draw, heatmaps
from PIL import Image

from audit.report.pictures import HEAT, PANEL, PHOTO, composites, heat, levels, photo
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


def test_composites_are_four_panels_and_lose_what_is_filled():
    strip = opened(composites(drawn(), None))
    assert strip.shape == (PANEL, 4 * PANEL, 3)
    region, filled, background, elsewhere = np.split(strip.astype(int), 4, axis=1)
    far = np.abs(region - filled).sum(axis=2)
    assert far[70:, 70:].mean() < 12 < np.abs(filled - background).max()
    assert np.ptp(elsewhere[:, 16:]) < 12  # no donor: plain grey


def test_an_image_is_small_on_disk():
    assert len(photo(drawn())) + len(heat(drawn())) < 14_000
