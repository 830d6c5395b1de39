"""flower-audit check: what it prints, what it writes, and its exit codes."""

import json
import subprocess
import sys
from contextlib import suppress
from xml.etree import ElementTree

import pytest
from drawnruns import PLAIN, make_run
from gateruns import accused, write_run


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    root = tmp_path_factory.mktemp("check")
    return [
        make_run(root / n, images=12, classes=PLAIN[:2], size=32, seed=i)
        for i, n in enumerate("ab")
    ]


def unshown(run):
    """What is said of a run that has no report; see `test_check_renews` for those that have one."""
    return (
        f"The report does not say so yet: {run.report_dir} is not there. Try flower-audit report "
        f"{run.root}.\n"
    )


def test_all_gates_that_hold_exit_with_0(call, two):
    code, said, err = call("check", two[0].root, "--min-accuracy", "1%", "--max-bg-gap", "1")
    assert (code, err) == (0, unshown(two[0]))
    assert [line.split(":")[0] for line in said.splitlines()] == [
        "ok     complete", "ok     min-accuracy", "ok     max-bg-gap"
    ]  # fmt: skip


def test_a_gate_that_fails_exits_with_3_and_says_which(call, tmp_path):
    run = write_run(tmp_path / "run", accused(10, 100), ["rose"])
    code, said, err = call("check", run.root, "--max-wrong-reasons", "5%", "--min-accuracy", "0.8")
    assert (code, err) == (3, unshown(run))
    assert [line[:6] for line in said.splitlines()] == ["ok    ", "FAILED", "ok    "]
    assert "FAILED max-wrong-reasons: Wrong reasons among right 10.0% (5.5% to 17.4%" in said
    assert json.loads(run.gate_file.read_text())["passed"] is False


def test_an_unfinished_sweep_exits_with_3(call, tmp_path):
    run = write_run(tmp_path / "run", accused(0, 10), ["rose"], missing=1)
    code, said, _ = call("check", run.root, "--min-accuracy", "1%")
    assert code == 3
    assert said.startswith("FAILED complete: the sweep is unfinished")


@pytest.mark.parametrize("given", ["5%", "0.05", " 5 % ", "5e-2"])
def test_a_share_is_given_as_percent_or_as_a_fraction(call, tmp_path, given):
    run = write_run(tmp_path / "run", accused(0, 10), ["rose"])
    assert call("check", run.root, "--max-wrong-reasons", given)[0] == 0
    assert json.loads(run.gate_file.read_text())["gates"][1]["limit"] == 0.05


@pytest.mark.parametrize("given", ["5", "-1%", "101%", "nan", "inf%", "five", "%", "5%%", ""])
def test_what_is_no_share_is_wrong_usage(call, two, given):
    code, said, err = call("check", two[0].root, f"--max-wrong-reasons={given}")
    assert (code, said) == (2, "")
    assert f"{given!r} is no share of 0 to 100%: write 5% or 0.05." in err


@pytest.mark.parametrize("args", [[], ["--junit", "gate.xml"]])
def test_no_gate_is_wrong_usage(call, two, tmp_path, monkeypatch, args):
    monkeypatch.chdir(tmp_path)
    code, _, err = call("check", two[0].root, *args)
    assert code == 2
    assert "Give a gate" in err
    assert not list(tmp_path.iterdir())


def test_a_margin_without_a_base_is_wrong_usage(call, two):
    code, _, err = call("check", two[0].root, "--no-worse-than", "1%", "--min-accuracy", "1%")
    assert code == 2
    assert "--against BASE" in err


def test_a_limit_of_zero_is_a_gate(call, tmp_path):
    run = write_run(tmp_path / "run", accused(10, 100), ["rose"])
    assert call("check", run.root, "--max-wrong-reasons", "0")[0] == 3


def test_a_base_run_is_a_gate_of_its_own(call, two, tmp_path):
    junit = tmp_path / "gate.xml"
    code, said, _ = call(
        "check", two[1].root, "--against", two[0].root, "--no-worse-than", "100%", "--junit", junit
    )
    assert code == 0
    told = json.loads(two[1].gate_file.read_text())
    keys = ["complete", "complete-base", "accuracy-against-base", "wrong-reasons-against-base"]
    assert [g["key"] for g in told["gates"]] == keys
    assert [c.get("name") for c in ElementTree.parse(junit).iter("testcase")] == keys
    assert told["against"] == two[0].root.name
    assert len(said.splitlines()) == 4


