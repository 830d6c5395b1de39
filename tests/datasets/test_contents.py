"""Images are known again by their bytes."""

import os

import numpy as np
import pytest
from PIL import Image

from audit.core.errors import DataError
from audit.datasets import contents as module
from audit.datasets.contents import Contents
from audit.datasets.imagefiles import ImageFiles


@pytest.fixture
def folder(tmp_path, draw):
    for label, name in enumerate(("rose", "tulip")):
        (tmp_path / name).mkdir()
        for k in range(3):
            Image.fromarray(draw(label, k)[0]).save(tmp_path / name / f"{k}.png")
    return tmp_path


def opened(folder):
    found = ImageFiles(folder, all_test=True)
    return found, list(found.items("test"))


@pytest.fixture
def earlier(folder):
    """What a run read, as its folder keeps it."""
    dataset, items = opened(folder)
    assert len(list(dataset.images(items))) == 6
    return Contents.of_table(dataset.contents.table())


def invert(file, *, keep_time=False, keep_size=False):
    stat = file.stat()
    if keep_size:
        content = bytearray(file.read_bytes())
        content[-1] ^= 1
        file.write_bytes(content)
    else:
        Image.fromarray(255 - np.asarray(Image.open(file))).save(file)
    if keep_time:
        os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def test_untouched_images_are_known_and_not_read_again(folder, earlier, monkeypatch):
    dataset, items = opened(folder)
    monkeypatch.setattr(module, "digest", lambda _: pytest.fail("a file was read"))
    dataset.know(earlier)
    assert len(dataset.contents) == len(items)


def test_copied_images_are_known_by_their_bytes(folder, earlier):
    for file in folder.rglob("*.png"):
        os.utime(file, ns=(1, 1))
    opened(folder)[0].know(earlier)


@pytest.mark.parametrize("keep_size", [False, True])
def test_an_image_changed_in_place_is_named(folder, earlier, keep_size):
    invert(folder / "rose" / "1.png", keep_size=keep_size)
    with pytest.raises(DataError, match=r"^rose/1.png is not the image that the run was begun"):
        opened(folder)[0].know(earlier)


def test_several_changed_images_are_counted(folder, earlier):
    for file in folder.rglob("*.png"):
        invert(file)
    with pytest.raises(DataError, match=r"^rose/0.png and 5 more are not the images"):
        opened(folder)[0].know(earlier)


def test_what_size_and_time_hide_is_found_when_it_is_read(folder, earlier):
    invert(folder / "rose" / "1.png", keep_size=True, keep_time=True)
    dataset, items = opened(folder)
    dataset.know(earlier)
    with pytest.raises(DataError, match=r"^rose/1.png is not the image"):
        list(dataset.images(items))


def test_a_torn_image_that_was_mended_is_another_one(folder):
    whole = (folder / "rose" / "0.png").read_bytes()
    (folder / "rose" / "0.png").write_bytes(whole[:99])
    dataset, items = opened(folder)
    list(dataset.images(items))
    (folder / "rose" / "0.png").write_bytes(whole)
    with pytest.raises(DataError, match=r"^rose/0.png is not the image"):
        opened(folder)[0].know(dataset.contents)


def test_the_fingerprint_follows_names_and_bytes():
    def of(**images):
        found = Contents()
        for name, content in images.items():
            found.heed(name, content)
        return found.fingerprint()

    prints = [of(a=b"1", b=b"2"), of(a=b"2", b=b"1"), of(a=b"1"), of(b=b"1")]
    assert len(set(prints)) == 4
    assert of(b=b"2", a=b"1") == prints[0]
    assert of() == ""
