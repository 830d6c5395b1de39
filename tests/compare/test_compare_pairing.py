"""Which runs can be compared, and what is said of those that differ."""

import pandas as pd
import pytest
from drawnruns import PLAIN, make_run, rows_of

from audit.compare.pairing import entries, names, pair
from audit.core.errors import RunFolderError
from audit.datasets.contents import Contents
from audit.storage.heatmaps import pack_donors
from audit.storage.run import RunFolder

CLASSES = PLAIN[:3]


@pytest.fixture
def runs(tmp_path):
    """Two runs of ten images, to be changed."""
    return [
        make_run(tmp_path / name, images=10, classes=CLASSES, size=32, seed=seed)
        for seed, name in enumerate("ab")
    ]


def change(run, section, **given):
    run.update_manifest(**{section: run.manifest()[section] | given})


def rewrite(run, edit):
    """Change predictions and records alike."""
    edit(run.predictions()).to_parquet(run.predictions_file)
    run.write_part(0, rows_of(edit(run.records())), [])


def paired(runs):
    return pair(*entries(runs))


def test_like_runs_share_everything_and_carry_no_warning(runs):
    found = paired(runs)
    ours, theirs = found.a.source, found.b.source
    assert found.warnings == []
    assert len(ours.predictions) == len(ours.explained) == 10
    assert ours.explained["name"].tolist() == theirs.explained["name"].tolist()
    assert ours.predictions["name"].tolist() == theirs.predictions["name"].tolist()


def test_names_are_folders_with_as_many_parents_as_tell_them_apart(tmp_path):
    folders = [RunFolder(tmp_path / p) for p in ("old/x/run", "new/x/run", "new/y/run")]
    assert names(folders) == ["old/x/run", "new/x/run", "new/y/run"]
    assert names(folders[1:]) == ["x/run", "y/run"]
    assert names([RunFolder(tmp_path / "a"), RunFolder(tmp_path / "b")]) == ["a", "b"]


def test_one_run_alone_and_one_given_twice_are_refused(runs):
    with pytest.raises(RunFolderError, match="1 runs given"):
        entries(runs[:1])
    with pytest.raises(RunFolderError, match="given twice"):
        entries([*runs, RunFolder(runs[0].root / ".." / "a")])


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"fingerprint": "beef"}, r"other images, labels or splits \(c0ffee.*, beef\)"),
        ({"name": "tulips"}, r"other data sets \(oxford_flowers102, tulips\)"),
        ({"classes": ["x", *CLASSES[1:]]}, "other classes .number 0 is 'pink primrose', 'x'"),
    ],
)
def test_runs_of_other_data_are_refused(runs, given, message):
    change(runs[1], "data", **given)
    with pytest.raises(RunFolderError, match=message):
        paired(runs)


def test_other_labels_are_refused_with_the_image(runs):
    def relabelled(table):
        return table.assign(label=table["label"].mask(table["name"] == "image_00004.jpg", 2))

    rewrite(runs[1], relabelled)
    with pytest.raises(RunFolderError, match=r"label 1 images differently .'image_00004.jpg' is"):
        paired(runs)


def test_runs_without_a_common_image_are_refused(runs):
    rewrite(runs[1], lambda table: table.assign(name="other " + table["name"]))
    with pytest.raises(RunFolderError, match="no test image in common"):
        paired(runs)


def test_images_of_the_same_names_and_other_content_are_refused(runs):
    changed = Contents()
    for name in runs[1].predictions()["name"]:
        changed.heed(name, b"negative" if name == "image_00004.jpg" else name.encode())
    changed.table().to_parquet(runs[1].contents_file)
    said = r"other images of the same names \(1 of 10 differ in content, the first 'image_0"
    with pytest.raises(RunFolderError, match=said):
        paired(runs)


def test_that_an_earlier_version_kept_no_hashes_is_told(runs):
    runs[0].contents_file.unlink()
    assert ["A kept no hashes" in w for w in paired(runs).warnings] == [True]


@pytest.mark.parametrize(
    ("section", "given", "warning"),
    [
        (
            "config",
            {"suspicious_share": 0.6},
            "thresholds: suspicious share 0.5 and 0.6.",
        ),
        ("config", {"cam": "hirescam"}, "in different ways: cam not set and hirescam."),
        ("config", {"ig_rule": "uniform"}, "in different ways: ig rule quadratic and uniform."),
        ("config", {"subject": "bird"}, "flower in A, bird in B"),
        ("data", {"masks": "beef"}, "masks differ"),
        ("model", {"input_size": 224}, "differ in kind or input size"),
        ("sweep", {"explained": 15}, "B is unfinished: 4 images"),
    ],
)
def test_what_else_differs_is_a_warning(runs, section, given, warning):
    change(runs[1], section, **given)
    found = paired(runs).warnings
    assert len(found) == 1
    assert warning in found[0]


def test_other_donors_are_a_warning(runs):
    runs[1].donors_file.write_bytes(pack_donors(["another"], runs[1].donors()[0][None]))
    assert [w[:10] for w in paired(runs).warnings] == ["The donors"]


def test_other_images_tested_and_explained_are_cut_and_counted(runs, tmp_path):
    more = make_run(tmp_path / "c", images=16, classes=CLASSES, size=32, seed=2)
    found = paired([runs[0], more])
    assert len(found.a.source.predictions) == len(found.b.source.predictions) == 10
    assert found.explained == (10, 16)
    assert (
        "10 images in A, 16 in B were tested; the 10 tested in both are compared"
        in found.warnings[0]
    )
    assert "the 10 explained in both" in found.warnings[1]


def test_an_image_skipped_in_one_run_is_left_out_of_both(runs):
    part = runs[1].root / "records" / "part-00000.parquet"
    table = pd.read_parquet(part)
    table.loc[table["name"] == "image_00003.jpg", ["skipped", "verdict"]] = ["torn", ""]
    runs[1].write_part(0, rows_of(table), [])
    found = paired(runs)
    assert "image_00003.jpg" not in set(found.a.source.explained["name"])
    assert len(found.a.source.explained) == len(found.b.source.explained) == 9


def test_one_architecture_under_two_names_is_no_other_kind(runs):
    change(runs[0], "model", backbone="small", architecture_sha256="a" * 64)
    change(runs[1], "model", backbone="small_classifier", architecture_sha256="a" * 64)
    assert paired(runs).warnings == []
