"""Whether another shortcut grew while one was weaned: sensitivities of two runs, held together."""

import json

import pytest
from drawnruns import PLAIN, make_run
from sensitive import sensitive_to

from audit.checks.sensitivity.outputs import TABLE
from audit.compare.build import render
from audit.compare.content import comparison
from audit.compare.grown import those


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A rests on texture in its first class; B does no more, but on corners in its third."""
    root = tmp_path_factory.mktemp("runs")
    made = [make_run(root / name, classes=PLAIN[:4], images=24, seed=0) for name in "ab"]
    sensitive_to(made[0], {(0, "blur"): (0.8, 0.6, 0.9), (2, "corners"): (0.0, -0.1, 0.1)})
    sensitive_to(made[1], {(0, "blur"): (0.0, -0.1, 0.1), (2, "corners"): (0.8, 0.6, 0.9)})
    return made


def test_what_grew_comes_first_and_what_is_gone_last(runs):
    rows = comparison(runs).versus[0].grown
    assert (rows[0].name, rows[0].a.kind, rows[0].says) == (PLAIN[2], "corner", "new")
    assert (rows[-1].name, rows[-1].a.kind, rows[-1].says) == (PLAIN[0], "texture", "gone")
    assert {row.says for row in rows[1:-1]} == {"alike"}
    assert those(rows, "new", "grew") == rows[:1]


def test_a_class_beside_others_that_got_steadier_has_not_grown(runs, tmp_path):
    later = make_run(tmp_path / "later", classes=PLAIN[:4], images=24, seed=0)
    sensitive_to(later, {(0, "blur"): (0.8, 0.6, 0.9), (2, "corners"): (0.8, 0.6, 0.9)},
             own={(2, "corners"): 4})  # fmt: skip
    rows = comparison([runs[0], later]).versus[0].grown
    assert (rows[0].name, rows[0].change.value, rows[0].own.value) == (PLAIN[2], 0.8, 0.0)
    assert (rows[0].p, rows[0].says) == (1.0, "alike")


def test_the_interval_of_a_change_is_that_of_two_rates(runs):
    row = comparison(runs).versus[0].grown[0]
    a, b = row.a.excess, row.b.excess
    assert row.change.value == pytest.approx(b.value - a.value)
    low = ((b.value - b.low) ** 2 + (a.high - a.value) ** 2) ** 0.5
    assert row.change.low == pytest.approx(row.change.value - low)
    assert row.change.low > 0 and row.p < 0.05


def test_page_and_json_name_what_grew(runs, tmp_path):
    page = render(runs, tmp_path / "out", sentence="Worse: keep the old model.").read_text()
    assert "Worse: keep the old model." in page and "new in B" in page and "gone in B" in page
    told = json.loads((tmp_path / "out" / "compare.json").read_text())["pairs"][0]["grown"]
    assert (told[0]["class"], told[0]["kind"], told[0]["says"]) == (PLAIN[2], "corner", "new")


def test_nothing_is_said_where_a_run_has_not_measured_it(runs, tmp_path):
    other = make_run(tmp_path / "other", classes=PLAIN[:4], images=24, seed=0)
    TABLE.file(other).unlink()
    assert comparison([runs[0], other]).versus[0].grown is None
