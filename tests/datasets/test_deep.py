import io
import struct
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image
from trees import items, photos, seen

from audit.core.errors import BrokenImageError
from audit.datasets import depth
from audit.datasets.decode import MOST_PIXELS, decode
from audit.datasets.imagefiles import ImageFiles

RNG = np.random.default_rng(0)
TWELVE = RNG.integers(0, 4096, (12, 10, 3)).astype(np.uint16)
TWELVE[0, 0] = 4095
SEEN = np.floor(TWELVE * (255 / 4095) + 1e-3).astype(np.uint8)


def encoded(pixels, kind):
    """A PNG or TIFF as OpenCV writes it, which takes colours as BGR."""
    return cv2.imencode(kind, pixels[..., ::-1] if pixels.ndim == 3 else pixels)[1].tobytes()


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def with_chunk(png, kind, data):
    at = png.index(b"IDAT") - 4
    return png[:at] + chunk(kind, data) + png[at:]


@pytest.mark.parametrize("kind", [".png", ".tiff"])
def test_twelve_bits_in_sixteen_keep_their_colours(kind):
    np.testing.assert_array_equal(decode(encoded(TWELVE, kind), "x", 4095), SEEN)


@pytest.mark.parametrize("kind", [".png", ".tiff"])
def test_twelve_bits_of_grey_are_stretched_to_white(kind):
    found = decode(encoded(TWELVE[..., 0], kind), "x", 4095)
    np.testing.assert_array_equal(found, np.repeat(SEEN[..., :1], 3, axis=-1))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_floats_of_0_to_1_are_read_as_the_eight_bits_they_were(dtype):
    eight = RNG.integers(0, 256, (12, 10, 3)).astype(np.uint8)
    content = encoded((eight / 255).astype(dtype), ".tiff")
    np.testing.assert_array_equal(decode(content, "x", 1.0), eight)


def test_values_beyond_white_are_white_and_below_zero_black():
    content = encoded(np.array([[-0.5, 0.5, 1.5]], np.float32), ".tiff")
    assert decode(content, "x", 1.0)[0, :, 0].tolist() == [0, 127, 255]


def test_transparency_of_deep_colours_is_laid_on_white():
    pixels = np.array([[[65535, 0, 0, 65535], [0, 0, 0, 0]]], np.uint16)
    content = cv2.imencode(".png", pixels[..., [2, 1, 0, 3]])[1].tobytes()
    assert decode(content, "x", 65535).tolist() == [[[255, 0, 0], [255, 255, 255]]]


def test_deep_colours_are_turned_upright():
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = with_chunk(encoded(TWELVE, ".png"), b"eXIf", exif.tobytes().removeprefix(b"Exif\0\0"))
    np.testing.assert_array_equal(decode(turned, "x", 4095), np.rot90(SEEN, -1))


