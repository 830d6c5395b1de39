import json
import os

import numpy as np
import pandas as pd
import pytest
from mapsdrawn import maps_of

from audit.checks.data_health.outputs import DUPLICATES, IMAGES
from audit.checks.explainer_sanity.outputs import FILE as TRUST
from audit.checks.opportunity.outputs import FILE as OPPORTUNITY
from audit.checks.robustness.outputs import TABLE as ROBUSTNESS
from audit.checks.shortcuts.outputs import FILE as SHORTCUTS
from audit.core.errors import RunFolderError
from audit.storage.records import RECORD_SCHEMA
from audit.storage.run import RunFolder, write_whole


def record(name, part=0, row=0, **more):
    blanks = {"string": "", "int32": 0, "bool": False}
    blank = {f.name: blanks.get(str(f.type)) for f in RECORD_SCHEMA}
    return blank | {"name": name, "part": part, "row": row} | more


@pytest.fixture
def run(tmp_path):
    folder = RunFolder.create(tmp_path / "run", resume=False)
    folder.update_manifest(command="flower-audit run")
    return folder


# Folders


def test_new_folder_is_made_with_its_parents(tmp_path):
    run = RunFolder.create(tmp_path / "runs" / "new", resume=False)
    assert run.records_dir.is_dir()
    assert run.maps_dir.is_dir()


def test_empty_folder_is_taken(tmp_path):
    assert RunFolder.create(tmp_path, resume=False).root == tmp_path


def test_resume_of_nothing_begins_anew(tmp_path):
    assert RunFolder.create(tmp_path / "new", resume=True).done_parts() == set()


def test_foreign_folder_is_never_touched(tmp_path):
    (tmp_path / "thesis.tex").write_text("my only copy")
    for resume in (False, True):
        with pytest.raises(RunFolderError, match="holds something else: choose an empty or new"):
            RunFolder.create(tmp_path, resume=resume)
    assert [f.name for f in tmp_path.iterdir()] == ["thesis.tex"]


def test_folder_of_a_run_is_gone_on_with_only_by_resume(run):
    with pytest.raises(RunFolderError, match="already holds a run: go on with --resume"):
        RunFolder.create(run.root, resume=False)
    assert RunFolder.create(run.root, resume=True).manifest()["command"] == "flower-audit run"


def test_folder_of_a_run_killed_before_its_manifest_can_be_resumed(tmp_path):
    RunFolder.create(tmp_path / "run", resume=False)
    assert RunFolder.create(tmp_path / "run", resume=True).done_parts() == set()


def test_file_in_the_way_is_refused(tmp_path):
    (tmp_path / "run").write_text("x")
    with pytest.raises(RunFolderError, match="is a file: choose another --out"):
        RunFolder.create(tmp_path / "run", resume=False)


def test_file_in_the_way_of_a_parent_is_refused(tmp_path):
    (tmp_path / "runs").write_text("x")
    with pytest.raises(RunFolderError, match=r"^Cannot make .*: "):
        RunFolder.create(tmp_path / "runs" / "new", resume=False)


def test_only_a_run_folder_opens(tmp_path, run):
    assert RunFolder.open(run.root).root == run.root
    for other in (tmp_path, tmp_path / "none"):
        with pytest.raises(RunFolderError, match=r"is not a run folder \(no manifest.json\)"):
            RunFolder.open(other)


# Manifest


def test_sections_are_replaced_and_others_kept(run):
    run.update_manifest(data={"a": 1, "b": 2})
    run.update_manifest(data={"a": 3}, model={"path": run.root})
    assert run.manifest() == {
        "schema": 1,
        "command": "flower-audit run",
        "data": {"a": 3},
        "model": {"path": str(run.root)},
    }


def test_torn_manifest_is_one_line(run):
    run.manifest_file.write_text('{"schema": 1,')
    with pytest.raises(RunFolderError, match=r"manifest\.json is not valid JSON") as error:
        run.manifest()
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "3",
        '{"config": [1]}',
        '{"checksums": null}',
        '{"data": {"classes": {}}}',
        '{"data": {"skipped": [3]}}',
        '{"model": {"sha256": 3}}',
        "[" * 100_000,
    ],
)
def test_json_that_is_no_manifest_is_one_line(run, text):
    run.manifest_file.write_text(text)
    with pytest.raises(RunFolderError, match=r"manifest\.json (was not|is not)") as error:
        run.manifest()
    assert "\n" not in str(error.value)


def test_manifest_keeps_names_of_any_script(run):
    run.update_manifest(data={"classes": ["ро́за", "<b>", 'a"b', "a\nb"]})
    assert run.manifest()["data"]["classes"] == ["ро́за", "<b>", 'a"b', "a\nb"]
    json.loads(run.manifest_file.read_bytes())


