import os

import numpy as np
import pytest
from maskscenes import TRIMAP, save, scene
from PIL import Image

from audit.core.errors import DataError
from audit.datasets.decode import decode
from audit.masks.pixels import read_pixels
from audit.masks.values import read_mask

VOC = [0, 0, 0, 128, 0, 0, 0, 128, 0, 128, 128, 0, 0, 0, 128, 128, 0, 128, 0, 128, 128]


def numbered(file, values, palette):
    image = Image.fromarray(np.array(values, np.uint8), "P")
    image.putpalette(palette)
    image.save(file)
    return file


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "LA", "P"])
def test_trimap_of_every_pixel_format_reads_the_same(tmp_path, mode):
    np.testing.assert_array_equal(read_mask(save(tmp_path / "m.png", TRIMAP, mode)), TRIMAP)


def test_levels_within_the_tolerance_are_rounded(tmp_path):
    file = save(tmp_path / "m.png", np.array([[250, 5, 127, 133]], np.uint8))
    assert read_mask(file).tolist() == [[255, 0, 128, 128]]


def test_zeros_and_ones_are_a_mask(tmp_path):
    file = save(tmp_path / "m.png", np.array([[1, 0, 0, 1]], np.uint8))
    assert read_mask(file).tolist() == [[255, 0, 0, 255]]


def test_exif_turns_a_mask_as_it_turns_its_image(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # stored lying on its left side
    file = tmp_path / "m.png"
    Image.fromarray(np.rot90(TRIMAP)).save(file, exif=exif)
    np.testing.assert_array_equal(read_mask(file), TRIMAP)
    picture = decode(file.read_bytes(), "m.png")
    np.testing.assert_array_equal(picture[..., 0], TRIMAP)


@pytest.mark.parametrize("odd", [np.nan, np.inf, 0.5, 1e30, -1])
def test_values_that_are_no_whole_numbers_are_refused(tmp_path, odd):
    file = save(tmp_path / "m.tif", np.array([[0, odd]], np.float32))
    with pytest.raises(DataError, match=r"m\.tif holds values that are no whole numbers: use 255"):
        read_mask(file)


def test_mask_of_float_pixels_is_a_mask(tmp_path):
    file = save(tmp_path / "m.tif", np.array([[0, 128, 255]], np.float32))
    assert read_mask(file).tolist() == [[0, 128, 255]]


def test_pipe_is_no_mask(tmp_path):
    os.mkfifo(tmp_path / "m.png")  # opening it would wait for ever
    with pytest.raises(DataError, match=r"m\.png: .*Not a regular file"):
        read_mask(tmp_path / "m.png")


def test_one_bit_png_is_a_mask(tmp_path):
    file = save(tmp_path / "m.png", np.array([[255, 0, 0, 255]], np.uint8), "1")
    assert read_mask(file).tolist() == [[255, 0, 0, 255]]


def test_sixteen_bit_mask_is_scaled(tmp_path):
    file = save(tmp_path / "m.png", np.array([[65535, 0, 32896]], np.uint16))
    assert read_mask(file).tolist() == [[255, 0, 128]]


def test_coloured_palette_counts_by_its_indices(tmp_path):
    image = Image.fromarray(np.array([[0, 1, 1]], np.uint8), "P")
    image.putpalette([0, 0, 0, 128, 0, 0])
    image.save(tmp_path / "m.png")
    assert read_mask(tmp_path / "m.png").tolist() == [[0, 255, 255]]


def test_cut_out_counts_by_its_opacity(tmp_path):
    rgba = np.full((1, 3, 4), 90, np.uint8)
    rgba[0, :, 3] = [255, 0, 255]
    assert read_mask(save(tmp_path / "m.png", rgba)).tolist() == [[255, 0, 255]]


@pytest.mark.parametrize("values", [[0, 60, 255], [0, 4, 60, 255, 255, 255]])
def test_other_values_are_refused_by_name_and_value(tmp_path, values):
    file = save(tmp_path / "odd.png", np.array([values], np.uint8))
    with pytest.raises(
        DataError, match=r"odd\.png holds the value \d+: use 255 for the foreground"
    ):
        read_mask(file)


def test_photograph_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"photo\.png is in colour"):
        read_mask(save(tmp_path / "photo.png", scene()[0]))


