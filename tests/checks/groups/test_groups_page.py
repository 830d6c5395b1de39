"""What a run says of its groups, and that what is missing is a word and never a wrong figure."""

import json

import numpy as np
import pytest
from drawnruns import keep_groups
from gateruns import answered, case, write_run
from uncharted import found_in, uncharted

from audit.checks.groups.summary import SHOWN, find_groups, summary_part
from audit.core.errors import RunFolderError
from audit.gate.gates import Limits, hold_to_limits
from audit.report.findings import findings
from audit.report.screen import screen
from audit.report.source import load
from audit.report.templating import fill


@pytest.fixture
def run_of(tmp_path):
    """A run of bare records, whose images are in groups by one column, ``site``."""

    def made(cases, values, others=(), column="site"):
        run = write_run(tmp_path / "run", cases)
        told = [(column, "test", f"{i:04d}.jpg", cases[i]["label"], value)
                for i, value in enumerate(values)]  # fmt: skip
        keep_groups(run, told + [(column, split, f"{split}{k}", 0, value)
                                 for k, (split, value) in enumerate(others)])  # fmt: skip
        return run

    return made


def words(found):
    """What the pages say of groups, without markup."""
    told = type("Content", (), {"checks": {"groups": found}})
    text = fill("checks/groups/summary.html", content=told, root="")
    return " ".join(text.replace("<bdi>", "").replace("</bdi>", "").split())


# 40 roses in the north, 20 of them right; 40 in the south, all right.
HALVES = answered(20, 40) + answered(40, 40), ["north"] * 40 + ["south"] * 40


def test_each_group_has_its_accuracy_verdicts_and_effects(run_of):
    found = find_groups(load(run_of(*HALVES, others=[("train", "north")] * 3)))
    (column,) = found.columns
    north, south = column.groups
    assert (north.group, north.accuracy.value, north.accuracy.n) == ("north", 0.5, 40)
    assert (south.group, south.accuracy.value) == ("south", 1.0)
    assert (north.counts["right-reasons"], north.counts["misread"]) == (20, 20)
    assert (north.trained, south.trained) == (3, 0)
    assert north.wrong_reasons.n == 20 and north.gap.value == pytest.approx(0.25)
    assert column.unseen == ["south"]


def test_classes_in_groups_are_told_apart(run_of):
    cases = answered(10, 20) + answered(20, 20, label=1)
    (column,) = find_groups(load(run_of(cases, ["north"] * 40))).columns
    assert [(c.label, c.accuracy.value) for c in column.cells] == [(0, 0.5), (1, 1.0)]
    assert column.groups[0].accuracy.value == 0.75


def test_the_worst_group_is_a_headline_figure_with_a_tile(run_of):
    told = uncharted(run_of(*HALVES))
    worst = told.checks["groups"].worst
    assert told.figures["worst_group_accuracy"].estimate == worst.accuracy
    assert "worst_group_accuracy" in screen(told).figures


def test_a_run_without_groups_has_the_figure_undefined_and_no_tile(tmp_path):
    told = uncharted(write_run(tmp_path / "run", answered(3, 4)))
    assert told.checks["groups"] is None
    assert np.isnan(told.figures["worst_group_accuracy"].estimate.value)
    assert len(screen(told).figures) == 6


def test_missing_values_are_counted_and_in_no_group(run_of):
    run = run_of(answered(20, 40), ["north"] * 20 + [""] * 20)
    found = find_groups(load(run))
    (column,) = found.columns
    assert (column.without, column.sizes) == (20, 1)
    assert column.groups[0].accuracy.n == 20
    assert "20 of 40 test images have no value and are in no group" in words(found)


def test_images_that_the_groups_file_does_not_know_have_no_value(run_of):
    (column,) = find_groups(load(run_of(answered(20, 40), ["north"] * 10))).columns
    assert (column.without, column.groups[0].accuracy.n) == (30, 10)


def test_where_no_test_image_has_a_value_that_is_said(run_of):
    run = run_of(answered(20, 40), [""] * 40, others=[("train", "north")])
    found = find_groups(load(run))
    assert "no test image has a value, so nothing can be said by it" in words(found)
    assert found.worst.cell is None


def test_one_image_a_group_is_no_worst_group(run_of):
    run = run_of(answered(10, 20), [f"bird {k}" for k in range(20)])
    told = uncharted(run)
    none = "no class in a group has 10 test images, so none can be called the worst"
    assert none in words(told.checks["groups"])
    found = {f.key: f for f in findings(told)}
    assert "worst-group" not in found
    assert "20 of 20 classes in groups with fewer" in found["groups-not-told"].words


def test_a_thousand_groups_are_cut_to_the_worst_and_said_to_be(run_of):
    cases = [case(0, right=i % 3 > 0) for i in range(1000)] + answered(10, 20)
    run = run_of(cases, [f"camera {k}" for k in range(1000)] + ["tripod"] * 20)
    found = find_groups(load(run))
    (column,) = found.columns
    assert (column.sizes, len(column.groups), column.worst.counted) == (1001, SHOWN, 1)
    assert column.groups[0].group == "tripod" and not column.groups[0].few
    assert column.groups[1].few
    assert len(column.picture.groups) <= 12
    assert "1,000 classes in groups with fewer than 10 test images are not compared" in words(found)