def test_what_differs_from_the_base_is_noted_beside_the_gates(call, tmp_path):
    run = write_run(tmp_path / "run", accused(0, 10))
    base = write_run(tmp_path / "base", accused(0, 12))
    _, said, err = call("check", run.root, "--against", base.root)
    assert err.startswith("Note (A is the base run, B is this one): 12 images in A, 10")
    assert "Note" not in said


def test_a_base_of_other_data_exits_with_1_and_writes_nothing(call, two, tmp_path):
    run = write_run(tmp_path / "run", accused(0, 10))
    code, said, err = call("check", run.root, "--against", two[0].root)
    assert (code, said) == (1, "")
    assert "audited on other data sets" in err
    assert not run.gate_file.exists()


def test_a_folder_that_is_no_run_exits_with_1(call, tmp_path):
    code, _, err = call("check", tmp_path, "--min-accuracy", "1%")
    assert code == 1
    assert "is not a run folder" in err


def test_junit_in_a_folder_that_is_not_there_exits_with_1(call, tmp_path):
    run = write_run(tmp_path / "run", accused(0, 10), ["rose"])
    junit = tmp_path / "none" / "gate.xml"
    code, _, err = call("check", run.root, "--min-accuracy", "1%", "--junit", junit)
    assert code == 1
    assert err == f"Error: Cannot write {junit}: No such file or directory.\n"


def test_tensorflow_is_not_imported(two):
    script = (
        "import sys; from audit.cli import cli; cli(sys.argv[1:], standalone_mode=False); "
        "assert not {'tensorflow', 'keras'} & set(sys.modules)"
    )
    args = ["check", str(two[0].root), "--min-accuracy", "1%"]
    done = subprocess.run([sys.executable, "-c", script, *args], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "ok     min-accuracy" in done.stdout


# Streams and disks that refuse


@pytest.mark.parametrize(("limit", "code"), [("50%", 0), ("5%", 3)])
def test_a_pipe_that_nobody_reads_changes_no_outcome(tmp_path, limit, code):
    run = write_run(tmp_path / "run", accused(10, 100), ["rose"])
    program = "from audit.cli import main; main()"
    args = [sys.executable, "-c", program, "check", str(run.root)]
    args += ["--max-wrong-reasons", limit]
    line = 'set -o pipefail; "$@" | true'
    done = subprocess.run(["bash", "-c", line, "bash", *args], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (code, unshown(run))
    assert json.loads(run.gate_file.read_text())["passed"] is (code == 0)


@pytest.fixture
def on_small_disk(small_disk):
    return write_run(small_disk / "run", accused(0, 10), ["rose"])


def refused(call, run, base):
    """What the commands that write into a run, and one that has --out, say."""
    out = run.root.parent / "out"
    told = []
    for command in (
        ["check", run.root, "--min-accuracy", "1%"],
        ["report", run.root],
        ["compare", run.root, base.root, "--out", out],
    ):
        code, _, err = call(*command)
        assert code == 1
        assert len(err.splitlines()) == 1
        assert "--resume" not in err
        told.append(err.strip())
    return told


@pytest.fixture
def base(tmp_path):
    return write_run(tmp_path / "base", accused(0, 10), ["rose"])


def test_a_full_disk_is_mended_with_what_the_command_has(call, on_small_disk, base):
    with suppress(OSError):
        (on_small_disk.root.parent / "rest").write_bytes(bytes(1_000_000))
    check, report, compare = refused(call, on_small_disk, base)
    for line in (check, report):
        assert line.endswith(" Make room, then give the same command again.")
    assert compare.endswith(" Make room or give another --out, then give the same command again.")


def test_a_folder_that_is_read_only_is_mended_likewise(call, on_small_disk, base):
    disk = on_small_disk.root.parent
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    for line in refused(call, on_small_disk, base):
        assert " Let it be read and written" in line
        assert line.endswith("then give the same command again.")
