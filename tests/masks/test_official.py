import gzip
import hashlib
import io
import os
import tarfile

import cv2
import numpy as np
import pytest
from localserver import LocalServer
from maskscenes import Scenes, overlap, scene

from audit.core.errors import DataError
from audit.datasets.dataset import Item
from audit.masks import official
from audit.masks.masks import Masks
from audit.masks.official import fetch, read_segmentation, unpack


def segmentation(height=160, width=200, radius=50, quality=90, inside=None):
    """A photograph with its background painted blue as JPEG bytes, and its true mask."""
    image, flower = scene(height, width, (height // 2, width // 2), radius)
    if inside is not None:
        image[flower] = inside
    image[~flower] = (0, 0, 254)
    options = [cv2.IMWRITE_JPEG_QUALITY, quality]
    return cv2.imencode(".jpg", image[..., ::-1], options)[1].tobytes(), flower


JPEG = segmentation()[0]
NAME = "102segmentations.tgz"


def member(name, content=JPEG, **attributes):
    info = tarfile.TarInfo(name)
    info.size = len(content)
    for key, value in attributes.items():
        setattr(info, key, value)
    return info, content


def archive(file, *members, kind="gz"):
    with tarfile.open(file, f"w:{kind}") as tar:
        for info, content in members:
            tar.addfile(info, io.BytesIO(content) if info.isfile() else None)
    return file


GOOD = [member("segmim/", b"", type=tarfile.DIRTYPE, mode=0o755)] + [
    member(f"segmim/segmim_{i:05d}.jpg") for i in (1, 2, 3)
]


# Reading


@pytest.mark.parametrize("quality", [60, 75, 95])
def test_blue_is_background_in_spite_of_jpeg(tmp_path, quality):
    content, flower = segmentation(quality=quality)
    (tmp_path / "s.jpg").write_bytes(content)
    trimap = read_segmentation(tmp_path / "s.jpg")
    known = trimap != 128
    assert overlap(trimap[known] == 255, flower[known]) > 0.999
    assert 0.9 < known.mean() < 1


@pytest.mark.parametrize("petal", [(255, 255, 255), (90, 60, 190), (20, 20, 40)])
def test_white_violet_and_dark_petals_are_flower(tmp_path, petal):
    content, flower = segmentation(inside=petal)
    (tmp_path / "s.jpg").write_bytes(content)
    trimap = read_segmentation(tmp_path / "s.jpg")
    assert ((trimap == 255) <= flower).all()
    assert (trimap[flower] == 255).mean() > 0.9


def test_specks_on_both_sides_are_removed(tmp_path):
    image = np.full((160, 200, 3), (0, 0, 254), np.uint8)
    image[40:120, 50:150] = (220, 60, 60)
    image[80:84, 100:104] = (0, 0, 254)
    image[10:14, 10:14] = (220, 60, 60)
    cv2.imwrite(str(tmp_path / "s.png"), image[..., ::-1])  # no JPEG noise: exact numbers
    trimap = read_segmentation(tmp_path / "s.png")
    assert (trimap == 255).sum() == 76 * 96  # two pixels in from each side are unknown
    assert (trimap[:38] == 0).all()


def test_torn_segmentation_is_named(tmp_path):
    (tmp_path / "segmim_00001.jpg").write_bytes(JPEG[:50])
    with pytest.raises(DataError, match=r"segmim_00001\.jpg: unpack the archive again"):
        read_segmentation(tmp_path / "segmim_00001.jpg")


def test_half_a_segmentation_is_refused(tmp_path):
    (tmp_path / "segmim_00001.jpg").write_bytes(JPEG[: len(JPEG) // 2])
    with pytest.raises(DataError, match=r"segmim_00001\.jpg: unpack the archive again"):
        read_segmentation(tmp_path / "segmim_00001.jpg")


@pytest.mark.parametrize("folder", ["", "segmim"])
def test_masks_match_segmentations_by_number(tmp_path, folder):
    (tmp_path / folder).mkdir(exist_ok=True)
    (tmp_path / folder / "segmim_00007.jpg").write_bytes(JPEG)
    masks = Masks(Scenes({"image_00007.jpg": None, "image_00008.jpg": None}), tmp_path)
    trimap, source = masks.own(Item("image_00007.jpg", 0, "test"), (80, 100))
    assert source == "official"
    assert trimap.shape == (80, 100)
    assert not masks.has_own(Item("image_00008.jpg", 0, "test"))


def test_masks_take_the_archive_itself(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    file = archive(tmp_path / "102segmentations.tgz", *GOOD)
    masks = Masks(Scenes({"image_00002.jpg": None}), file)
    assert masks.own(Item("image_00002.jpg", 0, "test"), (160, 200))[1] == "official"
    assert len(list((tmp_path / "cache").rglob("segmim_*.jpg"))) == 3
    assert not (tmp_path / "segmim").exists()  # nothing is written beside the archive


# Unpacking


def test_unpacks_the_segmentations_only(tmp_path):
    file = archive(tmp_path / "a.tgz", *GOOD, member("segmim/readme.txt", b"hello"))
    folder = unpack(file, tmp_path / "out")
    assert sorted(p.name for p in folder.iterdir()) == [f"segmim_0000{i}.jpg" for i in (1, 2, 3)]
    assert (folder / "segmim_00001.jpg").read_bytes() == JPEG


@pytest.mark.parametrize(
    "evil",
    [
        member("../segmim_00009.jpg"),
        member("segmim/../../segmim_00009.jpg"),
        member("segmim/segmim_00009.jpg", b"", type=tarfile.SYMTYPE, linkname="/etc/passwd"),
        member("segmim/segmim_00009.jpg", b"", type=tarfile.SYMTYPE, linkname="segmim_00001.jpg"),
        member("segmim/segmim_00009.jpg", b"", type=tarfile.LNKTYPE, linkname="../../x"),
        member("segmim/segmim_00009.jpg", b"", type=tarfile.CHRTYPE),
        member("segmim/segmim_00009.jpg", b"", type=tarfile.FIFOTYPE),
        member("segmim/segmim_00009.jpg", b"", type=tarfile.BLKTYPE),
        member("segmim/segmim_00009.jpg", b"", type=b"Z"),
        member("segmim/segmim_00001.jpg", b"another"),
        member("elsewhere/segmim_00001.jpg", b"another"),
        member("x.jpg", pax_headers={"path": "../segmim_00009.jpg"}),
        member("segmim/segmim_00009.jpg", pax_headers={"size": str(10**15)}),
        member("segmim/segmim_00009.jpg", pax_headers={"comment": "x" * (official.LARGEST + 1)}),
        member(
            "segmim/segmim_00009.jpg",
            pax_headers={"GNU.sparse.map": "0,10,1000000000000,5", "GNU.sparse.size": str(10**13)},
        ),
        member("segmim/segmim_00009.jpg", bytes(official.LARGEST + 1)),
    ],
)
def test_unsafe_archive_is_refused_and_nothing_stays(tmp_path, evil):
    (tmp_path / "in").mkdir()
    file = archive(tmp_path / "in" / "a.tgz", *GOOD, evil)
    with pytest.raises(DataError, match=r"a\.tgz is not safe to unpack"):
        unpack(file, tmp_path / "in" / "out")
    assert [p.name for p in tmp_path.rglob("*")] == ["in", "a.tgz"]


@pytest.mark.parametrize("name", ["SEGMIM_00009.JPG", "segmim_٠٠٠٠٩.jpg", "segmim_00009.jpg "])
def test_names_that_are_only_alike_are_left_in_the_archive(tmp_path, name):
    folder = unpack(archive(tmp_path / "a.tgz", *GOOD, member(f"segmim/{name}")), tmp_path / "out")
    assert len(list(folder.iterdir())) == 3


def test_a_second_archive_behind_the_first_is_left_alone(tmp_path):
    file = archive(tmp_path / "a.tgz", *GOOD)
    more = archive(tmp_path / "b.tgz", member("segmim/segmim_00009.jpg"))
    file.write_bytes(file.read_bytes() + more.read_bytes())
    assert len(list(unpack(file, tmp_path / "out").iterdir())) == 3


def test_absolute_name_stays_in_the_folder(tmp_path):
    outside = tmp_path / "segmim_00009.jpg"
    folder = unpack(archive(tmp_path / "a.tgz", member(str(outside))), tmp_path / "out")
    assert (folder / outside.name).is_file()
    assert not outside.exists()


def test_archive_of_something_else_is_refused(tmp_path):
    file = archive(tmp_path / "a.tgz", member("other/picture.jpg"))
    with pytest.raises(DataError, match=r"holds no segmim_\*\.jpg: not the official archive"):
        unpack(file, tmp_path / "out")


@pytest.mark.parametrize("keep", [0, 100, -200])
def test_torn_archive_is_refused_and_nothing_stays(tmp_path, keep):
    file = archive(tmp_path / "a.tgz", *GOOD)
    file.write_bytes(file.read_bytes()[:keep])
    with pytest.raises(DataError, match=r"Cannot unpack .*a\.tgz.*Download it again"):
        unpack(file, tmp_path / "out")
    assert [p.name for p in tmp_path.iterdir()] == ["a.tgz"]


def gone_into(tmp_path, file):
    with pytest.raises(DataError, match=r"a\.\w+") as error:
        unpack(file, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    return str(error.value)


@pytest.mark.parametrize("kept", [1, 2, 3])
@pytest.mark.parametrize("more", [0, 100, 512])
def test_archive_torn_at_a_header_is_refused(tmp_path, kept, more):
    plain = gzip.decompress(archive(tmp_path / "a.tgz", *GOOD).read_bytes())
    size = 512 + -(-len(JPEG) // 512) * 512
    (tmp_path / "a.tar").write_bytes(plain[: 512 + kept * size + more])
    assert "Cannot unpack" in gone_into(tmp_path, tmp_path / "a.tar")


@pytest.mark.parametrize("kind", ["gz", "xz", "bz2"])
def test_checksum_at_the_end_of_an_archive_counts(tmp_path, kind):
    file = archive(tmp_path / f"a.{kind}", *GOOD, kind=kind)
    content = bytearray(file.read_bytes())
    content[-6] ^= 1  # of gzip's CRC-32, xz's size of its index, bzip2's end of stream
    file.write_bytes(content)
    assert "Cannot unpack" in gone_into(tmp_path, file)


def test_torn_xz_is_refused(tmp_path):
    file = archive(tmp_path / "a.xz", *GOOD, kind="xz")
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 255
    file.write_bytes(content)
    assert "Cannot unpack" in gone_into(tmp_path, file)


def test_archive_that_swells_beyond_measure_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(official, "WHOLE", 1 << 20)
    noughts = [member(f"{i}.bin", bytes(1 << 18)) for i in range(8)]
    assert "not safe" in gone_into(tmp_path, archive(tmp_path / "a.tgz", *GOOD, *noughts))
    plain = gzip.decompress(archive(tmp_path / "a.tgz", *GOOD).read_bytes())
    (tmp_path / "a.tgz").write_bytes(gzip.compress(plain + bytes(3 << 20)))
    assert "not safe" in gone_into(tmp_path, tmp_path / "a.tgz")


def test_long_name_is_not_read_before_it_is_measured(tmp_path):
    info = tarfile.TarInfo("././@LongLink")
    info.type, info.size = tarfile.GNUTYPE_LONGNAME, 1 << 32
    (tmp_path / "a.tar").write_bytes(info.tobuf() + bytes(4096))
    assert "'././@LongLink' is beyond measure" in gone_into(tmp_path, tmp_path / "a.tar")


def test_endless_chain_of_long_names_is_refused(tmp_path):
    info = tarfile.TarInfo("././@LongLink")
    info.type, info.size = tarfile.GNUTYPE_LONGNAME, 8
    (tmp_path / "a.tar").write_bytes((info.tobuf() + bytes(512)) * 2000)
    assert "Cannot unpack" in gone_into(tmp_path, tmp_path / "a.tar")


def test_two_segmentations_of_one_image_are_refused(tmp_path):
    file = archive(tmp_path / "a.tgz", *GOOD, member("other/segmim_00001.jpg"))
    assert "twice" in gone_into(tmp_path, file)


def test_pipe_among_the_segmentations_is_no_mask(tmp_path):
    os.mkfifo(tmp_path / "segmim_00007.jpg")
    assert not official.OfficialMasks(tmp_path, ["image_00007.jpg"]).any()


# Fetching


@pytest.fixture
def served(tmp_path):
    server = LocalServer({NAME: archive(tmp_path / "served.tgz", *GOOD).read_bytes()})
    yield server
    server.close()


def fetched(server, folder):
    md5 = hashlib.md5(server.files[NAME]).hexdigest()
    return fetch(folder, url=f"{server.url}/{NAME}", md5=md5)


def test_fetches_and_unpacks(tmp_path, served):
    folder = fetched(served, tmp_path / "new")
    assert len(list(folder.glob("segmim_*.jpg"))) == 3
    assert sorted(p.name for p in (tmp_path / "new").iterdir()) == [
        "102segmentations.tgz",
        "segmim",
    ]


def test_no_network_names_the_offline_ways(tmp_path, served):
    served.close()
    with pytest.raises(DataError, match=r"^Cannot fetch the official masks: .* is ou") as error:
        fetched(served, tmp_path / "new")
    assert "\n" not in str(error.value)
    for way in (str(tmp_path / "new"), "--masks FILE.tgz", "--masks grabcut"):
        assert way in str(error.value)


def test_own_copy_is_fetched_once_for_all_runs(tmp_path, served, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(official, "URL", f"{served.url}/{NAME}")
    monkeypatch.setattr(official, "MD5", hashlib.md5(served.files[NAME]).hexdigest())
    assert official.unpacked() is None
    folder = official.fetched()
    served.close()
    assert folder == official.fetched() == official.unpacked()
    assert folder.is_relative_to(tmp_path / "cache")
