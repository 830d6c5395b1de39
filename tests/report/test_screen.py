"""The first screen's parts."""

import json
from dataclasses import replace

import pytest
from drawnruns import PLAIN, make_run
from uncharted import content

from audit.checks.selftest.record import SHIPPED
from audit.core.errors import RunFolderError
from audit.gate.files import gate_json
from audit.gate.gates import Limits, hold_to_limits
from audit.report.screen import Gate, gate, screen
from audit.report.source import load
from audit.settings.verdict import Thresholds
from audit.storage.run import RunFolder


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    run = make_run(tmp_path_factory.mktemp("run") / "run", images=12, classes=PLAIN)
    return load(run)


def written(source, **changes):
    """The outcome that `check` would have left behind."""
    words = (
        ("wrong reasons above 3%", "broken"),
        ("accuracy near 80%", "doubtful"),
        ("all", "holds"),
    )
    gates = [{"words": w, "standing": s, "passed": s != "broken"} for w, s in words]
    manifest = source.manifest
    told = {"passed": False, "gates": gates, "finished": manifest["finished"]}
    told |= {"model": manifest["model"]["sha256"]} | changes
    file = source.run.root / "gate.json"
    file.write_text(json.dumps(told))
    found = gate(source)
    file.unlink()
    return found


def test_a_run_that_no_gate_has_checked_shows_none(source):
    assert gate(source) is None


def test_a_gate_says_what_is_broken_and_what_is_in_doubt(source):
    wanted = Gate(False, ["wrong reasons above 3%"], ["accuracy near 80%"], 3, outdated=False)
    assert written(source) == wanted


def test_the_check_commands_own_file_is_read(source):
    checked = hold_to_limits(source.run, Limits(max_wrong_reasons=0.9))
    found = written(source, **json.loads(gate_json(checked, "2026-03-05T08:00:00+00:00")))
    assert found is not None and not found.outdated


@pytest.mark.parametrize("change", [{"finished": "2020-01-01"}, {"model": "another"}])
def test_a_gate_of_another_sweep_or_model_is_outdated(source, change):
    assert written(source, **change).outdated


@pytest.mark.parametrize("text", ["{", "[]", '{"passed": true}'])
def test_a_torn_gate_is_named(tmp_path, source, text):
    run = RunFolder(tmp_path)
    (tmp_path / "gate.json").write_text(text)
    with pytest.raises(RunFolderError, match=r"gate\.json is torn .* run flower-audit check"):
        gate(replace(source, run=run))


def test_the_shipped_self_test_was_made_at_the_thresholds_that_runs_have():
    shipped = json.loads(SHIPPED.read_text(encoding="utf-8"))
    assert shipped["thresholds"] == dict(Thresholds())


def test_a_run_of_unknown_truth_cites_the_self_test(source):
    told = content(source)
    found, record = screen(told), told.checks["selftest"].record
    shipped = json.loads(SHIPPED.read_text(encoding="utf-8"))
    assert (record.here, record.found.n) == (False, shipped["found"]["n"])
    assert record.thresholds_differ  # drawn runs judge by a skill of 0
    assert all(c.verdict.key == "wrong-reasons" for c in found.evidence)


def test_a_planted_run_cites_itself(tmp_path):
    run = make_run(tmp_path / "run", images=40, classes=PLAIN, planted=True)
    assert content(load(run)).checks["selftest"].record.here
