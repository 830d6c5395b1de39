"""Two runs by the groups of their images; by hand."""

import pytest
from drawnruns import keep_groups
from gateruns import answered, write_run

from audit.checks.groups.compare import by_groups
from audit.report.source import load


@pytest.fixture
def runs(tmp_path):
    """A names 10 of 40 in the north and all in the south rightly, B 20 of 40 in the north."""
    first = write_run(tmp_path / "a", answered(10, 40) + answered(40, 40))
    second = write_run(tmp_path / "b", answered(20, 40) + answered(40, 40))
    return first, second


def grouped(run):
    """Put the first forty images into the north, the others into the south, one into the west."""
    places = ["north"] * 40 + ["south"] * 39 + ["west"]
    keep_groups(run, [("site", "test", f"{i:04d}.jpg", 0, p) for i, p in enumerate(places)])


def test_classes_in_groups_are_held_against_each_other_on_the_same_images(runs):
    grouped(runs[0])
    found = by_groups(*map(load, runs))
    north, south = found.found
    assert (north.group, north.a.value, north.b.value) == ("north", 0.25, 0.5)
    assert north.difference.value == 0.25 and north.difference.low > 0
    assert (south.group, south.difference.value) == ("south", 0)


def test_all_groups_count_alike_in_the_mean(runs):
    grouped(runs[0])
    found = by_groups(*map(load, runs))
    assert found.a.mean() == pytest.approx((0.25 + 1) / 2)
    assert found.b.mean() == pytest.approx((0.5 + 1) / 2)
    assert len(found.a) == 79  # not the one image in the west


def test_groups_of_either_run_are_taken(runs):
    grouped(runs[1])
    assert by_groups(*map(load, runs)).found[0].group == "north"


def test_runs_without_groups_are_not_compared_by_them(runs):
    assert by_groups(*map(load, runs)) is None
