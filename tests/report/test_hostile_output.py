"""What the commands print of a run whose every name is hostile."""

import json

import pytest
from drawnruns import HOSTILE, make_run

TURNED = HOSTILE[9]
EVIL = f"{TURNED}\x1b[2J\nError: ok"


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    root = tmp_path_factory.mktemp("hostile")
    made = []
    for name in "ab":
        run = make_run(root / name, images=12, classes=[EVIL, TURNED], size=32, data=EVIL)
        model = run.manifest()["model"] | {"backbone": EVIL, "source": EVIL}
        run.update_manifest(model=model, command=EVIL, flower_audit=EVIL)
        made.append(run)
    return made


def test_no_command_prints_what_a_terminal_obeys(call, runs, tmp_path):
    a, b = (run.root for run in runs)
    for command in (
        ["report", a],
        ["compare", a, b, "--out", tmp_path / "out"],
        ["check", a, "--against", b, "--min-class-accuracy", "1"],
    ):
        code, said, err = call(*command)
        assert code in (0, 3)
        assert said
        assert not [s for s in said + err if not (s.isprintable() or s == "\n")]
        assert not [line for line in (said + err).splitlines() if line.startswith("Error: ok")]


def test_a_sweep_that_a_hostile_manifest_stops_says_so_in_one_line(call, runs):
    runs[0].update_manifest(config={EVIL: EVIL})
    code, _, err = call("sweep", runs[0].root)
    assert code == 1
    assert err.startswith("Error: Unknown setting") and len(err.splitlines()) == 1
    assert json.dumps(EVIL) not in err
