"""The first screen's parts."""

import json
from dataclasses import asdict, replace

import pytest
from drawnruns import PLAIN, make_run

from audit.errors import RunFolderError
from audit.report import screen as module
from audit.report.content import content
from audit.report.screen import Gate, gate, screen
from audit.report.source import load
from audit.runfolder import RunFolder
from audit.score.verdict import Thresholds


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    run = make_run(tmp_path_factory.mktemp("run") / "run", images=12, classes=PLAIN)
    return load(run)


def written(source, **changes):
    gates = [{"key": "wrong-reasons", "passed": False, "words": "Wrong reasons 4.6%, limit 3%."}]
    told = {"passed": False, "finished": source.manifest["finished"], "gates": gates} | changes
    (source.run.root / "gate.json").write_text(json.dumps(told))
    found = gate(source)
    (source.run.root / "gate.json").unlink()
    return found


def test_a_run_that_no_gate_has_checked_shows_none(source):
    assert gate(source) is None


def test_a_gate_is_shown_in_words(source):
    assert written(source) == Gate(False, ["Wrong reasons 4.6%, limit 3%."], outdated=False)


def test_a_gate_of_an_earlier_sweep_is_outdated(source):
    assert written(source, finished="2020-01-01T00:00:00+00:00").outdated


@pytest.mark.parametrize("text", ["{", "[]", '{"passed": true}'])
def test_a_torn_gate_is_named(tmp_path, source, text):
    run = RunFolder(tmp_path)
    (tmp_path / "gate.json").write_text(text)
    with pytest.raises(RunFolderError, match=r"gate\.json is torn .* run flower-audit check"):
        gate(replace(source, run=run))


def test_the_shipped_self_test_was_made_at_the_default_thresholds():
    shipped = json.loads(module._SELFTEST.read_text(encoding="utf-8"))
    assert shipped["thresholds"] == asdict(Thresholds())


def test_a_run_of_unknown_truth_cites_the_self_test(source):
    found = screen(content(source))
    shipped = json.loads(module._SELFTEST.read_text(encoding="utf-8"))
    assert (found.record.here, found.record.found.n) == (False, shipped["found"]["n"])
    assert found.record.thresholds_differ  # drawn runs judge by a skill of 0
    assert all(c.verdict.key == "wrong-reasons" for c in found.evidence)


def test_a_planted_run_cites_itself(tmp_path):
    run = make_run(tmp_path / "run", images=40, classes=PLAIN, planted=True)
    found = screen(content(load(run)))
    assert found.record.here
