"""Records by the batch and packed: the same as all at once, whatever the size of a batch."""

import shutil

import numpy as np
import pandas as pd
import pytest
from drawnruns import PLAIN, make_run, record, write_verdicts
from pandas.testing import assert_frame_equal

from audit.storage import packed
from audit.storage.packed import Packed
from audit.storage.run import RunFolder


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    root = tmp_path_factory.mktemp("packed") / "run"
    return make_run(root, images=10, classes=PLAIN, size=32, part_size=2, corrupted=0,
                    examined=False, judged=True)  # fmt: skip


def test_records_are_the_same_by_any_batch(run, monkeypatch):
    at_once = run.records()
    monkeypatch.setattr(packed, "_TOGETHER", 2)
    assert len(list(run.batches())) == 3
    assert_frame_equal(run.records(), at_once, check_exact=True)


def test_batches_are_of_one_type_though_no_image_of_one_has_a_verdict(run, tmp_path, monkeypatch):
    known = run.records()
    torn = RunFolder(shutil.copytree(run.root, tmp_path / "run"))
    torn.write_part(9, [record("broken.jpg", part=9, skipped="no image")], [])
    write_verdicts(torn, known.to_dict("records"))
    monkeypatch.setattr(packed, "_TOGETHER", 1)
    *_, last = torn.batches()
    assert last["name"].tolist() == ["broken.jpg"] and last.dtypes.equals(known.dtypes)


def test_a_run_without_parts_has_one_batch_without_rows(run, tmp_path):
    empty = RunFolder.create(tmp_path / "run", resume=False)
    assert [len(batch) for batch in empty.batches()] == [0]
    assert list(empty.records()) == list(run.records())


def test_columns_are_read_as_they_were_packed(run):
    frame = run.records().fillna({"mask_doubt": ""})
    found = Packed([frame[:3], frame[3:]])
    assert_frame_equal(found.read(found.columns), frame, check_exact=True)


def test_rows_come_in_the_order_of_the_places_asked_for():
    found = Packed(pd.DataFrame({"a": [i], "b": [str(i)]}) for i in range(4))
    rows = found.read(["b"], np.array([3, 0, 3]))
    assert rows["b"].tolist() == ["3", "0", "3"] and list(rows) == ["b"]


def test_batches_come_back_with_the_places_of_their_rows():
    found = Packed([pd.DataFrame({"a": [7, 8]}), pd.DataFrame({"a": [9]})])
    told = [(batch.index.tolist(), batch["a"].tolist()) for batch in found.batches()]
    assert told == [([0, 1], [7, 8]), ([2], [9])]


def test_a_file_too_large_for_memory_goes_to_a_disk(monkeypatch):
    monkeypatch.setattr(packed, "_IN_MEMORY", 1)
    assert Packed([pd.DataFrame({"a": [1]})]).read(["a"])["a"].tolist() == [1]
