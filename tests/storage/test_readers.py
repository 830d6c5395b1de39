"""Files that a stranger may have made: read as what they should be, or one line, and no more."""

import io
import json
import os
import zipfile
import zlib

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from audit.core.errors import RunFolderError
from audit.storage import readers
from audit.storage.paths import location

NAMES = {"name": "text"}


def table(columns, **how):
    buffer = io.BytesIO()
    pq.write_table(pa.table(columns), buffer, **how)
    return buffer


def npz(**arrays):
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer


def encoded(kind, size=(4, 3), mode="RGB"):
    buffer = io.BytesIO()
    Image.new(mode, size).save(buffer, kind)
    return buffer.getvalue()


# Opening


def test_a_plain_file_below_a_linked_root_is_read(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "a").write_bytes(b"x")
    (tmp_path / "typed").symlink_to(tmp_path / "run")
    assert readers.content(tmp_path / "typed" / "a", tmp_path / "typed", 1) == b"x"


@pytest.mark.parametrize("link", ["a", "folder"])
def test_no_link_is_followed_whether_of_a_file_or_of_a_folder(tmp_path, link):
    elsewhere, root = tmp_path / "elsewhere", tmp_path / "run"
    for folder in (elsewhere, root):
        folder.mkdir()
    (elsewhere / "a").write_bytes(b"secret")
    (root / link).symlink_to(elsewhere if link == "folder" else elsewhere / "a")
    file = root / "folder" / "a" if link == "folder" else root / "a"
    with pytest.raises(RunFolderError, match=f"{link} is a link, and none is followed"):
        readers.content(file, root, 100)


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_what_is_no_plain_file_is_not_opened(tmp_path, make):
    make(tmp_path / "a")
    with pytest.raises(RunFolderError, match="a is no plain file"):
        readers.content(tmp_path / "a", tmp_path, 100)


def test_a_file_may_have_so_many_bytes_and_no_more(tmp_path):
    (tmp_path / "a").write_bytes(b"four")
    assert readers.content(tmp_path / "a", tmp_path, 4) == b"four"
    with pytest.raises(RunFolderError, match="a has 4 bytes, more than the 3"):
        readers.content(tmp_path / "a", tmp_path, 3)


def test_a_file_at_a_url_is_read_and_limited_likewise():
    root = location("memory://readers")
    (root / "folder").mkdir(parents=True)
    (root / "folder" / "a").write_bytes(b"four")
    assert readers.content(root / "folder" / "a", root, 4) == b"four"
    with pytest.raises(RunFolderError, match="more than the 3"):
        readers.content(root / "folder" / "a", root, 3)


# JSON


def test_json_comes_back_as_it_was_written():
    told = {"a": [1, -2.5, None, True, "é"], "b": {"c": 10**17}}
    assert readers.parsed(json.dumps(told).encode()) == told


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[" * 33 + "]" * 33, "nested more than 32 deep"),
        ("[" * 100_000, "nested without end"),
        ("[" + "0," * 1_000_000 + "0]", "holds up to 1,000,001 values"),
        ("9" * 19, "a number of 19 digits"),
        (json.dumps("x" * 40_000), "a text of 40,000 characters"),
        (json.dumps({"x" * 40_000: 1}), "a text of 40,000 characters"),
    ],
    ids=["deep", "endless", "many", "digits", "text", "key"],
)
def test_json_beyond_all_measure_is_refused(text, said):
    with pytest.raises(ValueError, match=said):
        readers.parsed(text.encode())


def test_what_is_no_utf8_is_no_json():
    with pytest.raises(ValueError, match="utf-8"):
        readers.parsed(b'"\xff"')


# CSV


def test_columns_that_are_asked_for_are_read_and_no_others():
    found = readers.columns(b"epoch,secret,loss\n1,x,0.5\n2,y,\n", ("epoch", "loss"), 2)
    assert list(found) == ["epoch", "loss"]
    assert found["epoch"].tolist() == [1, 2] and np.isnan(found["loss"][1])