@pytest.mark.parametrize("content", [b"", b"not an image", None])
def test_unreadable_mask_is_named(tmp_path, content):
    file = tmp_path / "torn.png"
    if content is None:
        content = save(file, np.random.default_rng(0).integers(0, 255, (64, 64), np.uint8))
        content = file.read_bytes()[:500]
    file.write_bytes(content)
    with pytest.raises(DataError, match=r"Cannot read the mask .*torn\.png"):
        read_mask(file)


def test_a_grey_colour_of_a_palette_that_numbers_things_stays_a_number(tmp_path):
    # Pascal VOC's seventh class, the car, is drawn in (128, 128, 128): no trimap's unknown.
    file = numbered(tmp_path / "m.png", [[0, 7, 7]], [*VOC, 128, 128, 128])
    assert read_pixels(file).codes.tolist() == [[0, 7, 7]]
    assert read_mask(file).tolist() == [[0, 255, 255]]


def test_a_palette_sorted_by_how_common_its_colours_are_counts_by_colours(tmp_path):
    file = numbered(tmp_path / "m.png", [[0, 0, 1]], [200, 0, 0, 0, 0, 0])
    assert read_mask(file).tolist() == [[255, 255, 0]]


@pytest.mark.parametrize("name", ["m.jpg", "m.webp"])
def test_levels_of_lossy_files_are_blurred_and_its_outline_unknown_at_most(tmp_path, name):
    disc = np.where(scene()[1], 255, 0).astype(np.uint8)
    Image.fromarray(disc).save(tmp_path / name, quality=60)
    assert read_pixels(tmp_path / name).kind == "lossy"
    trimap = read_mask(tmp_path / name)
    assert np.array_equal(trimap[trimap != 128], disc[trimap != 128])
    assert (trimap == 128).mean() < 0.02


def test_lossless_webp_keeps_zeros_and_ones(tmp_path):
    mask = scene()[1]
    Image.fromarray(mask.astype(np.uint8)).save(tmp_path / "m.webp", lossless=True)
    assert np.array_equal(read_mask(tmp_path / "m.webp") == 255, mask)


def test_photograph_in_grey_jpeg_is_refused(tmp_path):
    Image.fromarray(scene()[0]).convert("L").save(tmp_path / "m.jpg")
    with pytest.raises(DataError, match=r"m\.jpg holds the value"):
        read_mask(tmp_path / "m.jpg")


def test_zeros_and_ones_do_not_outlive_jpeg(tmp_path):
    Image.fromarray(scene()[1].astype(np.uint8)).save(tmp_path / "m.jpg")
    with pytest.raises(DataError, match=r"m\.jpg holds the value 1"):
        read_mask(tmp_path / "m.jpg")


@pytest.mark.parametrize(
    ("values", "codes"),
    [
        ([0, 65535, 32896], [0, 255, 128]),  # levels
        ([0, 1, 65535], [0, 1, 255]),  # an object and its border
        ([0, 1000, 2000], [0, 1000, 2000]),  # two things
        ([0, 15420, 65535], [0, 60, 255]),  # an odd level
    ],
)
def test_sixteen_bits_hold_levels_or_numbers(tmp_path, values, codes):
    file = save(tmp_path / "m.png", np.array([values], np.uint16))
    assert read_pixels(file).codes.tolist() == [codes]


def test_floats_in_shares_of_one_are_levels(tmp_path):
    file = save(tmp_path / "m.tif", np.array([[0, 0.5, 1]], np.float32))
    assert read_mask(file).tolist() == [[0, 128, 255]]