def test_torn_deep_colours_are_refused():
    for kind in (".png", ".tiff"):
        content = encoded(RNG.integers(0, 4096, (90, 90, 3)).astype(np.uint16), kind)
        with pytest.raises(BrokenImageError, match=r"^x: "):
            decode(content[: len(content) // 2], "x")


def saved(root, pixels, kind, classes=("cat", "dog"), count=4):
    """A data set of such files, darker ones first."""
    for c in classes:
        for n in range(count):
            file = root / c / f"{n}{kind}"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(encoded(pixels, kind))
    return root


@pytest.mark.parametrize(
    ("top", "dtype", "kind", "white"),
    [
        (4095, np.uint16, ".png", 4095),
        (1000, np.uint16, ".tiff", 1023),
        (16000, np.uint16, ".png", 16383),
        (60000, np.uint16, ".tiff", 65535),
        (255, np.uint16, ".png", 255),
        (1.0, np.float32, ".tiff", 1),
        (1.04, np.float32, ".tiff", 1),
        (255.0, np.float32, ".tiff", 255),
        (100_000, np.int32, ".tiff", 100_000),
    ],
)
def test_one_white_level_is_found_for_the_whole_data_set(tmp_path, top, dtype, kind, white):
    pixels = np.linspace(0, top, 64).reshape(8, 8).astype(dtype)
    dataset = ImageFiles(saved(tmp_path, np.stack([pixels] * 3, -1), kind))
    assert [image.max() for _, image in dataset.images(items(dataset))] == [
        255 * min(top / white, 1) // 1
    ] * 8
    ((strength, words),) = seen(dataset, "depth")
    assert strength == "fine"
    assert (
        f"8 of 8 sampled files hold more than 8 bits; the largest value in 8 of them is {top:.6g}"
        in words
    )
    assert words.endswith(f"{white:.6g} is read as white.")


def test_a_dark_image_stays_dark_beside_bright_ones(tmp_path):
    saved(tmp_path, TWELVE, ".png")
    (tmp_path / "cat" / "dark.png").write_bytes(encoded(TWELVE // 8, ".png"))
    dataset = ImageFiles(tmp_path)
    found = {item.name: image for item, image in dataset.images(items(dataset))}
    assert found["cat/0.png"].max() == 255
    assert found["cat/dark.png"].max() == 511 * 255 // 4095


def test_white_level_given_is_the_one_taken(tmp_path):
    saved(tmp_path, TWELVE, ".png")
    dataset = ImageFiles(tmp_path, white_level=65535)
    assert next(dataset.images(items(dataset)))[1].max() == 4095 * 255 // 65535
    assert seen(dataset, "depth")[0][0] == "weak"


def test_what_the_files_state_as_white_is_taken(tmp_path):
    content = with_chunk(encoded(TWELVE // 8, ".png"), b"sBIT", bytes([12, 12, 12]))
    for c in ("cat", "dog"):
        for n in range(4):
            (tmp_path / c).mkdir(exist_ok=True)
            (tmp_path / c / f"{n}.png").write_bytes(content)
    assert (
        seen(ImageFiles(tmp_path), "depth")[0][1]
        .split("but")[0]
        .rstrip(" ,")
        .endswith("511, and 4095 is read as white: give --white-level VALUE.")
    )


def test_two_depths_in_one_data_set_are_told(tmp_path):
    saved(tmp_path, RNG.integers(0, 65536, (8, 8, 3)).astype(np.uint16), ".png", count=6)
    saved(tmp_path, TWELVE, ".tiff", classes=("dog",), count=6)
    ((strength, words),) = seen(ImageFiles(tmp_path), "depth")
    assert strength == "weak" and "6 of them stay below a fifteenth of that" in words


def test_floats_beside_whole_numbers_stop_a_run(tmp_path):
    saved(tmp_path, TWELVE, ".png", classes=("cat",))
    saved(tmp_path, (TWELVE / 4095).astype(np.float32), ".tiff", classes=("dog",))
    ((strength, words),) = seen(ImageFiles(tmp_path), "depth")
    assert strength == "strong" and "some hold floats of 0 to 1, others do not" in words


def test_values_below_zero_stop_a_run(tmp_path):
    saved(tmp_path, RNG.uniform(-1, 1, (8, 8, 3)).astype(np.float32), ".tiff")
    ((strength, words),) = seen(ImageFiles(tmp_path), "depth")
    assert strength == "strong" and "lie below 0 and are read as black" in words


def test_eight_bits_need_no_white_level(tmp_path):
    dataset = ImageFiles(photos(tmp_path, "{c}/{n}.png"))
    assert not seen(dataset, "depth")
    assert depth.measure([str(tmp_path / "cat" / "0.png")]).white is None


def test_photographs_of_telephones_are_read_at_half_their_size():
    buffer = io.BytesIO()
    Image.new("L", (12000, 9000), 77).save(buffer, "JPEG")
    found = decode(buffer.getvalue(), "x")
    assert found.shape == (4500, 6000, 3)
    assert np.abs(found[::100, ::100].astype(int) - 77).max() <= 1


def test_what_is_larger_than_any_camera_makes_is_refused_by_its_size():
    header = struct.pack(">IIBBBBB", 20_000, 20_000, 8, 2, 0, 0, 0)
    content = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
    content += chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")
    assert MOST_PIXELS < 20_000**2
    with pytest.raises(BrokenImageError, match=r"x: .*400000000 pixels.*300000000"):
        decode(content, "x")