@pytest.mark.parametrize(
    "text", ["loss\nx\n", "loss\n1e999\n", "loss\n1\n2\n3\n", "epoch\n1\n", ""]
)
def test_what_are_no_few_numbers_is_no_history(text):
    with pytest.raises(ValueError):
        readers.columns(text.encode(), ("loss",), 2)


# Parquet


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.dictionary("i4", pa.string())])
def test_texts_of_every_writer_come_back(kind):
    names = pa.array(["a", None, "b", "a"]).cast(kind)
    file = table({"name": names, "other": [1, 2, 3, 4]}, store_schema="dict" not in str(kind))
    found = readers.Table(file).read(NAMES, 4)
    assert found.to_pydict() == {"name": ["a", None, "b", "a"]}


def test_a_column_of_gaps_alone_is_of_any_kind():
    found = readers.Table(table({"t": pa.nulls(2)})).read({"t": "bytes"}, 2)
    assert found.to_pydict() == {"t": [None, None]}


def test_whole_numbers_may_stand_for_real_ones_but_not_the_other_way():
    assert readers.Table(table({"w": [3]})).read({"w": "real"}, 1)["w"].to_pylist() == [3.0]
    with pytest.raises(ValueError, match="column w is of type double"):
        readers.Table(table({"w": [3.5]})).read({"w": "whole"}, 1)


@pytest.mark.parametrize(
    ("columns", "kinds", "said"),
    [
        ({"name": ["a"] * 3}, NAMES, "claims 3 rows, of at most 2"),
        ({"other": ["a"]}, NAMES, "no column name"),
        ({"name": [["a"]]}, NAMES, "column name is of type list"),
        ({"name": [{"a": 1}]}, NAMES, "column name is of type struct"),
        ({"w": [1, None]}, {"w": "whole"}, "column w has gaps"),
        ({"r": [1.0, float("inf")]}, {"r": "real"}, "column r holds infinity"),
        ({"name": ["x" * 200_000]}, NAMES, "a text of 200,000 bytes"),
    ],
    ids=lambda value: value[:16] if isinstance(value, str) else "",
)
def test_a_table_that_is_none_of_a_run_is_refused(columns, kinds, said):
    with pytest.raises(ValueError, match=said):
        readers.Table(table(columns)).read(kinds, 2)


def test_rows_of_one_value_are_not_read_by_the_million():
    file = table({"w": np.zeros(10_000_000, np.int64)})
    assert len(file.getvalue()) < 100_000
    with pytest.raises(ValueError, match="claims 10,000,000 rows in"):
        readers.Table(file).read({"w": "whole"}, 10**9)


def test_a_text_that_is_repeated_is_not_unpacked():
    names = pa.DictionaryArray.from_arrays(np.zeros(10_000, np.int32), ["x" * 100_000])
    file = table({"name": names}, store_schema=False)  # 1 GB
    assert len(file.getvalue()) < 20_000
    with pytest.raises(ValueError, match="longer than a file of its size can hold"):
        readers.Table(file).read(NAMES, 10**6)


@pytest.mark.parametrize("how", [{"compression": "gzip"}, {"compression": "zstd"}])
def test_other_codecs_are_refused_before_they_unpack(how):
    with pytest.raises(ValueError, match="it is packed by"):
        readers.Table(table({"name": ["a" * 30_000] * 9}, **how)).read(NAMES, 9)


@pytest.mark.parametrize("hides", [False, True])
def test_texts_that_repeat_each_other_are_refused(hides):
    how = {"use_dictionary": False, "column_encoding": {"name": "DELTA_BYTE_ARRAY"}}
    written = bytearray(table({"name": ["a" * 20_000] * 1_000}, **how).getvalue())
    if hides:  # the footer, and not the pages, says that it is plain
        listed = pq.ParquetFile(io.BytesIO(written)).metadata.row_group(0).column(0).encodings
        assert "DELTA_BYTE_ARRAY" in listed
        footer = len(written) - 8 - int.from_bytes(written[-8:-4], "little")
        at = written.index(bytes([2 * 3, 2 * 7]), footer)  # RLE, DELTA_BYTE_ARRAY as zigzag
        written[at + 1] = 0
    with pytest.raises((ValueError, OSError, pa.ArrowException), match=r"packed by|DecodeArrow"):
        readers.Table(io.BytesIO(written)).read(NAMES, 10**6)


