from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from mapsdrawn import maps_of

from audit.storage.heatmaps import IG_LEVELS, MOST_OPTIONAL, kind_of, pack_maps, unpack_maps

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
        replace(maps_of(i, f"{i}.jpg"), optional=optional)
        for i, optional in enumerate(
            [{"lime": squares, "shap": -squares}, {}, {"lime": 2 * squares}, {"lime": 0 * squares}]
        )
    ]
    back = list(unpack_maps(pack_maps(given_maps)))
    for found, before in zip(back, given_maps, strict=True):
        assert list(found.optional) == list(before.optional)
        for name, heatmap in before.optional.items():
            assert found.heatmap(name).dtype == np.float32
            np.testing.assert_array_equal(found.heatmap(name), heatmap)


def test_a_heatmap_of_superpixels_costs_a_few_hundred_bytes():
    squares = np.kron(RNG.normal(size=(8, 8)), np.ones((28, 28))).astype(np.float32)
    plain = [maps_of(i, f"{i}.jpg", 224) for i in range(4)]
    both = [replace(m, optional={"lime": squares}) for m in plain]
    sizes = [sum(a.nbytes for a in pack_maps(maps).values()) for maps in (plain, both)]
    assert sizes[1] - sizes[0] < 4 * 1000


def packed_and_back(heatmap, dense=()):
    packed = pack_maps([replace(maps_of(size=len(heatmap)), optional={"toy": heatmap})], dense)
    assert all(kind_of(name) for name in packed)
    (back,) = unpack_maps(packed)
    return back.optional["toy"]


def off(back, heatmap):
    """How far each value is off, of what `pack_maps` allows it."""
    return np.abs(back - heatmap) / (
        2.0**-10 * np.abs(heatmap) + 2.0**-24 * np.abs(heatmap).max(initial=0) + 1e-45
    )


def test_more_values_than_a_palette_holds_are_kept_dense_and_never_wrapped():
    heatmap = RNG.permutation(300 * 300).reshape(300, 300).astype(np.float32)
    assert off(packed_and_back(heatmap), heatmap).max() <= 1


def test_as_many_values_as_a_palette_holds_come_back_without_loss():
    heatmap = RNG.permutation(256 * 256).reshape(256, 256).astype(np.float32)
    np.testing.assert_array_equal(packed_and_back(heatmap), heatmap)


@given(
    arrays(np.float32, (6, 6), elements=st.floats(width=32, allow_nan=False, allow_infinity=False))
)
def test_dense_heatmaps_come_back_within_a_thousandth_of_each_value(heatmap):
    with np.errstate(under="ignore"):
        back = packed_and_back(heatmap, dense={"toy"})
        assert back.dtype == np.float32
        assert off(back.astype(np.float64), heatmap.astype(np.float64)).max() <= 1


@pytest.mark.parametrize("dense", [(), {"toy"}])
def test_an_undefined_heatmap_of_a_further_explainer_comes_back_undefined(dense):
    assert np.isnan(packed_and_back(np.full((16, 16), np.nan, np.float32), dense)).all()


def test_one_explainer_may_have_both_kinds_in_a_part():
    many = RNG.permutation(300 * 300).reshape(300, 300).astype(np.float32)
    drawn = [many, np.sign(many - 50), many, None, np.sign(many - 9)]
    given_maps = [
        replace(maps_of(0, f"{i}.jpg", 300), optional={} if h is None else {"toy": h, "b": h})
        for i, h in enumerate(drawn)
    ]
    back = list(unpack_maps(pack_maps(given_maps)))
    assert [list(m.optional) for m in back] == [list(m.optional) for m in given_maps]
    for found, heatmap in zip(back, drawn, strict=True):
        assert heatmap is None or off(found.optional["toy"], heatmap).max() <= 1


def test_keys_that_end_like_arrays_are_not_mixed_up():
    keys = ("a", "a_value", "a_where", "where", "rows_places", "ig_scales")
    heatmaps = {key: np.full((16, 16), i, np.float32) for i, key in enumerate(keys)}
    for dense in ((), keys):
        packed = pack_maps([replace(maps_of(), optional=heatmaps)], dense)
        assert all(kind_of(name) for name in packed)
        (back,) = unpack_maps(packed)
        assert {key: heatmap[0, 0] for key, heatmap in back.optional.items()} == {
            key: i for i, key in enumerate(keys)
        }


def test_arrays_of_more_explainers_than_anybody_asks_for_are_refused():
    many = {f"e{i}": np.zeros((16, 16), np.float32) for i in range(MOST_OPTIONAL + 1)}
    packed = pack_maps([replace(maps_of(), optional=many)])
    with pytest.raises(ValueError, match="heatmaps of 33 explainers"):
        next(unpack_maps(packed))


def test_rows_that_two_arrays_claim_are_refused():
    heatmap = np.zeros((16, 16), np.float32)
    packed = pack_maps([replace(maps_of(), optional={"toy": heatmap})])
    both = packed | pack_maps([replace(maps_of(), optional={"toy": heatmap})], {"toy"})
    with pytest.raises(ValueError, match="out of order"):
        list(unpack_maps(both))


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
