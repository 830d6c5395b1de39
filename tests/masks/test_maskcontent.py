import io

import cv2
import numpy as np
import pytest
from PIL import Image

from audit.masks.content import file_looks_like_mask, looks_like_mask, share_like_masks

RNG = np.random.default_rng(0)
YY, XX = np.mgrid[:64, :64]
DISC = (YY - 32) ** 2 + (XX - 32) ** 2 < 300
PHOTO = RNG.integers(0, 256, (64, 64, 3), np.uint8)


def jpeg(pixels, quality=90):
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=quality)
    return np.asarray(Image.open(buffer))


@pytest.mark.parametrize(
    "mask",
    [
        DISC * np.uint8(255),
        DISC.astype(np.uint8),
        np.where(DISC, 7, XX // 16).astype(np.uint16),
        np.where(DISC[..., None], (255, 0, 0), (0, 0, 128)).astype(np.uint8),
        jpeg(DISC * np.uint8(255)),
    ],
    ids=["0/255", "0/1", "indices", "colours", "JPEG"],
)
def test_masks_have_a_few_flat_levels(mask):
    assert looks_like_mask(mask)


@pytest.mark.parametrize(
    "photo",
    [
        PHOTO,
        PHOTO[..., 0],
        np.clip(XX * 4, 0, 255).astype(np.uint8),
        jpeg(np.clip(30 + PHOTO / 8, 0, 255).astype(np.uint8)),
        np.full((64, 64, 3), 200, np.uint8),
        PHOTO[:3, :3],
    ],
    ids=["noise", "grey", "ramp", "dark JPEG", "one colour", "tiny"],
)
def test_photographs_do_not_look_like_masks(photo):
    assert not looks_like_mask(photo)


def test_what_cannot_be_read_is_no_mask(tmp_path):
    (tmp_path / "x.png").write_bytes(b"text")
    assert not file_looks_like_mask(tmp_path / "x.png")
    assert not file_looks_like_mask(tmp_path / "none.png")


def test_share_is_of_an_even_sample(tmp_path):
    files = [tmp_path / f"{k}.png" for k in range(40)]
    for k, file in enumerate(files):
        Image.fromarray(DISC * np.uint8(255) if k % 4 == 0 else PHOTO).save(file)
    assert share_like_masks(files) == (0.25, 40)
    assert share_like_masks(files, 13)[1] == 13
    assert share_like_masks([]) == (0.0, 0)


@pytest.mark.parametrize("bits", [10, 12])
def test_a_photograph_of_few_bits_in_16_is_no_mask(tmp_path, bits):
    rng = np.random.default_rng(0)
    colours = rng.integers(0, 2**bits, (48, 48, 3)).astype(np.uint16)
    cv2.imwrite(str(tmp_path / "deep.png"), colours)
    assert not file_looks_like_mask(tmp_path / "deep.png")