def test_a_footer_that_claims_the_world_is_refused():
    file = io.BytesIO(b"PAR1" + bytes(64) + (2**31 - 1).to_bytes(4, "little") + b"PAR1")
    with pytest.raises(ValueError, match="footer claims 2,147,483,647 bytes"):
        readers.Table(file)


# Arrays


def test_arrays_come_back_and_others_stay_where_they_are():
    file = npz(a=np.arange(6, dtype=np.int16).reshape(2, 3), names=np.array(["x", "yy"]), b=1)
    found = readers.arrays(file, {"a": "i2", "names": "U", "c": "u1"}.get)
    assert found.keys() == {"a", "names"}
    assert found["a"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert found["names"].tolist() == ["x", "yy"]


@pytest.mark.parametrize(
    "array", [np.zeros(2, np.int32), np.array([{}], object), np.zeros(2, [("a", "u1")])]
)
def test_an_array_of_another_type_is_refused(array):
    with pytest.raises(ValueError, match=r"a\.npy is of type"):
        readers.arrays(npz(a=array), {"a": "u1"}.get)


def header(shape):
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        buffer, {"descr": "|u1", "fortran_order": False, "shape": shape}
    )
    return buffer.getvalue()


@pytest.mark.parametrize("shape", [(10**12,), (3,), (-1,), (2**40, 2**40)])
def test_an_array_that_claims_another_shape_is_refused(shape):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.npy", header(shape) + b"xx")
    with pytest.raises(ValueError, match="claims a shape that it has not"):
        readers.arrays(buffer, {"a": "u1"}.get)


def test_a_compressed_array_is_refused():
    buffer = io.BytesIO()
    np.savez_compressed(buffer, a=np.zeros(10**6, np.uint8))
    with pytest.raises(ValueError, match=r"a\.npy is compressed"):
        readers.arrays(buffer, {"a": "u1"}.get)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_an_array_that_is_there_twice_is_refused():
    file = npz(a=np.zeros(1, np.uint8))
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("a.npy", header((1,)) + b"x")
    with pytest.raises(ValueError, match="holds an array twice"):
        readers.arrays(file, {"a": "u1"}.get)


def test_arrays_beyond_number_are_refused():
    file = npz(**{f"a{k}": np.zeros(1, np.uint8) for k in range(513)})
    with pytest.raises(ValueError, match="it holds 513 arrays"):
        readers.arrays(file, {"a1": "u1"}.get)


# Pictures


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_a_picture_is_read_as_rgb(kind, mode):
    assert readers.picture(encoded(kind, mode=mode), kind, 12).shape == (3, 4, 3)


@pytest.mark.parametrize(
    "content",
    [b"", b"root:x:0:0", encoded("PNG"), encoded("WEBP")[:-9], b"<svg onload='alert(1)'/>"],
    ids=["nothing", "text", "other", "torn", "svg"],
)
def test_what_is_no_whole_picture_of_its_format_is_refused(content):
    with pytest.raises(ValueError, match="WEBP picture"):
        readers.picture(content, "WEBP", 100)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_picture_is_measured_before_it_is_decoded(kind):
    with pytest.raises(ValueError, match="a picture of 4 by 3 pixels"):
        readers.picture(encoded(kind), kind, 11)
    with pytest.raises(ValueError, match="a picture of 4 by 3 pixels"):
        readers.picture(encoded(kind), kind, 12, (3, 4))


def test_a_picture_of_a_million_pixels_a_side_is_refused():
    claimed = (10**6).to_bytes(4, "big") * 2 + bytes([8, 2, 0, 0, 0])
    chunk = b"IHDR" + claimed
    whole = b"\x89PNG\r\n\x1a\n" + (13).to_bytes(4, "big") + chunk
    with pytest.raises(ValueError, match=r"PNG picture|by 1,000,000 pixels"):
        readers.picture(whole + zlib.crc32(chunk).to_bytes(4, "big"), "PNG", 10**6)
