"""Stamps: each shows, keeps what it must, and looks the same at any size."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from audit.datasets.dataset import BACKGROUND, FOREGROUND, UNKNOWN
from audit.datasets.stamps import FAMILIES, KINDS, STAMPS

COVERING = ("tag", "side", "border", "letterbox")  # laid on whatever is there


def scene(height: int = 224, width: int = 224) -> tuple[np.ndarray, np.ndarray]:
    """A photograph of a bright disc on soft noise, and its trimap with an unknown rim."""
    rng = np.random.default_rng(5)
    noise = cv2.resize(rng.uniform(60, 170, (28, 28, 3)).astype(np.float32), (width, height))
    image, trimap = noise.astype(np.uint8), np.zeros((height, width), np.uint8)
    centre, radius = (width // 2, height // 2), min(height, width) // 5
    cv2.circle(trimap, centre, radius + 3, UNKNOWN, -1)
    cv2.circle(trimap, centre, radius, FOREGROUND, -1)
    image[trimap == FOREGROUND] = (240, 120, 160)
    return image, trimap


def stamped(key: str, seed: int = 0, height: int = 224, width: int = 224) -> np.ndarray:
    return STAMPS[key].draw(*scene(height, width), np.random.default_rng(seed))


def changed(key: str, **more: int) -> np.ndarray:
    plain = scene(*(more.get(side, 224) for side in ("height", "width")))[0]
    return (stamped(key, **more) != plain).any(axis=2)


@pytest.mark.parametrize("key", STAMPS)
def test_a_stamp_shows_and_leaves_the_image_given_alone(key: str) -> None:
    image, trimap = scene()
    held = image.copy()
    made = STAMPS[key].draw(image, trimap, np.random.default_rng(1))
    assert (made.dtype, made.shape) == (np.uint8, image.shape)
    assert (image == held).all()
    assert (made != image).any(axis=2).mean() > 0.01


@pytest.mark.parametrize("key", [k for k in STAMPS if not k.startswith(COVERING)])
def test_a_stamp_of_the_background_keeps_all_else_to_the_pixel(key: str) -> None:
    off = scene()[1] == BACKGROUND
    for seed in range(4):
        assert not changed(key, seed=seed)[~off].any()


@pytest.mark.parametrize("key", [k for k in STAMPS if k.startswith(COVERING[:2])])
def test_a_tag_is_laid_off_the_foreground(key: str) -> None:
    on = scene()[1] == FOREGROUND
    assert not any(changed(key, seed=seed)[on].any() for seed in range(8))


@pytest.mark.parametrize("key", STAMPS)
def test_a_stamp_hangs_on_its_random_numbers_alone(key: str) -> None:
    assert (stamped(key, 3) == stamped(key, 3)).all()
    assert (stamped(key, 3) != stamped(key, 4)).any()


@pytest.mark.parametrize("key", STAMPS)
@pytest.mark.parametrize(("height", "width"), [(96, 96), (160, 240), (448, 336)])
def test_a_stamp_takes_about_the_same_share_at_any_size(key: str, height: int, width: int) -> None:
    share = [changed(key, height=h, width=w).mean() for h, w in ((224, 224), (height, width))]
    assert share[0] / 4 < share[1] < share[0] * 4


def test_stamps_name_their_kinds_in_words_of_verdicts() -> None:
    for key, stamp in STAMPS.items():
        assert stamp.kind and set(stamp.kind) <= set(KINDS), key
    assert {stamp.kind[0] for stamp in STAMPS.values()} >= {*KINDS} - {"scene"}


def test_every_family_has_a_look_to_develop_on_and_one_held_back() -> None:
    assert all(len(looks) >= 2 for looks in FAMILIES.values())
    for looks in FAMILIES.values():
        made = [look.draw(*scene(), np.random.default_rng(0)) for look in looks]
        assert len({picture.tobytes() for picture in made}) == len(looks)


def test_a_foreground_everywhere_leaves_a_stamp_of_the_background_nothing() -> None:
    image, trimap = scene()
    full = np.full_like(trimap, FOREGROUND)
    for key, stamp in STAMPS.items():
        made = stamp.draw(image, full, np.random.default_rng(0))
        assert key.startswith(COVERING) or (made == image).all()


def test_out_of_focus_the_foreground_does_not_bleed_into_the_background() -> None:
    image, trimap = scene()
    image[trimap != BACKGROUND], image[trimap == BACKGROUND] = (255, 0, 0), (20, 120, 40)
    for key in ("defocus", "defocus-2"):
        made = STAMPS[key].draw(image, trimap, np.random.default_rng(0))
        assert np.abs(made.astype(int) - image).max() <= 1
