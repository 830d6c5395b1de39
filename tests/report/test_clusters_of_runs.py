"""Near-duplicates among test images are clusters, where no column was asked for."""

from dataclasses import replace

import pandas as pd
import pytest
from drawnruns import PLAIN, make_run

from audit.checks.clusters.check import CHECK
from audit.report import figures
from audit.report.clusters import GIVEN, clusters_of
from audit.report.source import load
from audit.storage.run import write_whole


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run for which no column was named."""
    root = tmp_path_factory.mktemp("run") / "run"
    made = make_run(root, images=20, classes=PLAIN[:3], size=32)
    GIVEN.file(made).unlink()
    return made


def keep_pairs(run, pairs):
    table = pd.DataFrame(pairs, columns=["a", "b"]).astype("str")
    table = table.assign(distance=0, likeness=1.0, mirrored=False)
    write_whole(run.file("duplicates.parquet"), table.to_parquet(index=False))


def test_without_a_look_for_near_duplicates_nothing_is_known(run):
    run.file("duplicates.parquet").unlink(missing_ok=True)
    source = load(run)
    assert source.clusters is None and "cluster" not in source.predictions


def test_near_duplicates_of_near_duplicates_are_one_cluster(run):
    a, b, c, d, *_ = load(run).predictions["name"]
    keep_pairs(run, [(a, b), (c, b), ("train/other.jpg", d), ("train/other.jpg", a)])
    found = clusters_of(run, load(run).predictions["name"])
    assert set(found.of) == {a, b, c} and len(set(found.of.values())) == 1
    assert found.clusters == found.images - 2 and found.largest == 3 and not found.alone


def test_figures_draw_them_together(run):
    names = load(run).predictions["name"]
    keep_pairs(run, [(names[0], other) for other in names[1:]])
    source = load(run)
    found = figures.estimate(source, figures.ACCURACY)
    assert found.method == "cluster bootstrap"
    plain = replace(source, predictions=source.predictions.drop(columns="cluster"))
    assert found.value == figures.estimate(plain, figures.ACCURACY).value


def test_where_no_test_image_has_one_intervals_are_those_of_images(run):
    keep_pairs(run, [("train/one.jpg", "train/two.jpg")])
    source = load(run)
    assert source.clusters.alone and CHECK.summarise(source, {}) is None
    assert figures.estimate(source, figures.ACCURACY).method == "wilson"
