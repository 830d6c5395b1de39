"""gate.json and JUnit XML: what programs read, and names that would break them."""

import json
from xml.etree import ElementTree

import pytest
from drawnruns import HOSTILE
from gateruns import accused, answered, write_run

from audit.gate.files import gate_json, junit_xml
from audit.gate.gates import Limits, hold_to_limits

NOW = "2026-03-05T08:00:00+00:00"
NASTY = [*HOSTILE, "]]>", "nul\x00bell\x07\x1b[31m", "half \ud800 pair", "\ufffe\uffff", "&amp;"]


@pytest.fixture
def half(tmp_path):
    """A check of which one gate of two holds."""
    run = write_run(tmp_path / "run", accused(10, 100), ["rose"])
    return hold_to_limits(run, Limits(max_wrong_reasons=0.05, min_accuracy=0.8))


@pytest.fixture
def nasty(tmp_path):
    """A check that names classes whose names nobody should trust, one at a time."""
    made = []
    for i, name in enumerate(NASTY):
        run = write_run(tmp_path / str(i), answered(0, 30), [name, "rose"])
        made.append(hold_to_limits(run, Limits(min_class_accuracy=0.6)))
    return made


def test_gate_json_holds_every_gate_with_its_figures(half):
    told = json.loads(gate_json(half, NOW))
    assert (told["kind"], told["schema"], told["passed"]) == ("flower-audit check", 1, False)
    assert (told["time"], told["finished"]) == (NOW, "2026-03-04T10:58:31+00:00")
    assert [g["key"] for g in told["gates"]] == ["complete", "max-wrong-reasons", "min-accuracy"]
    gate = told["gates"][1]
    assert (gate["passed"], gate["standing"], gate["bound"]) == (False, "broken", "at most")
    assert (gate["value"], gate["limit"], gate["n"], gate["level"]) == (0.1, 0.05, 100, 0.95)
    assert gate["low"] == pytest.approx(0.0552, abs=1e-4)


def test_what_is_undefined_is_null(tmp_path):
    run = write_run(tmp_path / "run", [], ["rose"])
    text = gate_json(hold_to_limits(run, Limits(min_accuracy=0.5)), NOW)
    assert b"NaN" not in text
    assert json.loads(text)["gates"][1]["value"] is None


def test_gate_json_keeps_names_of_classes_as_they_are(nasty):
    for name, found in zip(NASTY, nasty, strict=True):
        gate = json.loads(gate_json(found, NOW))["gates"][1]
        assert gate["classes"][0]["name"] == name


def test_junit_has_a_case_for_each_gate(half):
    root = ElementTree.fromstring(junit_xml(half, NOW))
    (suite,) = root
    assert (root.tag, suite.tag) == ("testsuites", "testsuite")
    assert (suite.get("tests"), suite.get("failures")) == ("3", "1")
    assert suite.get("timestamp") == "2026-03-05T08:00:00"
    assert [c.get("name") for c in suite] == ["complete", "max-wrong-reasons", "min-accuracy"]
    assert [c.find("failure") is None for c in suite] == [True, False, True]
    failure = suite[1].find("failure")
    assert failure.get("message") == half.outcomes[1].words
    assert failure.get("type") == "broken"


def test_names_of_classes_break_no_xml(nasty):
    for found in nasty:
        root = ElementTree.fromstring(junit_xml(found, NOW))
        (failure,) = root.iter("failure")
        assert failure.get("message") == failure.text == found.outcomes[1].words
        assert [e.tag for e in root.iter("testcase")] == ["testcase", "testcase"]
        assert len(list(root.iter())) == 6  # suites, suite, two cases, output, failure


def test_a_gate_is_one_line_of_harmless_signs(nasty):
    for found in nasty:
        words = found.outcomes[1].words
        assert len(words.splitlines()) == 1
        assert "\x1b" not in words
        words.encode()
