"""Errors under corruptions, of what both runs tried; by hand."""

import pandas as pd
import pytest
from drawnruns import PLAIN, make_run

from audit.checks.robustness.compare import corrupted
from audit.checks.robustness.outputs import TABLE
from audit.compare.build import render
from audit.compare.content import comparison
from audit.report.source import load

NAMES = ["image_00001.jpg", "image_00002.jpg"]


@pytest.fixture
def runs(tmp_path):
    """Two runs that tried no corruptions yet."""
    return [
        make_run(tmp_path / n, images=4, classes=PLAIN[:2], size=32, seed=i)
        for i, n in enumerate("ab")
    ]


def tried(run, wrong, kinds=("fog", "noise"), severities=(1, 3)):
    """Write what was tried; ``wrong`` are the misread (name, kind, severity)."""
    versions = [("", 0), *((kind, s) for kind in kinds for s in severities)]
    rows = [(n, k, s, (n, k, s) not in wrong) for n in NAMES for k, s in versions]
    table = pd.DataFrame(rows, columns=["name", "corruption", "severity", "correct"])
    nan = {key: float("nan") for key, kind in TABLE.columns.items() if kind == "real"}
    table.assign(holds=True, **nan).to_parquet(run.file("robustness.parquet"))


def test_a_run_that_tried_none_leaves_nothing_to_show(runs):
    tried(runs[0], set())
    assert corrupted(*map(load, runs)) is None
    (versus,) = comparison(runs).versus
    assert versus.checks["robustness"] is None
    assert "corruption_error" not in versus.by_key


def test_errors_are_shares_of_an_images_versions_and_mce_is_against_a(runs):
    """A misreads one of four fogs and one of four noises; B two fogs and one noise."""
    one, other = NAMES
    tried(runs[0], {(one, "fog", 3), (one, "noise", 3)})
    tried(runs[1], {(one, "fog", 3), (one, "noise", 3), (other, "fog", 1)})
    found = corrupted(*map(load, runs))
    assert found.a.to_dict() == {one: 0.5, other: 0}
    assert found.b.to_dict() == {one: 0.5, other: 0.25}
    assert found.found.by_corruption == {"fog": 200, "noise": 100}
    assert found.found.value == 150
    x = comparison(runs).versus[0].by_key["corruption_error"]
    assert (x.a.value, x.b.value, x.n) == (0.25, 0.375, 2)


def test_only_what_both_tried_counts(runs):
    one, _ = NAMES
    tried(runs[0], {(one, "fog", 3), (one, "noise", 1)})
    tried(runs[1], {(one, "fog", 3)}, kinds=("fog",))
    found = corrupted(*map(load, runs))
    assert found.a.to_dict() == found.b.to_dict() == {one: 0.5, NAMES[1]: 0}
    assert found.found.value == 100


def test_the_page_says_it(runs, tmp_path):
    one, _ = NAMES
    tried(runs[0], {(one, "fog", 3)})
    tried(runs[1], {(one, "fog", 1), (one, "fog", 3)}, kinds=("fog",))
    page = render(runs, tmp_path / "out").read_text()
    assert "Mean corruption error of B against A: 200" in page
    assert "on 2 images and 1 corruption." in page
