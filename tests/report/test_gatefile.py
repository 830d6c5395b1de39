"""gate.json as a report reads it, of any version and of any origin."""

import json
from dataclasses import replace

import pytest
from gateruns import accused, write_run

from audit.core.errors import RunFolderError
from audit.gate.files import gate_json
from audit.gate.gates import Limits, hold_to_limits
from audit.report.gatefile import gate, in_force
from audit.report.source import load
from audit.storage.run import RunFolder

NOW = "2026-03-05T08:00:00+00:00"


@pytest.fixture
def run(tmp_path):
    """A run that broke one limit of three."""
    made = write_run(tmp_path / "run", accused(10, 100), ["rose"])
    limits = Limits(max_wrong_reasons=0.05, min_accuracy=0.8)
    made.gate_file.write_bytes(gate_json(hold_to_limits(made, limits), NOW))
    return made


def rewrite(run, change):
    told = json.loads(run.gate_file.read_text())
    change(told)
    run.gate_file.write_text(json.dumps(told))
    return gate(load(run))


def test_a_run_that_no_gate_has_checked_shows_none(run):
    run.gate_file.unlink()
    assert gate(load(run)) is None


def test_a_gate_says_what_is_broken(run):
    found = gate(load(run))
    assert (found.passed, found.outdated) == (False, False)
    assert [one.key for one in found.broken] == ["max-wrong-reasons"]
    assert [one.shown for one in found.checked] == [True, False, True]
    assert [one.counted for one in found.checked] == [True, False, False]
    assert [one.figure for one in found.checked] == ["", "wrong_reasons_share", "accuracy"]


@pytest.mark.parametrize(
    "change",
    [
        lambda told: told.update(finished="2020-01-01"),
        lambda told: told.update(model="another"),
        lambda told: told.update(records="others"),
    ],
    ids=["sweep", "model", "records"],
)
def test_a_gate_of_another_run_is_outdated(run, change):
    assert rewrite(run, change).outdated
    assert in_force(load(run)) is None


def test_a_gate_of_an_earlier_version_is_read_by_its_intervals(run):
    def earlier(told):
        del told["records"]
        for each in told["gates"]:
            del each["shown"], each["figure"]

    found = rewrite(run, earlier)
    assert not found.outdated
    assert [one.shown for one in found.checked] == [True, False, True]


@pytest.mark.parametrize("text", ["{", "[]", '{"passed": true}', '{"gates": [{"key": "x"}]}'])
def test_a_torn_gate_is_named(tmp_path, run, text):
    torn = RunFolder(tmp_path)
    (tmp_path / "gate.json").write_text(text)
    with pytest.raises(RunFolderError, match=r"gate\.json is torn .* run flower-audit check"):
        gate(replace(load(run), run=torn))


def test_a_standing_that_no_gate_has_is_refused(run):
    with pytest.raises(RunFolderError, match="torn"):
        rewrite(run, lambda told: told["gates"][1].update(standing="<b>fine</b>"))
