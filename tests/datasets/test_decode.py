import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from audit.core.errors import BrokenImageError
from audit.datasets.decode import decode, resize

RNG = np.random.default_rng(0)
RGB = RNG.integers(0, 256, (6, 8, 3), np.uint8)
GREY = RNG.integers(0, 256, (6, 8), np.uint8)


def encoded(image, format="PNG", **kwargs):
    buffer = io.BytesIO()
    image.save(buffer, format, **kwargs)
    return buffer.getvalue()


def png(array, mode=None):
    image = Image.fromarray(array)
    return encoded(image.convert(mode) if mode else image)


@pytest.mark.parametrize("format", ["PNG", "BMP", "TIFF"])
def test_lossless_formats_give_their_pixels(format):
    np.testing.assert_array_equal(decode(encoded(Image.fromarray(RGB), format), "x"), RGB)


def test_webp_gives_its_pixels():
    content = encoded(Image.fromarray(RGB), "WEBP", lossless=True)
    np.testing.assert_array_equal(decode(content, "x"), RGB)


def test_jpeg_keeps_a_flat_colour():
    flat = np.full((16, 16, 3), (200, 30, 60), np.uint8)
    found = decode(encoded(Image.fromarray(flat), "JPEG", quality=95), "x")
    assert np.abs(found.astype(int) - flat).max() <= 3


def test_grey_is_repeated_over_the_channels():
    np.testing.assert_array_equal(decode(png(GREY), "x"), np.repeat(GREY[..., None], 3, axis=-1))


@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf])
def test_pixels_that_are_no_numbers_are_refused(odd):
    pixels = Image.fromarray(np.array([[0.5, odd]], np.float32))
    with pytest.raises(BrokenImageError, match=r"^x: it holds pixels that are NaN or infinite$"):
        decode(encoded(pixels, "TIFF"), "x")


def test_tiff_whose_strips_end_early_is_refused():
    content = bytearray(encoded(Image.fromarray(RGB), "TIFF"))
    at = content.index(struct.pack("<HHI", 257, 4, 1))  # ImageLength
    content[at + 8 : at + 12] = struct.pack("<I", 600)
    with pytest.raises(BrokenImageError, match=r"^x: its strips end before the image does$"):
        decode(bytes(content), "x")


def test_one_bit_becomes_black_and_white():
    found = decode(png(np.array([[0, 255]], np.uint8), "1"), "x")
    assert found.tolist() == [[[0, 0, 0], [255, 255, 255]]]


def test_palette_gives_its_colours():
    image = Image.new("P", (2, 1))
    image.putpalette([10, 20, 30, 200, 100, 50])
    image.putpixel((1, 0), 1)
    assert decode(encoded(image), "x").tolist() == [[[10, 20, 30], [200, 100, 50]]]


def test_transparent_palette_colour_is_white():
    image = Image.new("P", (2, 1))
    image.putpalette([10, 20, 30, 200, 100, 50])
    image.putpixel((1, 0), 1)
    found = decode(encoded(image, transparency=0), "x")
    assert found.tolist() == [[[255, 255, 255], [200, 100, 50]]]


def test_transparency_is_laid_on_white():
    pixels = np.array([[[255, 0, 0, 255], [255, 0, 0, 0], [0, 0, 0, 128]]], np.uint8)
    found = decode(png(pixels), "x").astype(int)
    np.testing.assert_allclose(found, [[[255, 0, 0], [255, 255, 255], [127, 127, 127]]], atol=1)


def test_grey_with_transparency_is_laid_on_white():
    pixels = np.array([[[10, 255], [10, 0]]], np.uint8)
    image = Image.fromarray(pixels[..., 0])
    image.putalpha(Image.fromarray(pixels[..., 1]))
    assert decode(encoded(image), "x").tolist() == [[[10, 10, 10], [255, 255, 255]]]


def test_cmyk_jpeg_becomes_rgb():
    white = encoded(Image.new("CMYK", (8, 8), (0, 0, 0, 0)), "JPEG")
    assert decode(white, "x").min() >= 252
    black = encoded(Image.new("CMYK", (8, 8), (0, 0, 0, 255)), "JPEG")
    assert decode(black, "x").max() <= 3


def test_sixteen_bits_keep_the_high_byte():
    pixels = np.array([[0, 257, 128 * 257, 65535]], np.uint16)
    found = decode(encoded(Image.fromarray(pixels)), "x")
    assert found[..., 0].tolist() == [[0, 1, 128, 255]]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_honoured(orientation):
    upright = np.zeros((4, 6, 3), np.uint8)
    upright[0, 0] = 255  # the corner that must come out at the top left
    stored = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.transpose(1, 0, 2),
        6: np.rot90(upright),
        7: upright.transpose(1, 0, 2)[::-1, ::-1],
        8: np.rot90(upright, -1),
    }[orientation]
    image = Image.fromarray(np.ascontiguousarray(stored))
    exif = image.getexif()
    exif[0x0112] = orientation
    found = decode(encoded(image, exif=exif), "x")
    np.testing.assert_array_equal(found, upright)


def test_first_frame_of_an_animation_is_taken():
    frames = [Image.new("RGB", (4, 4), colour) for colour in ("red", "blue")]
    content = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert decode(content, "x")[0, 0].tolist() == [255, 0, 0]


def test_result_is_contiguous_uint8():
    found = decode(png(GREY), "x")
    assert found.dtype == np.uint8
    assert found.flags.c_contiguous


def bomb():
    """A PNG that claims 100,000 x 100,000 pixels in some 60 bytes."""

    def chunk(kind, data):
        checksum = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)

    header = struct.pack(">IIBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0)
    content = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
    return content + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")


JPEG = encoded(Image.fromarray(RNG.integers(0, 256, (64, 64, 3), np.uint8)), "JPEG")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "the file is empty"),
        (b"not an image at all", "not an image of a known format"),
        (JPEG[: len(JPEG) // 2], "truncated"),
        (JPEG[:20], ""),
        (png(RGB)[:60], ""),
        (bomb(), "decompression bomb"),
    ],
    ids=["empty", "text", "half a JPEG", "a JPEG's head", "half a PNG", "bomb"],
)
def test_broken_file_is_one_line_that_names_it(content, why):
    with pytest.raises(BrokenImageError) as error:
        decode(content, "rose/1.jpg")
    message = str(error.value)
    assert message.startswith("rose/1.jpg: ")
    assert why in message
    assert "\n" not in message


def test_image_of_nearly_a_bomb_is_refused_too(monkeypatch):
    # Pillow only warns between its limit and twice that.
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 30)
    with pytest.raises(BrokenImageError, match="decompression bomb"):
        decode(png(RGB), "x")


def test_resize_gives_a_square():
    assert resize(RGB, 5).shape == (5, 5, 3)


def test_resize_to_the_same_size_changes_nothing():
    square = RGB[:, :6]
    np.testing.assert_array_equal(resize(square, 6), square)


def test_resize_averages_where_it_shrinks():
    # Antialiasing: a checkerboard becomes grey, where plain bilinear would pick single pixels.
    board = np.indices((64, 64)).sum(axis=0) % 2 * 255
    small = resize(np.repeat(board[..., None], 3, axis=-1).astype(np.uint8), 8)
    assert np.abs(small.astype(int) - 127).max() <= 2


def test_a_dark_16_bit_image_stays_dark():
    assert (
        decode(encoded(Image.fromarray(np.full((4, 4), 200, np.uint16)), "PNG"), "a.png").max() == 0
    )
