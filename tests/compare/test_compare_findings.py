"""Figures side by side: what is computed is what the report has, and no word is said too much."""

import math
from dataclasses import replace

import numpy as np
import pytest
from drawnruns import PLAIN, make_run
from hypothesis import given
from hypothesis import strategies as st

from audit.compare.findings import PairFinding, findings, p_words
from audit.compare.pairing import entries, pair
from audit.core.estimate import Estimate
from audit.core.paired import Difference, McNemar
from audit.report import figures as f
from audit.report.figures import headline

SOME = Estimate(0.5, 0.4, 0.6, 100)
bounds = st.tuples(st.floats(-1, 1), st.floats(-1, 1), st.floats(-1, 1)).map(sorted)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    root = tmp_path_factory.mktemp("runs")
    return [
        make_run(root / name, images=70, classes=PLAIN[:4], size=32, seed=seed)
        for seed, name in enumerate("ab")
    ]


def compare(runs):
    return {x.metric.key: x for x in findings(pair(*entries(runs)))}


@pytest.fixture(scope="module")
def found(runs):
    return compare(runs)


def finding(low, value, high, metric=f.ACCURACY, test=None):
    return PairFinding(metric, SOME, SOME, Difference(value, low, high), 100, test)


def test_figures_are_those_of_each_runs_report(runs, found):
    """All images are shared, so only proportions of images tested in both could differ."""
    for side, entry in zip("ab", entries(runs), strict=True):
        told = {x.metric.key: x.estimate for x in headline(entry.source)}
        own = {key for key in found if key in told}
        assert len(own) == 15
        for key in own:
            mine = getattr(found[key], side)
            assert (mine.value, mine.n) == pytest.approx((told[key].value, told[key].n)), key


def test_the_difference_is_that_of_the_two_figures(found):
    for x in found.values():
        assert x.difference.value == pytest.approx(x.b.value - x.a.value)


def test_wrong_reasons_where_both_are_right_rest_on_the_same_images(runs, found):
    a, b = (run.records().set_index("name") for run in runs)
    both = a["correct"] & b["correct"] & (a["verdict"] != "undecided") & (a["skipped"] == "")
    x = found["wrong_reasons_both_right"]
    assert x.n == x.a.n == x.b.n == both.sum() < found["wrong_reasons_share"].n
    assert x.b.value == pytest.approx((b["verdict"][both] == "wrong-reasons").mean())


def test_swapped_runs_say_the_opposite(runs, found):
    turned = compare(runs[::-1])
    opposite = {"better": "worse", "worse": "better", "alike": "alike"}
    assert {k: opposite[x.says] for k, x in found.items()} == {k: x.says for k, x in turned.items()}


@given(bounds, st.sampled_from([f.ACCURACY, f.WRONG_REASONS]))
def test_better_and_worse_are_never_said_where_the_interval_holds_no_difference(ends, metric):
    x = finding(*ends, metric)
    assert (x.says in ("better", "worse")) == (ends[0] > 0 or ends[2] < 0)
    said = x.words("A", "B")
    assert ("is better" in said or "is worse" in said) == (x.says != "alike")


def test_better_is_not_said_where_mcnemar_does_not_agree():
    x = finding(0.01, 0.05, 0.1, test=McNemar(6, 1, 0.125, 0.07))
    assert x.says == "alike"
    assert "McNemar p = 0.07, 6 images gained, 1 lost" in x.words("A", "B")


def test_words_of_a_gain_and_of_a_loss():
    gain = finding(0.004, 0.021, 0.038, test=McNemar(31, 12, 0.012, 0.0098))
    assert gain.words("A", "C") == (
        "C is better by 2.1 points (0.4 to 3.8), McNemar p = 0.0098, 31 images gained, 12 lost"
    )
    more = finding(0.01, 0.03, 0.05, f.WRONG_REASONS)
    assert more.words("A", "B") == "B is worse by 3.0 points (1.0 to 5.0)"
    skill = replace(gain.metric, style="signed", key="x")
    assert finding(-0.2, -0.1, -0.05, skill).words("A", "B") == "B is worse by 0.10 (0.05 to 0.20)"


def test_a_bound_that_is_not_0_never_reads_as_0():
    near = finding(0.0002, 0.004, 0.007)
    assert near.words("A", "B") == "B is better by 0.40 points (0.02 to 0.70)"
    skill = replace(near.metric, style="signed", key="x")
    assert finding(0.0012, 0.006, 0.01, skill).words("A", "B") == (
        "B is better by 0.006 (0.001 to 0.010)"
    )


def test_the_bar_is_turned_so_that_better_is_to_the_right():
    assert finding(0.1, 0.2, 0.4).bar(0.5) == (60, 70, 90)
    assert finding(0.1, 0.2, 0.4, f.WRONG_REASONS).bar(0.5) == (10, 30, 40)
    assert finding(math.nan, 0.2, math.nan).bar(0.5) is None


def test_what_a_run_has_not_is_named_by_its_letter(tmp_path, runs):
    bare = make_run(tmp_path / "c", images=70, classes=PLAIN[:4], size=32)
    for part in bare.checksums_dir.iterdir():
        part.unlink()
    alone = compare([runs[0], bare])
    assert alone["wrong_reasons_share"].says == "unknown"
    assert alone["accuracy"].says == "alike"
    said = alone["wrong_reasons_share"].words("A", "C")
    assert said == "not to be compared: no image counts in A or C"


@pytest.mark.parametrize(
    ("p", "words"), [(0.0004, "p < 0.001"), (0.0123, "p = 0.012"), (1, "p = 1")]
)
def test_p_values_in_words(p, words):
    assert p_words(p) == words
    assert p_words(np.nan) == "p undefined"
