"""A run that is killed again and again, or finds its disk full, ends as if nothing had happened."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter

import pytest

from audit.runfolder import RunFolder

KILLS = 20
PARTS = 12
# Parts of two, so that two dozen images make a dozen.
PROGRAM = (
    "import audit.sweep.local as local; local.PART_SIZE = 2; from audit.cli import main; main()"
)


@pytest.fixture(scope="module")
def start(tmp_path_factory, draw_manifest, colour_model):
    """Start or go on with a run; its log comes in JSON lines."""
    splits = {"train": 1, "validation": 1, "test": 8}
    images = draw_manifest(tmp_path_factory.mktemp("images"), per_split=splits)
    flags = ["--images", images, "--model", colour_model, "--no-grabcut", "--ig-steps", "300"]
    flags += ["--robustness", "4", "--workers", "0", "--resume"]

    def begin(out):
        command = ["--log-json", "run", *map(str, flags), "--out", str(out)]
        return subprocess.Popen(
            [sys.executable, "-c", PROGRAM, *command],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONWARNINGS": "ignore"},
        )

    return begin


@pytest.fixture(scope="module")
def unbroken(start, tmp_path_factory):
    """A whole run, and the seconds from its first line to its last part."""
    out = tmp_path_factory.mktemp("unbroken") / "run"
    work = start(out)
    work.stderr.readline()
    began = time.monotonic()
    lines = [events([line]) and time.monotonic() for line in work.stderr]
    assert work.wait() == 0
    return RunFolder(out), max(filter(None, lines)) - began


def events(lines):
    """Numbers of the parts that a log says were written."""
    said = [json.loads(line) for line in lines if line.startswith("{")]
    return [line["part"] for line in said if line.get("event") == "part"]


def assert_equal(run, expected):
    """All that the sweep writes is equal, bit for bit."""
    for name in ("records", "maps", "checksums"):
        files = sorted(f.name for f in (expected.root / name).iterdir())
        assert sorted(f.name for f in (run.root / name).iterdir()) == files
    files = [f for f in expected.root.rglob("*.*") if f.suffix in (".parquet", ".npz")]
    for file in files:
        same = run.root / file.relative_to(expected.root)
        assert same.read_bytes() == file.read_bytes(), file.name
    assert run.trust() == expected.trust()
    assert run.shortcuts() == expected.shortcuts()


@pytest.mark.timeout(900)  # some forty starts of TensorFlow
def test_killed_twenty_times_it_ends_the_same_and_does_nothing_twice(start, unbroken, tmp_path):
    expected, seconds = unbroken
    rng = random.Random(0)
    run, written, killed = RunFolder(tmp_path / "0"), [], 0
    while True:
        work = start(run.root)
        first = [work.stderr.readline()]
        if killed < KILLS:
            time.sleep(rng.uniform(0, seconds))
            work.send_signal(signal.SIGKILL)
            killed += 1
        written += events([*first, *work.communicate()[1].splitlines()])
        assert work.returncode in (0, -signal.SIGKILL)
        assert max(Counter(written).values(), default=1) == 1
        if len(run.done_parts()) == PARTS and killed < KILLS:
            run, written = RunFolder(tmp_path / str(killed)), []
        elif work.returncode == 0:
            break
    assert_equal(run, expected)


@pytest.fixture
def small_disk(tmp_path):
    """A file system of its own with hardly any room."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", str(disk)]
    if not shutil.which("mount") or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("no right to mount a small file system")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_on_a_full_disk_it_says_so_and_goes_on_when_there_is_room(start, unbroken, small_disk):
    expected, _ = unbroken
    out = small_disk / "run"
    work = start(out)
    last = json.loads(work.communicate()[1].splitlines()[-1])
    assert work.returncode == 1
    assert "No space left on device" in last["message"]
    finished = RunFolder(out).done_parts()
    assert len(finished) < PARTS
    subprocess.run(["mount", "-o", "remount,size=50m", str(small_disk)], check=True)
    work = start(out)
    written = events(work.communicate()[1].splitlines())
    assert work.returncode == 0
    assert sorted({*written} | finished) == list(range(PARTS))
    assert not {*written} & finished
    assert_equal(RunFolder(out), expected)


def test_interrupted_it_stops_and_says_how_to_go_on(start, unbroken, tmp_path):
    _, seconds = unbroken
    work = start(tmp_path / "run")
    work.stderr.readline()
    time.sleep(seconds / 2)
    work.send_signal(signal.SIGINT)
    last = json.loads(work.communicate()[1].splitlines()[-1])
    assert (work.returncode, last["exit_code"]) == (130, 130)
    assert "--resume" in last["message"]
