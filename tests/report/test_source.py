"""What a report holds in memory of its records, and what it reads from where they lie."""

import pandas as pd
import pytest
from drawnruns import PLAIN, make_run
from pandas.testing import assert_frame_equal, assert_series_equal

from audit.report import sampling, source
from audit.report.exports import write_tables
from audit.report.held import PLACE
from audit.report.source import load
from audit.report.sweeps import threshold_sweeps
from audit.storage import packed


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    root = tmp_path_factory.mktemp("source") / "run"
    return make_run(root, images=24, classes=PLAIN, size=32, part_size=4, corrupted=0,
                    examined=False, judged=True)  # fmt: skip


@pytest.fixture(scope="module")
def found(run):
    return load(run)


def test_images_that_could_not_be_read_come_last_and_are_not_explained(found):
    assert found.records["skipped"].ne("").tolist() == [False] * 24 + [True]
    assert found.explained["name"].tolist() == found.records["name"].tolist()[:-1]


def test_no_text_is_missing(found):
    texts = found.packed.read(found.packed.columns).select_dtypes("str")
    assert len(texts.columns) > 20 and not texts.isna().any(axis=None)


def test_what_only_single_images_show_is_read_when_it_is_asked_for(run, found):
    few = found.explained[["name", PLACE]].iloc[[5, 2]]
    whole, all_of_them = found.whole(few), run.records().set_index("name")
    assert not {"asked", "edit_blur_lost", "grown_chance"} & set(found.records)
    assert whole.index.tolist() == [5, 2] and list(whole)[1:] == list(all_of_them)
    told = all_of_them.loc[whole["name"], "removal_place"]
    assert_series_equal(whole["removal_place"], told.set_axis(whole.index))


def test_some_columns_of_some_records_bring_their_clusters(found):
    clustered = source.replace(found, records=found.records.assign(cluster=1))
    assert list(clustered.some(clustered.is_tested, "name")) == ["name", "cluster"]
    assert_frame_equal(found.some(found.is_correct, "name"), found.correct[["name"]])


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_downloads_are_the_same_by_any_batch(run, found, tmp_path, monkeypatch, kind):
    write_tables(found, tmp_path / "at-once")
    monkeypatch.setattr(packed, "_TOGETHER", 2)
    write_tables(load(run), tmp_path / "batches")
    read = {"csv": pd.read_csv, "parquet": pd.read_parquet}[kind]
    one, other = (read(tmp_path / f / f"records.{kind}") for f in ("at-once", "batches"))
    assert_frame_equal(one, other, check_exact=True)
    assert one["name"].tolist() == run.records()["name"].tolist()


def test_other_thresholds_judge_a_sample_of_a_large_run(run, monkeypatch):
    monkeypatch.setattr(source, "MOST_REJUDGED", 5)
    sampled = load(run)
    assert len(sampled.rejudged) == 5 < sampled.is_judged.sum()
    assert sampled.rejudged.equals(load(run).rejudged) and threshold_sweeps(sampled)


def test_pictures_are_drawn_of_a_sample_with_all_that_they_show(run, monkeypatch):
    monkeypatch.setattr(source, "MOST", 6)
    sampled = load(run)
    assert len(sampled.drawn) == 6 and {"removal_place", "edit_blur_lost"} <= set(sampled.drawn)
    assert sampling.MOST > 6