def test_a_group_of_training_images_alone_is_named_and_has_no_figure(run_of):
    run = run_of(*HALVES, others=[("train", "east"), ("validation", "west"), ("train", "north")])
    found = find_groups(load(run))
    (column,) = found.columns
    assert column.elsewhere == ["east", "west"]
    assert {row.group for row in column.groups} == {"north", "south"}
    assert "2 groups have images in other splits only, so nothing is known about them" in words(
        found
    )


def test_several_columns_have_their_own_worst_and_one_of_all(tmp_path):
    run = write_run(tmp_path / "run", answered(20, 40))
    names = [f"{i:04d}.jpg" for i in range(40)]
    told = [("site", "test", name, 0, "north") for name in names]
    told += [("camera", "test", name, 0, "ab"[i >= 20]) for i, name in enumerate(names)]
    keep_groups(run, told)
    found = find_groups(load(run))
    assert [column.name for column in found.columns] == ["site", "camera"]
    assert [column.worst.accuracy.value for column in found.columns] == [0.5, 0.0]
    assert (found.worst.cell.column, found.worst.counted) == ("camera", 3)


def test_a_group_far_below_the_mean_beyond_doubt_is_a_finding_to_look_at(run_of):
    cases = answered(10, 100) + answered(380, 400)
    found = found_in(run_of(cases, ["north"] * 100 + ["south"] * 400))["worst-group"]
    assert found.severity == "look" and "lowest of 2" in found.words
    assert found.steps[1].links[0].address == "gallery.html#class=0&group=site%3Dnorth"


def test_a_group_that_may_be_below_by_chance_is_for_information_or_none(run_of):
    cases = answered(7, 10) + answered(90, 100)
    found = found_in(run_of(cases, ["north"] * 10 + ["south"] * 100))["worst-group"]
    assert found.severity == "info" and "cannot be told apart" in found.words


def test_groups_that_are_alike_make_no_finding(run_of):
    found = found_in(run_of(answered(38, 40) + answered(37, 40), ["a"] * 40 + ["b"] * 40))
    assert not {"worst-group", "groups-not-told"} & set(found)


@pytest.mark.parametrize(("limit", "stands"), [(0.8, "broken"), (0.6, "doubtful"), (0.4, "holds")])
def test_the_gate_holds_the_worst_group_beyond_doubt(run_of, limit, stands):
    found = hold_to_limits(run_of(*HALVES), Limits(min_group_accuracy=limit)).outcomes[-1]
    assert (found.key, found.standing) == ("min-group-accuracy", stands)
    assert "Worst-group accuracy 50.0%" in found.words
    assert "rose, site north; the lowest of 2" in found.words


def test_the_gate_cannot_be_judged_without_groups(tmp_path):
    run = write_run(tmp_path / "run", answered(3, 4))
    found = hold_to_limits(run, Limits(min_group_accuracy=0.5)).outcomes[-1]
    assert (found.standing, found.holds) == ("undefined", False)
    assert found.words.endswith("no groups were given: sweep again with --group COLUMN")


def test_the_gate_cannot_be_judged_by_groups_of_few_images(run_of):
    run = run_of(answered(3, 4), list("abcd"))
    found = hold_to_limits(run, Limits(min_group_accuracy=0.5)).outcomes[-1]
    assert found.words.endswith("no class in a group has 10 test images")


def test_a_file_that_lists_an_image_twice_is_refused(run_of):
    run = run_of(*HALVES)
    keep_groups(run, [("site", "test", "0000.jpg", 0, value) for value in "ab"])
    with pytest.raises(RunFolderError, match=r"groups\.parquet lists an image twice"):
        find_groups(load(run))


def test_the_summary_names_the_worst_and_counts_what_is_missing(run_of):
    run = run_of(*HALVES, others=[("train", "east")])
    told = json.loads(json.dumps(summary_part(find_groups(load(run)))))
    assert told["worst"]["group"] == "north" and told["worst"]["class"] == "rose"
    assert told["columns"][0]["groups_without_test_images"] == 1
    assert told["columns"][0]["cells"][0]["accuracy"]["value"] == 0.5


def test_skipped_images_and_their_groups_break_nothing(tmp_path):
    run = write_run(tmp_path / "run", [*answered(12, 20), case(skipped="truncated")])
    keep_groups(run, [("site", "test", f"{i:04d}.jpg", 0, "north") for i in range(21)])
    (column,) = find_groups(load(run)).columns
    assert column.groups[0].accuracy.n == 20


def test_hostile_groups_are_shown_as_text_and_lead_to_their_images(report):
    page = (report.report_dir / "groups.html").read_text(encoding="utf-8")
    assert "<b>water</b>" not in page and "&lt;b&gt;water&lt;/b&gt;" in page
    assert "group=background%3D%3Cb%3Ewater%3C%2Fb%3E" in page
    assert "snow" in page and "no value" in page
    assert (report.report_dir / "data" / "groups.csv").is_file()
