"""What the report says of the data: leaks, conflicts, outliers, gaps, and where it says so."""

import json
import math
import shutil

import pandas as pd
import pytest
from drawnruns import PLAIN, make_run, predict_again
from links import Page, broken, read_site
from uncharted import content, render

from audit.checks.data_health.outputs import DUPLICATES, IMAGES
from audit.checks.data_health.summary import health
from audit.core.errors import RunFolderError
from audit.report.exports import summary
from audit.report.notes import notes
from audit.report.pages import shared
from audit.report.source import load
from audit.report.templating import fill
from audit.report.view import View
from audit.storage.run import RunFolder


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """A run of ten images; the first three have copies in other splits, the fourth in its own."""
    run = make_run(tmp_path_factory.mktemp("drawn") / "run", images=10, classes=PLAIN[:3], size=64)
    table = run.predictions().assign(prediction=lambda t: t["label"])
    wrong = [0, 4, 5]  # one that leaks, and two that do not
    table.loc[wrong, "prediction"] = (table.loc[wrong, "label"] + 1) % 3
    predict_again(run, table)
    return run


@pytest.fixture
def run(drawn, tmp_path):
    """A copy of it that a test may change."""
    shutil.copytree(drawn.root, tmp_path / "run")
    return RunFolder.open(tmp_path / "run")


@pytest.fixture(scope="module")
def rendered(drawn):
    render(drawn)
    return drawn


def page(run, name="data"):
    """A page of the rendered report."""
    return (run.report_dir / f"{name}.html").read_text(encoding="utf-8")


def written(run, template="checks/data_health/page.md"):
    """What a template says of a run, without the rest of the report."""
    said = shared(content(load(run)))
    return fill(template, root="", links=True, view=View("", {}), **said)


WARNINGS = "partials/warnings.html"


# Figures


def test_accuracy_without_leaks_equals_a_worked_one(drawn):
    found = health(load(drawn))
    values = {key: (e.value, e.n) for key, e in found.accuracies.items()}
    assert values == {
        "all": (pytest.approx(7 / 10), 10),
        "without": (pytest.approx(5 / 7), 7),
        "leaked": (pytest.approx(2 / 3), 3),
    }
    # Wilson of 5 of 7, z = 1.96: (0.7143 + 0.2744 -+ 0.4288) / 1.5488
    without = found.accuracies["without"]
    assert (without.low, without.high) == (
        pytest.approx(0.3589, abs=1e-3),
        pytest.approx(0.9178, abs=1e-3),
    )
    assert found.leaks == 3


def test_pairs_are_counted_by_their_splits(drawn):
    near = health(load(drawn)).near
    counts = {across.splits: (across.pairs, across.conflicts) for across in near.across}
    assert counts == {("train", "test"): (2, 1), ("validation", "test"): (1, 0),
                      ("test", "test"): (1, 0)}  # fmt: skip
    assert (near.pairs, near.conflicts, near.groups) == (4, 1, [2] * 4)
    assert [(p.conflict, p.leak) for p in near.shown] == [(1, 1), (0, 1), (0, 1), (0, 0)]


def test_splits_are_counted(drawn):
    rows = {row.name: row for row in health(load(drawn)).splits}
    assert (rows["train"].images, rows["train"].classes) == (24, 3)
    assert (rows["validation"].images, rows["validation"].broken) == (1, 0)
    assert (rows["test"].images, rows["test"].broken, rows["test"].size) == (12, 1, "64 × 64")


def test_outliers_are_named_with_their_value(drawn):
    found = health(load(drawn)).outlying
    assert found["pixels"].median == "4,096 pixels"
    [(image, value)] = found["elongation"].shown
    assert (image.name, value) == ("black.jpg", "10.00 times as long as wide")
    assert found["dark"].shown[0][1] == "100% black"


def test_a_test_set_alone_leaks_nowhere_that_is_known(run):
    images = IMAGES.read(run)
    images[images["split"] == "test"].to_parquet(run.file("health.parquet"))
    names = set(images["name"][images["split"] == "test"])
    pairs = DUPLICATES.read(run)
    pairs[pairs["a"].isin(names) & pairs["b"].isin(names)].to_parquet(
        run.file("duplicates.parquet")
    )
    found = content(load(run))
    found_health = found.checks["data_health"]
    assert found_health.accuracies == {} and found_health.leaks == 0
    assert math.isnan(found.figures["unleaked_accuracy"].estimate.value)
    assert summary(found)["health"]["leaked_test_images"] is None
    assert "whether test images leak into them is not known" in written(run)
    assert "no training or validation images to compare with" in written(run, WARNINGS)


def test_leaks_count_among_the_predicted_alone(run):
    table = run.predictions()
    table[2:].to_parquet(run.predictions_file)  # a sample: two of the leaked were not predicted
    found = health(load(run))
    assert (found.leaks, found.accuracies["all"].n, found.accuracies["without"].n) == (1, 8, 7)


def test_broken_images_are_named_once(run):
    found = [gap.name for gap in notes(load(run)).skipped]
    assert sorted(found) == ["bad<b>.jpg", "torn.jpg"]


# Pages


def test_the_page_shows_pairs_side_by_side_conflicts_first(rendered):
    text = page(rendered)
    shown = text.split("<article>")[1:5]
    assert "Different labels." in shown[0] and "Leak." in shown[0]
    assert not any("Different labels." in part for part in shown[1:])
    [mirrored] = [part for part in shown if "Mirrored." in part]
    assert "validation: " in mirrored
    assert all(part.count("<img") == 2 for part in shown)
    assert "3 of 10 test images have a near-duplicate in training or validation" in text
    assert (
        "Without them the accuracy is 71.4% (95% interval 35.9% to 91.8%), with all 70.0%" in text
    )


