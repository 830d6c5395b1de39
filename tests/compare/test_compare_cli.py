"""flower-audit compare: what it prints, and its exit codes."""

import subprocess
import sys

import pytest
from drawnruns import PLAIN, make_run


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    root = tmp_path_factory.mktemp("two runs")
    return [
        make_run(root / n, images=8, classes=PLAIN[:2], size=32, seed=i) for i, n in enumerate("ab")
    ]


def test_it_writes_beside_the_last_run_and_prints_what_to_paste(call, two):
    code, said, err = call("compare", *(run.root for run in two))
    out = two[1].root.parent / "compare-a-b"
    assert code == 0
    assert said.startswith((out / "compare.md").read_text())
    assert said.endswith(f"To attach: {out / 'compare.html'}\n")
    assert "Traceback" not in err


def test_tensorflow_is_not_imported(two, tmp_path):
    script = (
        "import sys; from audit.cli import cli; cli(sys.argv[1:], standalone_mode=False); "
        "assert not {'tensorflow', 'keras'} & set(sys.modules)"
    )
    args = ["compare", *(str(run.root) for run in two), "--out", str(tmp_path / "out")]
    done = subprocess.run([sys.executable, "-c", script, *args], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "compare.html").is_file()


def test_runs_of_other_data_exit_with_1_and_one_line(call, two, tmp_path):
    other = make_run(tmp_path / "c", images=8, classes=PLAIN[:2], size=32, data="tulips")
    code, said, err = call("compare", two[0].root, other.root, "--out", tmp_path / "out")
    assert (code, said) == (1, "")
    assert len(err.strip().splitlines()) == 1
    assert "audited on other data sets (oxford_flowers102, tulips)" in err
    assert not (tmp_path / "out").exists()


def test_a_folder_that_is_no_run_exits_with_1(call, two, tmp_path):
    code, _, err = call("compare", two[0].root, tmp_path)
    assert code == 1
    assert err.startswith(f"Error: {tmp_path} is not a run folder")
