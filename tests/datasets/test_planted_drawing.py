"""How planted images are drawn: layers, petals, masks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from audit.datasets.dataset import BACKGROUND, FOREGROUND
from audit.datasets.planted.blossoms import plant_paint
from audit.datasets.planted.canvas import Pen, blank, fractal, over, ramp, stamp, stream
from audit.datasets.planted.petals import MARGIN, Paint, Shape, petal
from audit.datasets.planted.photo import Subject, draw_scene
from audit.datasets.planted.scenes import SCENES
from audit.datasets.planted.shortcuts import draw_tag
from audit.datasets.planted.species import SPECIES

HALF_RED = np.array([0.5, 0, 0, 0.5], dtype=np.float32)


def test_over_mixes_by_cover() -> None:
    layer = np.tile(HALF_RED, (2, 2, 1))
    behind = np.full((2, 2, 3), 0.4, dtype=np.float32)
    np.testing.assert_allclose(over(layer, behind)[0, 0], [0.7, 0.2, 0.2], atol=1e-6)


def test_stamp_moves_the_sprite_and_leaves_the_rest() -> None:
    layer = blank(8)
    shift = np.array([[1, 0, 3], [0, 1, 5]], dtype=np.float32)
    stamp(layer, np.tile(HALF_RED, (2, 2, 1)), shift)
    expected = blank(8)
    expected[5:7, 3:5] = HALF_RED
    np.testing.assert_allclose(layer, expected, atol=1e-6)


def test_stamp_beyond_the_edge_is_cut_off() -> None:
    layer = blank(4)
    outside = np.array([[1, 0, 50], [0, 1, 0]], dtype=np.float32)
    stamp(layer, np.tile(HALF_RED, (2, 2, 1)), outside)
    assert not layer.any()


def test_strokes_laid_on_a_layer_are_those_of_the_sprite_over_it() -> None:
    pen, layer = Pen(40, 40), np.full((40, 40, 4), 0.5, np.float32)
    pen.line([(5, 30), (12, 8)], (0.9, 0.1, 0.2), 3)
    expected = over(pen.sprite(), layer)
    pen.lay_on(layer)
    np.testing.assert_array_equal(layer, expected)


def test_stamp_darkens_what_lies_in_its_shadow() -> None:
    layer = np.ones((4, 4, 4), dtype=np.float32)
    stamp(layer, blank(4), np.eye(2, 3, dtype=np.float32), np.full((4, 4), 0.25, np.float32))
    np.testing.assert_allclose(layer[1, 1], [0.75, 0.75, 0.75, 1], atol=1e-6)


def test_ramp_hits_its_stops() -> None:
    colours = ((0.0, 0.0, 0.0), (1.0, 0.5, 0.0), (0.0, 0.0, 1.0))
    got = ramp(np.array([-1, 0.25, 0.5, 2], dtype=np.float32), colours)
    np.testing.assert_allclose(got, [[0, 0, 0], [0.5, 0.25, 0], [1, 0.5, 0], [0, 0, 1]], atol=0.005)


def test_pen_premultiplies() -> None:
    pen = Pen(21, 21)
    pen.dot((10, 10), 5, (1.0, 0.5, 0.0))
    sprite = pen.sprite()
    np.testing.assert_allclose(sprite[10, 10], [1, 128 / 255, 0, 1], atol=0.01)
    assert not sprite[0, 0].any()
    assert (sprite[..., :3] <= sprite[..., 3:] + 1e-6).all()


def test_fractal_is_the_same_for_the_same_stream() -> None:
    one, two, other = (fractal(stream(key), 32) for key in ("a", "a", "b"))
    np.testing.assert_array_equal(one, two)
    assert np.abs(one - other).max() > 0.05


def test_a_notched_petal_is_short_along_its_middle() -> None:
    plain = Shape(0.6, 0.9, 0.2, bend=0.0)
    paint = Paint(((0.5, 0.5, 0.5), (0.9, 0.9, 0.9)))
    whole, cut = (
        petal(shape, paint, 80, stream("petal")).cover
        for shape in (plain, replace(plain, notch=0.3))
    )
    middle = whole.shape[1] // 2
    assert whole[:, middle].sum() - cut[:, middle].sum() == pytest.approx(24, abs=4)
    assert whole[: MARGIN - 1].max() == 0


@pytest.mark.parametrize("pair", [("daisy", "cosmos"), ("petunia", "periwinkle")])
def test_rivals_share_their_palettes(pair: tuple[str, str]) -> None:
    one, two = ({p.along for p in s.paints} for s in SPECIES if s.name in pair)
    assert one == two
    assert len(one) >= 2


def test_plants_of_a_species_differ_in_colour() -> None:
    paints = {plant_paint(SPECIES[0], stream(k)).along for k in range(4)}
    assert len(paints) == 4


@pytest.mark.parametrize("weak", [0.0, 1.0])
@pytest.mark.parametrize("species", range(len(SPECIES)))
def test_the_mask_is_where_the_blossom_changes_the_picture(species: int, weak: float) -> None:
    scene = draw_scene(Subject("mask", species, weak, 96))
    bare = replace(scene, blossom=np.zeros_like(scene.blossom))
    differs = (scene.photo() != bare.photo()).any(axis=2)
    trimap = scene.trimap()
    assert not differs[trimap == BACKGROUND].any()
    assert differs[trimap == FOREGROUND].mean() > 0.97


def test_leaves_in_front_are_not_part_of_the_mask() -> None:
    scenes = (draw_scene(Subject(str(k), 0, 1.0, 96)) for k in range(20))
    scene = next(s for s in scenes if (s.front[..., 3] > 0.99).sum() > 50)
    assert not (scene.trimap() == FOREGROUND)[scene.front[..., 3] > 0.99].any()


def test_a_weak_flower_is_smaller_and_duller() -> None:
    well, weak = (draw_scene(Subject("same", 5, w, 96)) for w in (0.0, 1.0))
    areas = [(s.trimap() == FOREGROUND).mean() for s in (well, weak)]
    spreads = [np.ptp(s.photo()[s.trimap() == FOREGROUND], axis=1).mean() for s in (well, weak)]
    assert areas[1] < 0.7 * areas[0]
    assert spreads[1] < 0.7 * spreads[0]


def test_the_tag_takes_the_corner_that_is_free() -> None:
    blossom = np.ones((64, 64), dtype=np.float32)
    blossom[40:, :24] = 0
    cover = draw_tag(64, blossom, stream("tag"))[..., 3]
    assert cover[32:, :32].sum() > 0.95 * cover.sum() > 100


@pytest.mark.parametrize("scene", sorted({s.__name__ for s in SCENES}))
def test_backdrops_are_opaque_pictures_with_some_structure(scene: str) -> None:
    draw = next(s for s in SCENES if s.__name__ == scene)
    picture = draw(64, stream(scene))
    assert picture.shape == (64, 64, 3)
    assert np.isfinite(picture).all()
    assert 0.01 < picture.std() < 0.4
