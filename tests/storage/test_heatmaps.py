from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mapsdrawn import maps_of

from audit.storage.heatmaps import IG_LEVELS, pack_maps, unpack_maps

RNG = np.random.default_rng(0)


@given(st.integers(0, 10_000))
def test_maps_come_back_within_their_quantisation(seed):
    (back,) = unpack_maps(pack_maps([maps_of(seed)]))
    maps = maps_of(seed)
    np.testing.assert_array_equal(back.trimap, maps.trimap)
    np.testing.assert_array_equal(back.gradcam, maps.gradcam)
    assert np.abs(back.image.astype(int) - maps.image).max() <= 12  # JPEG
    top = np.quantile(np.abs(maps.ig), 0.999)
    np.testing.assert_allclose(back.ig, np.clip(maps.ig, -top, top), atol=0.51 * top / IG_LEVELS)


def test_each_image_of_a_part_gets_its_own_maps():
    given_maps = [maps_of(i, f"{i}.jpg") for i in range(3)]
    back = list(unpack_maps(pack_maps(given_maps)))
    assert [m.name for m in back] == ["0.jpg", "1.jpg", "2.jpg"]
    for found, before in zip(back, given_maps, strict=True):
        np.testing.assert_array_equal(found.gradcam, before.gradcam)
        np.testing.assert_allclose(found.ig, before.ig, atol=0.5)


def test_empty_heatmap_comes_back_empty():
    maps = maps_of()
    flat = replace(maps, gradcam=0 * maps.gradcam, ig=0 * maps.ig)
    (back,) = unpack_maps(pack_maps([flat]))
    assert np.abs(back.ig).max() == np.abs(back.gradcam).max() == 0


def test_heatmaps_of_further_explainers_come_back_without_loss():
    squares = np.kron(RNG.normal(size=(4, 4)), np.ones((4, 4))).astype(np.float32)
    given_maps = [
        replace(maps_of(i, f"{i}.jpg"), further=further)
        for i, further in enumerate(
            [{"lime": squares, "shap": -squares}, {}, {"lime": 2 * squares}, {"lime": 0 * squares}]
        )
    ]
    back = list(unpack_maps(pack_maps(given_maps)))
    for found, before in zip(back, given_maps, strict=True):
        assert list(found.further) == list(before.further)
        for name, heatmap in before.further.items():
            assert found.heatmap(name).dtype == np.float32
            np.testing.assert_array_equal(found.heatmap(name), heatmap)


def test_a_heatmap_of_superpixels_costs_a_few_hundred_bytes():
    squares = np.kron(RNG.normal(size=(8, 8)), np.ones((28, 28))).astype(np.float32)
    plain = [maps_of(i, f"{i}.jpg", 224) for i in range(4)]
    both = [replace(m, further={"lime": squares}) for m in plain]
    sizes = [sum(a.nbytes for a in pack_maps(maps).values()) for maps in (plain, both)]
    assert sizes[1] - sizes[0] < 4 * 1000


def test_heatmaps_are_drawn_at_the_images_size():
    maps = maps_of()
    assert maps.heatmap("gradcam").shape == (16, 16)
    np.testing.assert_array_equal(maps.heatmap("ig"), maps.ig)


def test_sparse_and_undefined_heatmaps_survive_packing():
    ig = np.zeros((40, 40), np.float32)  # more than a thousand pixels, so that 0.1% is one
    ig[0, 0], ig[1, 1] = 5.0, np.nan
    packed = pack_maps([replace(maps_of(size=40), ig=ig)])
    (unpacked,) = unpack_maps(packed)
    assert unpacked.ig[0, 0] == pytest.approx(5.0)
    assert unpacked.ig[1, 1] == 0
