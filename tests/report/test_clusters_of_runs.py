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


def test_labels_of_an_image_and_of_its_near_duplicates_are_one_cluster(run):
    names = pd.Series(["a [x]", "a [y]", "b [x]", "c [x]", "c [y]"])
    images = names.str[:1]
    keep_pairs(run, [("a", "b")])
    found = clusters_of(run, names, images)
    codes = names.map(found.of).tolist()
    assert codes[0] == codes[1] == codes[2] != codes[3] == codes[4]
    assert (found.images, found.clusters, found.largest) == (5, 2, 3)
    assert found.words == "labels of one image together: 2 clusters of 5 labels"


def test_labels_without_a_value_are_in_a_cluster_of_their_image(run, tmp_path):
    names = pd.Series(["a [x]", "a [y]", "b [x]", "b [y]", "c [x]"])
    table = pd.DataFrame({"column": "site", "name": ["a [x]", "a [y]", "c [x]"], "cluster": "s"})
    write_whole(GIVEN.file(run), table.astype("str").to_parquet(index=False))
    found = clusters_of(run, names, names.str[:1])
    GIVEN.file(run).unlink()
    codes = names.map(found.of).tolist()
    assert codes[0] == codes[1] == codes[4] != codes[2] == codes[3]