def test_pictures_have_words_and_lie_beside_the_page(rendered):
    found = Page(rendered.report_dir / "data.html").elements
    pictures = [a for tag, a in found if tag == "img" and a["src"].startswith("thumbnails/")]
    assert len(pictures) >= 8
    assert all(a["alt"] and a["width"] and a["height"] for a in pictures)
    assert "pink primrose, training image copy of <b>one</b>.jpg" in {a["alt"] for a in pictures}
    assert broken(read_site(rendered.report_dir)) == []


def test_hostile_names_stay_text(rendered):
    text = page(rendered)
    assert "copy of &lt;b&gt;one&lt;/b&gt;.jpg" in text and "<b>one" not in text
    assert "mirrored *two*.jpg" in text
    assert "three three three" in text


def test_leaks_are_said_where_accuracy_is_read(rendered):
    assert "3 test images have near-duplicates in training or validation" in page(rendered, "index")
    assert "may flatter the accuracy" in page(rendered, "index")
    single = rendered.report_html.read_text(encoding="utf-8")
    assert "may flatter the accuracy" in single and "Different labels." in single
    assert "3 leaked test images (accuracy without 71.4%" in rendered.summary_md.read_text()


def test_the_summary_has_the_figures(rendered):
    found = json.loads(rendered.summary_json.read_text())
    assert found["figures"]["unleaked_accuracy"]["value"] == pytest.approx(5 / 7)
    found = found["health"]
    assert (found["images"], found["unreadable"], found["too_plain_to_compare"]) == (37, 1, 1)
    assert found["near_duplicates"] == {
        "complete": True,
        "pairs": 4,
        "label_conflicts": 1,
        "groups": 4,
        "by_splits": {"train test": 2, "validation test": 1, "test test": 1},
    }
    assert found["leaked_test_images"] == 3
    assert found["accuracies"]["leaked"]["value"] == pytest.approx(2 / 3)
    assert found["outliers"]["elongation"] == 1


def test_tables_are_to_be_downloaded(rendered):
    data = rendered.report_dir / "data"
    pairs, images = (pd.read_csv(data / f"{n}.csv") for n in ("duplicates", "images"))
    assert len(pairs) == 4 and len(images) == 37
    assert pairs.loc[0, ["a_split", "b_split"]].tolist() == ["train", "test"]
    assert set(pairs["a_label"]) <= set(PLAIN[:3])
    assert images.loc[images["name"] == "torn.jpg", "width"].isna().all()


def test_a_search_that_was_given_up_is_never_shown_as_whole(run):
    run.update_manifest(health={"complete": False})
    render(run)
    assert "The search for near-duplicates was given up" in page(run)
    assert "4 or more pairs" in page(run)
    assert "there may be more" in page(run, "index")
    assert (
        json.loads(run.summary_json.read_text())["health"]["near_duplicates"]["complete"] is False
    )


def test_long_lists_are_cut_and_say_so(run):
    images = IMAGES.read(run)
    torn = images[images["skipped"] != ""]
    more = [torn.assign(name=f"torn {k}.png", skipped="cut <i>off") for k in range(250)]
    pd.concat([images, *more]).to_parquet(run.file("health.parquet"))
    text = written(run)
    assert text.count("cut &lt;i&gt;off") == 198  # of 200 rows, two for other reasons
    assert "52 more are not listed here" in text


def test_outliers_beyond_those_shown_are_counted(run):
    images = IMAGES.read(run)
    dark = images[images["name"] == "black.jpg"].assign(thumbnail=None)
    light = images[images["name"] != "black.jpg"]
    many = [dark.assign(name=f"black {k}.jpg") for k in range(14)]
    ordinary = [light.assign(name=light["name"] + f" {k}", thumbnail=None) for k in range(8)]
    pd.concat([images, *many, *ordinary]).to_parquet(run.file("health.parquet"))
    found = health(load(run)).outlying["dark"]
    assert (found.total, len(found.shown)) == (15, 12)
    assert [image.file for image, _ in found.shown].count("") == 11
    assert "15 images, of which the 12 farthest are shown" in written(run)


def test_no_duplicates_are_said_to_be_none(run):
    DUPLICATES.read(run)[:0].to_parquet(run.file("duplicates.parquet"))
    for template in ("checks/data_health/page.md", WARNINGS):
        assert "No test image has a near-duplicate in training or valid" in written(run, template)
    assert "No two images are near-duplicates" in written(run)
    found = summary(content(load(run)))
    assert found["figures"]["unleaked_accuracy"] == found["figures"]["accuracy"]


def test_a_run_from_before_says_that_nobody_looked(run):
    run.file("health.parquet").unlink()
    render(run)
    assert "were not looked for" in page(run) and "records.csv" in page(run)
    assert "Near-duplicates were not looked for" in page(run, "index")
    assert "test images have near-duplicates" not in page(run, "index")
    found = json.loads(run.summary_json.read_text())
    assert found["health"] is None
    assert found["figures"]["unleaked_accuracy"]["value"] is None
    assert not (run.report_dir / "thumbnails").exists()
    assert broken(read_site(run.report_dir)) == []


@pytest.mark.parametrize("name", ["health.parquet", "duplicates.parquet"])
def test_a_torn_table_is_named(run, name):
    file = run.file(name)
    file.write_bytes(b"torn")
    with pytest.raises(RunFolderError, match=f"{file.name} is missing or torn"):
        content(load(run))


def test_a_given_model_may_not_have_seen_the_training_images(run):
    run.update_manifest(model=run.manifest()["model"] | {"source": "mine.keras"})
    assert "whether it has learnt from these training images is not known" in written(run)
