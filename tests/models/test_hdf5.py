import io
import struct
import zipfile

import h5py
import numpy as np
import pytest

from audit.core.errors import ModelError
from audit.models import hdf5


def written(file, **options):
    with h5py.File(file, "w") as made:
        made.create_group("layer").attrs["names"] = [b"kernel", b"bias"]
        made.create_dataset("weights", data=np.zeros(9), **options)
    return file


def zipped(file, content, **options):
    with zipfile.ZipFile(file, "w", **options) as archive:
        archive.writestr("model.weights.h5", content)
    return file


def refused(file):
    with pytest.raises(ModelError, match=rf"^Cannot load .*{file.name}, is it whole\? ") as error:
        hdf5.refuse_damaged(file)
    assert "\n" not in str(error.value)
    return str(error.value)


def endless(content):
    """The first node of a B-tree names itself as the one to its right."""
    made, at = bytearray(content), content.index(b"TREE")
    made[at + 16 : at + 24] = struct.pack("<Q", at)
    return bytes(made)


def bottomless(content):
    """The first node of a B-tree is its own child."""
    made, at = bytearray(content), content.index(b"TREE")
    made[at + 5] = 1
    made[at + 32 : at + 40] = struct.pack("<Q", at)
    return bytes(made)


@pytest.fixture
def content():
    return written(io.BytesIO()).getvalue()


def test_whole_files_pass(tmp_path, content):
    hdf5.refuse_damaged(written(tmp_path / "a.h5"))
    hdf5.refuse_damaged(written(tmp_path / "b.h5", chunks=(3,), compression="gzip"))
    hdf5.refuse_damaged(zipped(tmp_path / "a.keras", content))


@pytest.mark.parametrize("suffix", [".h5", ".keras"])
def test_file_that_would_be_read_for_ever_is_refused(tmp_path, content, suffix, monkeypatch):
    monkeypatch.setattr(hdf5, "LIMIT", 5)
    file = tmp_path / f"a{suffix}"
    if suffix == ".h5":
        file.write_bytes(endless(content))
    else:
        zipped(file, endless(content))
    assert "reading it does not end within 5 seconds" in refused(file)


def test_file_that_would_end_the_process_is_refused(tmp_path, content):
    (tmp_path / "a.h5").write_bytes(bottomless(content))
    assert "reading it ends with -" in refused(tmp_path / "a.h5")


def test_array_that_is_not_there_is_not_asked_for(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as made:
        made.create_dataset("weights", (10**10,))  # 40 GB of zeros, none of them stored
    assert "'weights' is beyond measure" in refused(tmp_path / "a.h5")


def test_zip_that_swells_is_not_unpacked(tmp_path):
    file = zipped(tmp_path / "a.keras", bytes(1 << 22), compression=zipfile.ZIP_DEFLATED)
    assert "its content is beyond measure" in refused(file)


def test_weights_that_differ_from_their_checksum_are_refused(tmp_path, content):
    file = zipped(tmp_path / "a.keras", content)
    made = bytearray(file.read_bytes())
    made[len(content) // 2] ^= 1
    file.write_bytes(made)
    assert "'model.weights.h5' is not as its checksum says" in refused(file)


def test_text_is_no_model(tmp_path):
    for name in ("a.h5", "a.keras"):
        (tmp_path / name).write_text("weights")
        refused(tmp_path / name)
