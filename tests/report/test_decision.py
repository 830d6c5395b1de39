"""What a report decides: hand-worked intervals beside limits."""

import json

import pytest
from gateruns import accused, answered, case, write_run
from uncharted import uncharted

from audit.checks.preflight.outcome import gathered, kept
from audit.core.observation import Observation
from audit.gate.files import gate_json
from audit.gate.gates import Limits, hold_to_limits
from audit.report.decision import decision
from audit.report.exports import summary

NOW = "2026-03-05T08:00:00+00:00"


@pytest.fixture
def decided(tmp_path):
    """Decide about images, after a gate where limits are given."""

    def decide(cases, classes=("rose",), missing=0, **limits):
        run = write_run(tmp_path / f"run {len(list(tmp_path.iterdir()))}", cases, classes, missing)
        if limits:
            run.gate_file.write_bytes(gate_json(hold_to_limits(run, Limits(**limits)), NOW))
        return decision(uncharted(run))

    return decide


# Wilson's interval of 10 of 100 is 5.5% to 17.4%, of 0 of 100 0% to 3.7%, of 0 of 20 0% to 16.1%.


@pytest.mark.parametrize(
    ("wrong", "n", "state"),
    [
        (10, 100, "do-not-ship"),
        (0, 100, "within-limits"),
        (0, 20, "not-shown"),
        (4, 60, "not-shown"),
    ],
    ids=["beyond doubt", "kept", "too few", "the interval spans the limit"],
)
def test_without_a_gate_the_default_limit_decides(decided, wrong, n, state):
    found = decided(accused(wrong, n))
    assert found.state == state
    assert found.by == "No gate was run: this report applies its default limit alone."
    (reason,) = found.reasons
    assert "the default limit of 5%" in reason.words and f"n = {n}" in reason.words


@pytest.mark.parametrize(
    ("limit", "state"),
    [(0.05, "do-not-ship"), (0.06, "not-shown"), (0.1, "not-shown"), (0.18, "within-limits")],
    ids=["broken", "above, but not beyond doubt", "at it", "kept by the whole interval"],
)
def test_a_gate_decides_by_the_whole_interval(decided, limit, state):
    assert decided(accused(10, 100), max_wrong_reasons=limit).state == state


def test_a_gate_that_passes_may_show_nothing(decided):
    found = decided(accused(10, 100), max_wrong_reasons=0.1)
    assert found.gate.passed
    assert found.by == "The gate passed: none of 2 limits is broken beyond doubt."
    (reason,) = found.reasons
    assert reason.words.endswith("limit of 10%, but the interval reaches across it")


def test_a_gate_that_fails_names_what_it_broke(decided):
    found = decided(accused(10, 100), max_wrong_reasons=0.05, min_accuracy=0.8)
    assert (found.state, [r.key for r in found.reasons]) == ("do-not-ship", ["max-wrong-reasons"])
    assert found.by == "The gate failed on 1 of 3 limits."


def test_a_limit_that_a_gate_left_out_stands_by_default(decided):
    found = decided(accused(10, 100), min_accuracy=0.8)
    assert (found.gate.passed, found.state) == (True, "do-not-ship")
    assert found.by.endswith("It set no limit for wrong reasons: the default stands.")


def test_of_many_classes_one_with_few_images_keeps_the_limit_from_being_shown(decided):
    many = answered(60, 60) + answered(2, 2, label=1)
    classes = ("rose", "tulip")
    found = decided(many, classes, max_wrong_reasons=1.0, min_class_accuracy=0.8)
    assert [r.key for r in found.reasons] == ["min-class-accuracy"]
    assert found.state == "not-shown"
    enough = decided(answered(60, 60), max_wrong_reasons=1.0, min_class_accuracy=0.8)
    assert enough.state == "within-limits"


def test_what_cannot_be_judged_is_not_shown(decided):
    untested = [case(causal_reason="not tested", verdict="undecided")] * 5
    found = decided(untested, max_wrong_reasons=0.05)
    assert (found.gate.passed, found.state) == (False, "not-shown")
    assert "cannot be judged" in found.reasons[0].words
    assert decided(untested[:1]).state == "not-shown"


def test_an_unfinished_sweep_shows_nothing(decided):
    found = decided(accused(0, 100), missing=1)
    assert found.state == "not-shown"
    assert found.reasons[0].line.startswith("The sweep is unfinished: 1 of 101 images")
    assert "--resume" in found.first.words


def test_inputs_that_are_read_wrongly_show_nothing(tmp_path):
    run = write_run(tmp_path / "run", accused(0, 100), ["rose"])
    stops = Observation("pixels", "Pixels", "they are standardised", "strong", "give logits")
    run.update_manifest(preflight=kept(gathered((stops,), anyway=True)))
    found = decision(uncharted(run))
    assert (found.state, [r.key for r in found.reasons]) == ("not-shown", ["preflight"])


def test_other_records_than_the_gates_leave_the_default(tmp_path):
    run = write_run(tmp_path / "run", accused(0, 100), ["rose"])
    run.gate_file.write_bytes(gate_json(hold_to_limits(run, Limits(max_wrong_reasons=0.01)), NOW))
    assert decision(uncharted(run)).state == "not-shown"
    rows = run.records().to_dict("records")
    run.write_part(0, [row | {"verdict_reason": "judged anew"} for row in rows], [])
    found = decision(uncharted(run))
    assert (found.gate.outdated, found.state) == (True, "within-limits")
    assert "run flower-audit check again" in found.by


@pytest.mark.parametrize(
    ("cases", "limits", "first"),
    [
        (accused(10, 100), {}, "Look at the accused images"),
        (accused(0, 20), {}, "Explain more images"),
        (accused(10, 100), {"max_wrong_reasons": 0.1}, "Audit more images"),
        ([case(causal_reason="not tested", verdict="undecided")] * 5, {}, "Sweep with"),
    ],
    ids=["broken", "too few", "spans", "nothing judged"],
)
def test_what_to_do_first_mends_what_decides(decided, cases, limits, first):
    assert decided(cases, **limits).first.words.startswith(first)


def test_the_tile_of_a_figure_has_its_limit(decided):
    found = decided(accused(10, 100), min_accuracy=0.8)
    accuracy = found.of_figure("accuracy")
    assert (accuracy.said, accuracy.state, accuracy.by_default) == ("at least 80%", "kept", False)
    wrong = found.of_figure("wrong_reasons_share")
    assert (wrong.said, wrong.state, wrong.by_default) == ("at most 5%", "broken", True)
    assert found.of_figure("suspect_share") is None


def test_programs_are_told(tmp_path):
    run = write_run(tmp_path / "run", accused(10, 100), ["rose"])
    told = summary(uncharted(run))["decision"]
    assert (told["state"], told["gate"], len(told["reasons"])) == ("do-not-ship", None, 1)
    run.gate_file.write_bytes(gate_json(hold_to_limits(run, Limits(max_suspect=0.5)), NOW))
    assert summary(uncharted(run))["decision"]["gate"] == "passed"
    assert json.dumps(told)