# Files are written whole or not at all


def test_written_file_replaces_the_old_one_and_leaves_nothing_beside(tmp_path):
    file = tmp_path / "x.json"
    file.write_text("old")
    write_whole(file, b"new")
    assert file.read_bytes() == b"new"
    assert [f.name for f in tmp_path.iterdir()] == ["x.json"]


def test_failed_write_leaves_the_old_file(tmp_path):
    file = tmp_path / "x.json"
    file.mkdir()  # cannot be replaced by a file
    (file / "old").write_text("old")
    with pytest.raises(RunFolderError, match=r"^Cannot write .*x\.json: "):
        write_whole(file, b"new")
    assert (file / "old").read_text() == "old"
    assert [f.name for f in tmp_path.iterdir()] == ["x.json"]


def test_folder_that_is_gone_is_one_line(tmp_path):
    with pytest.raises(RunFolderError, match=r"^Cannot write .*: No such file or directory"):
        write_whole(tmp_path / "gone" / "x.json", b"new")


def test_reader_never_sees_half_of_a_file(tmp_path, monkeypatch):
    file = tmp_path / "x.json"
    file.write_bytes(b"old")
    seen = []
    replace = type(file).replace

    def spy(self, target):
        seen.append((file.read_bytes(), self.read_bytes()))
        return replace(self, target)

    monkeypatch.setattr(type(file), "replace", spy)
    write_whole(file, b"new")
    assert seen == [(b"old", b"new")]


# Parts


def test_parts_come_back_as_written(run):
    run.write_part(1, [record("b.jpg", 1, 0, chance=0.25)], [maps_of(1, "b.jpg")])
    run.write_part(0, [record("a.jpg", 0, -1, skipped="torn"), record("c.jpg")], [maps_of(2)])
    assert run.done_parts() == {0, 1}
    records = run.records()
    assert list(records.columns) == RECORD_SCHEMA.names
    assert records["name"].tolist() == ["a.jpg", "c.jpg", "b.jpg"]
    assert records["chance"].tolist()[2] == 0.25
    assert [m.name for m in run.maps(1)] == ["b.jpg"]


def test_part_of_broken_images_alone_has_no_maps(run):
    run.write_part(0, [record("a.jpg", 0, -1, skipped="torn")], [])
    assert run.done_parts() == {0}
    assert list(run.maps_dir.iterdir()) == []
    assert len(run.records()) == 1


def test_no_parts_are_a_table_without_rows(run):
    assert list(run.records().columns) == RECORD_SCHEMA.names
    assert len(run.records()) == 0


def test_part_that_fails_to_be_recorded_is_not_done(run):
    run.records_dir.rmdir()
    with pytest.raises(RunFolderError, match="Cannot write"):
        run.write_part(0, [record("a.jpg")], [maps_of()])
    assert run.done_parts() == set()


def test_left_over_of_a_killed_write_is_no_part(run):
    half = run.records_dir / f".{os.getpid()}.part-00003.parquet"
    half.write_bytes(b"half")
    assert run.done_parts() == set()
    assert len(run.records()) == 0
    run.update_manifest()
    RunFolder.create(run.root, resume=True)
    assert not half.exists()


def test_a_part_is_done_once_its_checksums_are_written(run):
    run.write_part(0, [record("a.jpg")], [maps_of()])
    assert run.whole_parts() == {0}
    (run.checksums_dir / "part-00000.json").unlink()
    assert run.done_parts() == run.whole_parts() == set()
    assert len(run.records()) == 0


def test_a_part_of_other_maps_than_were_written_is_no_longer_done(run):
    for part, name in enumerate(("a.jpg", "b.jpg")):
        run.write_part(part, [record(name, part)], [maps_of(part, name)])
    (run.maps_dir / "part-00000.npz").write_bytes((run.maps_dir / "part-00001.npz").read_bytes())
    assert run.whole_parts() == run.done_parts() == {1}


def test_a_file_is_finished_once_the_manifest_knows_its_checksum(run):
    write_whole(run.file("trust.json"), b"{}")
    assert not run.has(run.file("trust.json"))
    run.keep(run.file("trust.json"), b"{}")
    assert run.has(run.file("trust.json"))
    run.file("trust.json").write_bytes(b"[]")
    assert not run.has(run.file("trust.json"))


