"""Overlays and outlines on worked arrays."""

import io

import numpy as np
from drawnruns import draw, heatmaps
from PIL import Image

from audit.report.pictures import PANEL, colour_bar, encode, ig_overlay, outline, overlay, strip
from audit.runfolder import Maps

NOWHERE, NOBODY = np.zeros((1, 1), bool), np.zeros(0, np.int16)
GREY = np.full((64, 64, 3), 100, np.uint8)


def spot(value: float = 1.0) -> np.ndarray:
    heat = np.zeros((64, 64), np.float32)
    heat[8:16, 40:56] = value
    return heat


def test_only_positive_relevance_is_coloured():
    bare = overlay(GREY, np.zeros((64, 64), np.float32))
    assert (overlay(GREY, -spot()) == bare).all()
    assert ((overlay(GREY, spot()) != bare).any(axis=2) == (spot() > 0)).all()


def test_units_of_the_heatmap_do_not_matter():
    ramp = np.linspace(-1, 1, 64 * 64, dtype=np.float32).reshape(64, 64)
    assert (overlay(GREY, ramp) == overlay(GREY, ramp * 1e-6)).all()


def test_undefined_relevance_stays_bare():
    heat = spot()
    heat[40:] = np.nan
    assert (overlay(GREY, heat) == overlay(GREY, spot())).all()


def test_more_relevance_is_brighter():
    light = colour_bar(256, 4)[0].astype(int) @ [299, 587, 114]
    assert light[-1] > light[128] > light[64]


def test_one_spike_does_not_darken_integrated_gradients():
    heat = spot()
    heat[60, 5] = 1000
    bare = overlay(GREY, np.zeros((64, 64), np.float32))
    difference = np.abs(ig_overlay(GREY, heat).astype(int) - bare).sum(axis=2)
    assert difference[8:16, 42:54].min() > 100


def test_outline_keeps_the_flower_dims_the_rest_and_marks_the_border():
    trimap = np.zeros((64, 64), np.uint8)
    trimap[20:44, 20:44] = 255
    drawn = outline(GREY, trimap)
    assert (drawn[30, 30] == 100).all()
    assert (drawn[2, 2] < 100).all()
    assert drawn[20, 32].min() > 200


def test_unknown_is_hatched():
    trimap = np.zeros((64, 64), np.uint8)
    trimap[:, 32:] = 128
    drawn = outline(GREY, trimap)
    assert len(np.unique(drawn[:, 32:, 0])) > 1
    assert len(np.unique(drawn[:, :30, 0])) == 1


def test_all_panels_of_a_strip_share_the_photos_geometry():
    image = np.zeros((64, 96, 3), np.uint8)
    image[:32, 48:] = 255
    heat = np.zeros((64, 96), np.float32)
    heat[:32, 48:] = 1
    trimap = (heat * 255).astype(np.uint8)
    maps = Maps("x", image, trimap, heat.astype(np.float16), heat, NOWHERE, NOBODY)
    panels = np.split(strip(maps), 4, axis=1)
    assert all(panel.shape == (PANEL, PANEL, 3) for panel in panels)
    for panel in panels:
        quarter = panel[10 : PANEL // 2 - 10, PANEL // 2 + 10 : -10].astype(int).sum(axis=2)
        rest = panel[PANEL // 2 + 10 :].astype(int).sum(axis=2)
        assert quarter.min() > rest.max()


def test_a_strip_is_small():
    random = np.random.default_rng(0)
    image, trimap = draw(224, 3, random)
    cam, ig = heatmaps(trimap, True, random)
    data = encode(strip(Maps("x", image, trimap, cam, ig, NOWHERE, NOBODY)))
    assert Image.open(io.BytesIO(data)).size == (4 * PANEL, PANEL)
    assert len(data) < 16_000
