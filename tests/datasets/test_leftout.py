import io
import sys

import pytest
from PIL import Image
from trees import items, photos, seen

from audit.core.errors import BrokenImageError
from audit.datasets.formats import begins_like_an_image, heif, mend, suffixes
from audit.datasets.imagefiles import ImageFiles

HEIC = b"\0\0\0\x18ftypheic" + bytes(200)


@pytest.fixture
def without_heif(monkeypatch):
    """As where pillow-heif is not installed."""
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    for cached in (heif, suffixes):
        cached.cache_clear()
    yield
    for cached in (heif, suffixes):
        cached.cache_clear()


def jpeg():
    buffer = io.BytesIO()
    Image.new("RGB", (4, 4), "red").save(buffer, "JPEG")
    return buffer.getvalue()


def write(root, *names, content=HEIC):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)


@pytest.mark.parametrize("suffix", [".jfif", ".JPE", ".pjpeg", ".avif", ".jp2", ".mpo", ".ppm"])
def test_suffixes_that_pillow_reads_are_used(tmp_path, suffix):
    photos(tmp_path, "{c}/{n}.png")
    kind = {".avif": "AVIF", ".jp2": "JPEG2000", ".ppm": "PPM"}.get(suffix, "JPEG")
    Image.new("RGB", (16, 16), "red").save(tmp_path / "cat" / f"x{suffix}", kind)
    dataset = ImageFiles(tmp_path)
    (found,) = (i for i in items(dataset) if i.name == f"cat/x{suffix}")
    ((_, image),) = dataset.images([found])
    assert image.shape == (16, 16, 3) and image[8, 8, 0] > 240
    assert not seen(dataset, "suffixes")


@pytest.mark.usefixtures("without_heif")
def test_a_few_files_of_another_suffix_are_counted(tmp_path):
    photos(tmp_path, "{c}/{n}.png")
    write(tmp_path, "cat/a.heic", "cat/b.HEIC", "dog/c.dng")
    assert seen(ImageFiles(tmp_path), "suffixes") == [
        (
            "weak",
            "3 image files are left out because of their suffix (2 .heic, 1 .dng): "
            "pip install 'flower-audit[heic]'.",
        )
    ]


@pytest.mark.usefixtures("without_heif")
def test_a_class_of_which_every_image_is_left_out_stops_a_run(tmp_path):
    photos(tmp_path, "{c}/{n}.png")
    write(tmp_path, "fox/a.heic")
    dataset = ImageFiles(tmp_path)
    assert dataset.classes == ("cat", "dog", "fox")
    ((strength, words),) = seen(dataset, "suffixes")
    assert strength == "strong" and "among them all images of fox" in words


def test_more_files_left_out_than_read_stop_a_run(tmp_path):
    photos(tmp_path, "{c}/{n}.png", count=2)
    photos(tmp_path, "{c}/x{n}.png", count=1)
    write(tmp_path, *(f"cat/scan{n}.dcm" for n in range(20)))
    ((strength, words),) = seen(ImageFiles(tmp_path), "suffixes")
    assert strength == "strong" and "20 .dcm): convert them to PNG or JPEG" in words


def test_images_without_a_suffix_are_counted(tmp_path):
    photos(tmp_path, "{c}/{n}.png")
    write(tmp_path, "cat/photo1", "cat/photo2.jpg_large", content=jpeg())
    write(tmp_path, "cat/notes", "cat/README.txt", content=b"text")
    ((strength, words),) = seen(ImageFiles(tmp_path), "suffixes")
    assert strength == "weak"
    assert words.startswith("2 image files are left out because of their suffix (1 ")


def test_the_raw_file_beside_a_photograph_is_not_missed(tmp_path):
    photos(tmp_path, "{c}/{n}.png")
    write(tmp_path, "cat/0.cr2", "cat/0.txt")
    assert not seen(ImageFiles(tmp_path), "suffixes")


@pytest.mark.usefixtures("without_heif")
def test_heic_under_the_suffix_of_jpeg_says_what_reads_it(tmp_path):
    photos(tmp_path, "{c}/{n}.png")
    write(tmp_path, "cat/x.jpg")
    dataset = ImageFiles(tmp_path)
    ((_, found),) = dataset.images([i for i in items(dataset) if i.name == "cat/x.jpg"])
    assert isinstance(found, BrokenImageError)
    assert str(found) == "cat/x.jpg: it is HEIC inside: pip install 'flower-audit[heic]'"


@pytest.mark.skipif(not heif(), reason="needs pillow-heif")
def test_heic_is_read_where_pillow_heif_is_installed(tmp_path):
    photos(tmp_path, "{c}/{n}.HEIC")
    dataset = ImageFiles(tmp_path)
    read = [image for _, image in dataset.images(items(dataset))]
    assert len(read) == 10 and not any(isinstance(image, BrokenImageError) for image in read)
    assert begins_like_an_image(tmp_path / "cat" / "0.HEIC")


def test_each_suffix_has_its_mend():
    assert mend(".heif") == "pip install 'flower-audit[heic]'"
    assert mend(".nef") == "convert them to PNG or JPEG"
    assert mend("") == "give these files the suffix of their kind, as .jpg"
