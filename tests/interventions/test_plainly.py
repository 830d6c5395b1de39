"""What is done fast gives what the plain formulas give."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.interventions import composites as c
from audit.interventions import edits as e
from audit.interventions.fills import OTHER_FILLS
from audit.interventions.pool import BackgroundPool

SIDES = st.tuples(st.integers(1, 40), st.integers(1, 40))
CLOSE = {"rtol": 0, "atol": 1e-3}  # grey levels


def drawn(shape, seed=0, **kind):
    return np.random.default_rng(seed).integers(0, 256, (*shape, 3)).astype(**kind)


def the_hole(shape, kind, seed=0):
    hole, (height, width) = np.zeros(shape, bool), shape
    if kind == "everything":
        hole[:] = True
    elif kind == "border":
        hole[: height // 3 + 1] = hole[:, width // 2 :] = True
    elif kind == "specks":
        hole[np.random.default_rng(seed).random(shape) < 0.5] = True
    elif kind == "disc":
        cv2.circle(hole.view(np.uint8), (width // 2, height // 3), height // 3, 1, -1)
    return hole


def filled_plainly(image, hole):
    filled = image.astype(np.float32)
    weighted = np.dstack([filled, np.ones(hole.shape, np.float32)])
    weighted[hole] = 0
    if hole.any():
        filled[hole] = enlarged(means(halved(weighted)), hole.shape)[hole]
    return filled


def means(weighted):
    weight = weighted[..., 3:]
    if max(weight.shape) == 1 or weight.min() > 0:
        return np.where(weight > 0, weighted[..., :3] / np.maximum(weight, 1e-6), 127.5)
    return weighted[..., :3] + (1 - weight) * enlarged(means(halved(weighted)), weight.shape)


def halved(weighted):
    height, width = (max(1, side // 2) for side in weighted.shape[:2])
    return cv2.resize(weighted, (width, height), interpolation=cv2.INTER_AREA)


def enlarged(image, shape):
    return cv2.resize(np.float32(image), shape[1::-1], interpolation=cv2.INTER_LINEAR)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
@pytest.mark.parametrize("kind", ["nothing", "everything", "border", "specks", "disc"])
@settings(max_examples=25)
@given(shape=SIDES, seed=st.integers(0, 99))
def test_fill(kind, dtype, shape, seed):
    image, hole = drawn(shape, seed, dtype=dtype), the_hole(shape, kind, seed)
    np.testing.assert_allclose(c.fill(image, hole), filled_plainly(image, hole), **CLOSE)


def test_fill_of_turned_images_and_holes_leaves_them_as_they_were():
    image, hole = drawn((31, 47), dtype=np.float32), the_hole((31, 47), "disc")
    image.flags.writeable = hole.flags.writeable = False
    turned, before = np.rot90(image), image.copy()
    made = c.fill(turned, np.rot90(hole))
    np.testing.assert_allclose(made, filled_plainly(turned, np.rot90(hole)), **CLOSE)
    np.testing.assert_array_equal(image, before)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
@settings(max_examples=25)
@given(shape=SIDES, seed=st.integers(0, 99))
def test_paste(dtype, shape, seed):
    image, opacity = drawn(shape, seed, dtype=dtype), c.feathered(the_hole(shape, "specks", seed))
    for behind in (drawn(shape, seed + 1, dtype=kind) for kind in (np.uint8, np.float32)):
        alpha, kept = opacity[..., None], behind.copy()
        plainly = alpha * image + (1 - alpha) * behind
        np.testing.assert_allclose(c.paste(image, opacity, behind), plainly, **CLOSE)
        np.testing.assert_array_equal(behind, kept)


def hottest_plainly(heatmap, allowed, share):
    values = np.where(allowed, heatmap, 0)
    count = min(round(share * values.size), int((values > 0).sum()))
    chosen = np.zeros(values.size, dtype=bool)
    if count:
        order = np.argpartition(values, values.size - count, axis=None)
        chosen[order[values.size - count :]] = True
    return chosen.reshape(values.shape)


@pytest.mark.parametrize("levels", [2, 20, 10**6])  # the fewer, the more ties
@settings(max_examples=40)
@given(shape=SIDES, seed=st.integers(0, 99))
def test_hottest(levels, shape, seed):
    random = np.random.default_rng(seed)
    heatmap = random.integers(-levels // 2, levels, shape).astype(np.float32)
    allowed, shares = random.random(shape) < 0.8, (0.03, 0.06, 0.12, 0.9)
    found = c.hottest(heatmap, allowed, shares)
    for region, share in zip(found, shares, strict=True):
        np.testing.assert_array_equal(region, hottest_plainly(heatmap, allowed, share))


@pytest.mark.parametrize("border", [cv2.BORDER_REFLECT, cv2.BORDER_REFLECT_101])
@pytest.mark.parametrize("shape", [(64, 64, 3), (61, 45, 3), (61, 45)])
def test_wide_blurs(shape, border):
    image = np.random.default_rng(0).uniform(0, 255, shape).astype(np.float32)
    plainly = cv2.GaussianBlur(image, (0, 0), 9.3, borderType=border)
    np.testing.assert_allclose(c.widely_blurred(image, 9.3, border), plainly, **CLOSE)


@pytest.mark.parametrize("shape", [(40, 40), (37, 53)])
@pytest.mark.parametrize("kind", ["everything", "border", "disc"])
def test_mirrored_fill(kind, shape):
    image, hole = drawn(shape, dtype=np.float32), the_hole(shape, "disc")
    known = ~the_hole(shape, kind) | hole
    usable, rows, columns = known & ~hole, *np.indices(shape)
    new = filled_plainly(image, ~usable)
    if usable.any():
        y, x = nearest(usable)
        y, x = np.clip(2 * y - rows, 0, shape[0] - 1), np.clip(2 * x - columns, 0, shape[1] - 1)
        new = np.where(usable[y, x][..., None], image[y, x], new)
    weight = np.float32(hole)
    weight = np.minimum(cv2.GaussianBlur(weight, (0, 0), shape[1] / 224), weight)[..., None]
    plainly = weight * new + (1 - weight) * image
    made = OTHER_FILLS["mirrored"](image, hole, known, image)
    np.testing.assert_allclose(made, plainly, **CLOSE)


def nearest(known):
    _, labels = cv2.distanceTransformWithLabels(
        np.uint8(~known), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    places = np.zeros((2, labels.max() + 1), int)
    places[:, labels[known]] = np.nonzero(known)
    return places[:, labels]


def behind_plainly(key, scene):
    own, other = (np.float64(image) for image in (scene.own, scene.other))
    if key == "texture":
        soft, others = (cv2.GaussianBlur(i, (0, 0), scene.pixels(e.DETAIL)) for i in (own, other))
        return soft + other - others
    if key == "colour":
        known = own[scene.parts.off]
        gain = np.clip(scene.usual.deviation / np.maximum(known.std(axis=0), 1), 0.5, 2)
        return (own - known.mean(axis=0)) * gain + scene.usual.mean
    grey = own @ (0.299, 0.587, 0.114)
    if key == "hue":
        return 2 * grey[..., None] - own
    wide = cv2.GaussianBlur(grey, (0, 0), scene.pixels(e.LIGHT))
    return own * (wide.mean() / np.maximum(wide, 8))[..., None]


@pytest.mark.parametrize("key", ["texture", "colour", "hue", "light"])
def test_edits(key, draw):
    image, trimap = draw(1, 3, 96)
    parts, _ = c.split_foreground(image, trimap)
    usual = e.Colours(np.full(3, 120, np.float32), np.full(3, 40, np.float32))
    scene = e.Scene(image, parts, drawn((96, 96), dtype=np.float32), usual, None)
    alpha = np.maximum(c.feathered(~parts.off), ~parts.off)[..., None]
    plainly = alpha * image + (1 - alpha) * np.clip(behind_plainly(key, scene), 0, 255)
    np.testing.assert_allclose(e.edited(key, scene), plainly, **CLOSE)


def test_a_neutral_background():
    backgrounds, logits = drawn((5, 48, 48), dtype=np.uint8), np.zeros((5, 2), np.float32)
    pool = BackgroundPool([*"abcde"], np.zeros(5, int), backgrounds, logits)
    own = drawn((48, 48), 3, dtype=np.float32)
    soft = cv2.GaussianBlur(np.float64(own), (0, 0), 6, borderType=cv2.BORDER_REFLECT)
    plainly = np.clip(soft + backgrounds.mean(axis=(0, 1, 2)) - soft.mean(axis=(0, 1)), 0, 255)
    np.testing.assert_allclose(pool.neutral(own), plainly, **CLOSE)
