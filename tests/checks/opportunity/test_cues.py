"""What a description of a background holds, and what it must not hold."""

import numpy as np
import pytest
from PIL import Image

from audit.checks.opportunity import cues


@pytest.fixture
def photo():
    """Speckled grey with a red foreground in the middle that reaches the lower border."""
    random = np.random.default_rng(0)
    image = random.integers(90, 150, (60, 80, 3)).astype(np.uint8)
    trimap = np.zeros((60, 80), np.uint8)
    trimap[20:, 30:50] = 255
    image[trimap == 255] = (255, 0, 0)
    return image, trimap


def repainted(image, trimap):
    """The same photograph with a foreground of another colour."""
    return np.where(trimap[..., None] == 255, np.uint8([[[0, 0, 255]]]), image)


@pytest.mark.parametrize("cue", ["border", "colour", "texture"])
def test_what_the_foreground_looks_like_changes_no_cue(photo, cue):
    image, trimap = photo
    whole = trimap if cue == "border" else trimap == 0
    describe = getattr(cues, cue)
    first, second = describe(image, whole), describe(repainted(image, trimap), whole)
    np.testing.assert_array_equal(first, second)


def test_without_a_mask_the_border_is_taken_as_it_is(photo):
    image, trimap = photo
    first, second = cues.border(image, None), cues.border(repainted(image, trimap), None)
    assert not np.array_equal(first, second)


def test_border_cells_hold_the_colours_of_their_side():
    image = np.zeros((40, 64, 3), np.uint8)
    image[:8] = (200, 10, 20)
    cells = cues.border(image, None).reshape(4, cues.CELLS, 3)
    assert cells[0] == pytest.approx(np.tile([200, 10, 20], (cues.CELLS, 1)))
    assert not cells[1].any()


def test_a_cell_behind_the_foreground_is_the_mean_of_those_that_are_seen():
    image = np.full((64, 64, 3), 40, np.uint8)
    trimap = np.zeros((64, 64), np.uint8)
    trimap[:8, :8] = 255
    image[trimap == 255] = 250
    assert cues.border(image, trimap) == pytest.approx(np.full(96, 40))


def test_a_foreground_over_the_whole_border_leaves_nothing_to_see(photo):
    image, _ = photo
    assert cues.border(image, np.full((60, 80), 255, np.uint8)) is None


def test_a_background_thinner_than_a_pattern_has_no_texture(photo):
    image, _ = photo
    off = np.zeros((60, 80), bool)
    off[:3] = True
    assert cues.texture(image, off) is None


def test_shares_of_patterns_add_up_to_one_for_each_radius(photo):
    image, trimap = photo
    found = cues.texture(image, trimap == 0).reshape(len(cues.RADII), -1)
    assert found.sum(axis=1) == pytest.approx(np.ones(len(cues.RADII)))


def test_a_flat_background_has_one_pattern_and_no_spread():
    flat = np.full((40, 40, 3), 99, np.uint8)
    off = np.ones((40, 40), bool)
    assert cues.texture(flat, off).tolist().count(1) == len(cues.RADII)
    assert not cues.colour(flat, off)[3:].any()


@pytest.mark.parametrize("shape", [(1, 1), (3, 500), (2, 2)])
def test_the_smallest_images_have_a_border(shape):
    assert cues.border(np.zeros((*shape, 3), np.uint8), None).shape == (96,)


def test_metadata_tells_formats_sizes_and_cameras_apart(tmp_path, photo):
    image, _ = photo
    exif = Image.Exif()
    exif[0x0110] = "Camera <b>7</b>"
    Image.fromarray(image).save(tmp_path / "a.jpg", exif=exif)
    Image.fromarray(image).save(tmp_path / "b.png")
    found = [cues.metadata(image, tmp_path / name) for name in ("a.jpg", "b.png")]
    assert [m.words[0] for m in found] == ["JPEG", "PNG"]
    assert found[0].words[3] == "Camera <b>7</b>" and found[1].words[3] == ""
    table = cues.as_numbers(found)
    assert table.shape == (2, 9) and table[0, 7] != table[1, 7]


def test_metadata_of_no_file_or_a_torn_one_is_the_size_of_the_image(tmp_path, photo):
    image, _ = photo
    torn = tmp_path / "torn.jpg"
    torn.write_bytes(b"torn")
    alone = cues.Metadata(80, 60)
    assert cues.metadata(image, None) == cues.metadata(image, torn) == alone
    assert cues.metadata(image, tmp_path / "none.jpg") == alone