@pytest.mark.parametrize("keep", [0, 10, 0.5, 0.99])
def test_torn_maps_are_one_line_that_says_how_to_mend_them(run, keep):
    run.write_part(0, [record("a.jpg")], [maps_of()])
    file = run.maps_dir / "part-00000.npz"
    content = file.read_bytes()
    file.write_bytes(content[: int(keep * len(content)) if keep < 1 else keep])
    with pytest.raises(RunFolderError) as error:
        list(run.maps(0))
    message = str(error.value)
    assert message.startswith(f"{file} is missing or torn (")
    assert "--resume" in message
    assert "\n" not in message


@pytest.mark.parametrize(
    "change",
    [
        {"ig": None},
        {"shape": np.int64(3)},
        {"names": np.array([], np.str_)},
        {"gradcam": np.zeros((2, 4, 4), np.float16)},
        {"image_ends": np.array(["x"])},
        {"donors": np.float32(1)},
        {"images": np.frombuffer(b"no JPEG", np.uint8)},
        {"trimaps": np.zeros(9, np.int64)},
    ],
)
def test_arrays_that_do_not_agree_are_one_line(run, change):
    run.write_part(0, [record("a.jpg")], [maps_of()])
    file = run.maps_dir / "part-00000.npz"
    with np.load(file) as arrays:
        changed = {k: v for k, v in (dict(arrays) | change).items() if v is not None}
    np.savez(file, **changed)
    with pytest.raises(RunFolderError, match=r"part-00000\.npz is missing or torn") as error:
        list(run.maps(0))
    assert "\n" not in str(error.value)


def test_records_that_are_readable_but_others_are_refused(run):
    for part, name in enumerate(("a.jpg", "b.jpg")):
        run.write_part(part, [record(name, part)], [maps_of(part, name)])
    other = (run.records_dir / "part-00001.parquet").read_bytes()
    (run.records_dir / "part-00000.parquet").write_bytes(other)
    with pytest.raises(RunFolderError, match=r"part-00000\.parquet is missing or torn .*--resume"):
        run.records()


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("trust.json", TRUST.read),
        ("shortcuts.json", SHORTCUTS.read),
        ("opportunity.json", OPPORTUNITY.read),
        ("health.parquet", IMAGES.read),
        ("duplicates.parquet", DUPLICATES.read),
        ("robustness.parquet", ROBUSTNESS.read),
        ("predictions.parquet", RunFolder.predictions),
        ("donors.npz", RunFolder.donors),
        ("donors.npz", RunFolder.donor_names),
    ],
)
def test_file_that_is_no_longer_as_it_was_kept_is_refused(run, name, read):
    run.keep(run.root / name, b"as it was")
    (run.root / name).write_bytes(b"[1]")
    with pytest.raises(RunFolderError, match=rf"{name} is missing or torn \(other checksum"):
        read(run)


def test_missing_maps_are_one_line(run):
    with pytest.raises(RunFolderError, match=r"part-00007\.npz is missing: go on"):
        list(run.maps(7))


@pytest.mark.parametrize("content", [b"", b"PAR1 and no more"])
def test_torn_records_are_one_line_that_says_how_to_mend_them(run, content):
    run.write_part(0, [record("a.jpg")], [maps_of()])
    file = run.records_dir / "part-00000.parquet"
    file.write_bytes(content)
    with pytest.raises(RunFolderError) as error:
        run.records()
    message = str(error.value)
    assert message.startswith(f"{file} is missing or torn (")
    assert "--resume" in message
    assert "\n" not in message


def test_records_of_an_older_version_are_one_line(run):
    run.write_part(0, [record("a.jpg")], [maps_of()])
    pd.DataFrame({"name": ["a.jpg"], "part": ["zero"]}).to_parquet(
        run.records_dir / "part-00000.parquet"
    )
    with pytest.raises(RunFolderError, match="columns of another version") as error:
        run.records()
    assert "\n" not in str(error.value)


def test_parts_with_other_explainers_do_not_mix(run):
    lime = {f"lime_{c}": 0.5 for c in ("mass", "rank_accuracy", "pointing", "skill")}
    run.write_part(0, [record("a.jpg") | lime | {"lime_reason": ""}], [maps_of()])
    assert run.records()["lime_skill"].tolist() == [0.5]
    run.write_part(1, [record("b.jpg", 1)], [maps_of(1, "b.jpg")])
    with pytest.raises(RunFolderError, match=r"part-00001\.parquet has the columns of another"):
        run.records()


def test_predictions_come_back(run):
    table = pd.DataFrame({"name": ["a.jpg"], "label": [0], "prediction": [1], "confidence": [0.5]})
    write_whole(run.predictions_file, table.to_parquet(index=False))
    pd.testing.assert_frame_equal(run.predictions(), table, check_dtype=False)


def test_missing_predictions_are_one_line(run):
    with pytest.raises(RunFolderError, match="no predictions yet: run flower-audit sweep"):
        run.predictions()
