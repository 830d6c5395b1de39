"""A run that is killed again and again, or finds its disk full, ends as if nothing had happened."""

import json
import signal
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from forked import Fork

from audit.checks.explainer_sanity.outputs import FILE as TRUST
from audit.checks.shortcuts.outputs import FILE as SHORTCUTS
from audit.storage.lock import WRITER
from audit.storage.run import RunFolder

PARTS = 6
# Where a run is killed, in the order in which it comes there: right before a file is in place.
# Half of them are half-written then, as by a kill a moment earlier.
MOMENTS = (
    ("donors.npz", "half"), ("records/part-00000.parquet", "half"),
    ("maps/part-00002.npz", "whole"), ("checksums/part-00004.json", "whole"),
    ("trust.json", "half"), ("report.html", "whole"),
)  # fmt: skip
# Parts of four, so that two dozen images make half a dozen.
PROGRAM = """
import json, os, signal, sys
import audit.execution.local as local
from audit.cli import main
from uncharted import no_charts

end = json.loads(sys.argv.pop(1))

def renamed(event, given):
    if event == "os.rename" and os.fsdecode(given[1]).endswith("/" + end[0]):
        if end[1] == "half":
            os.truncate(given[0], os.path.getsize(given[0]) // 2)
        os.kill(os.getpid(), signal.SIGSTOP if end[1] == "stop" else signal.SIGKILL)

if end:
    sys.addaudithook(renamed)
local.PART_SIZE = 4
with no_charts():
    main()
"""


@dataclass
class Work:
    """A run in a process of its own."""

    process: Fork

    def send_signal(self, number):
        self.process.send_signal(number)

    def lines(self):
        return self.process.err.read_text().split("\n")[:-1]  # the last one may be half-written

    def written(self):
        """Numbers of the parts that its log says were written."""
        said = [json.loads(line) for line in self.lines() if line.startswith("{")]
        return [line["part"] for line in said if line.get("event") == "part"]

    def stopped(self):
        """Wait until it stands still."""
        while self.process.state() != "T":
            assert not any('"exit_code"' in line for line in self.lines()), self.lines()[-1]
            time.sleep(0.01)
        return self

    def wait(self):
        return self.process.wait()


@pytest.fixture(scope="module")
def start(tmp_path_factory, draw_manifest, colour_model, forks):
    """Start or go on with a run; its log is of JSON lines."""
    splits = {"train": 1, "validation": 1, "test": 8}
    images = draw_manifest(tmp_path_factory.mktemp("images"), per_split=splits)
    flags = ["--images", images, "--model", colour_model, "--no-grabcut", "--ig-steps", "4"]
    flags += ["--robustness", "2", "--no-opportunity", "--workers", "0", "--resume"]

    def begin(out, end=None):
        command = ["--log-json", "run", *flags, "--out", out]
        return Work(forks.start(PROGRAM, json.dumps(end), *command))

    return begin


@pytest.fixture(scope="module")
def unbroken(start, tmp_path_factory):
    """A whole run."""
    out = tmp_path_factory.mktemp("unbroken") / "run"
    assert start(out).wait() == 0
    return RunFolder(out)


def assert_equal(run, expected):
    """All that the sweep writes is equal, bit for bit."""
    for name in ("records", "maps", "checksums"):
        files = sorted(f.name for f in (expected.root / name).iterdir())
        assert sorted(f.name for f in (run.root / name).iterdir()) == files
    files = [f for f in expected.root.rglob("*.*") if f.suffix in (".parquet", ".npz")]
    for file in files:
        same = run.root / file.relative_to(expected.root)
        assert same.read_bytes() == file.read_bytes(), file.name
    assert TRUST.read(run) == TRUST.read(expected)
    assert SHORTCUTS.read(run) == SHORTCUTS.read(expected)


def test_killed_at_every_moment_it_ends_the_same_and_does_nothing_twice(start, unbroken, tmp_path):
    run, written = RunFolder(tmp_path / "run"), []
    for moment in MOMENTS:
        work = start(run.root, end=moment)
        assert work.wait() == -signal.SIGKILL, moment
        written += work.written()
    work = start(run.root)
    assert work.wait() == 0
    assert sorted(written + work.written()) == list(range(PARTS))
    assert_equal(run, unbroken)
    assert {f.name for f in run.root.iterdir()} == {f.name for f in unbroken.root.iterdir()}


def test_on_a_full_disk_it_says_so_and_goes_on_when_there_is_room(start, unbroken, small_disk):
    out = small_disk / "run"
    work = start(out)
    assert work.wait() == 1
    last = json.loads(work.lines()[-1])
    assert "No space left on device" in last["message"]
    finished = RunFolder(out).done_parts()
    assert len(finished) < PARTS
    subprocess.run(["mount", "-o", "remount,size=50m", str(small_disk)], check=True)
    work = start(out)
    assert work.wait() == 0
    written = work.written()
    assert sorted({*written} | finished) == list(range(PARTS))
    assert not {*written} & finished
    assert_equal(RunFolder(out), unbroken)


@contextmanager
def read_only(out):
    disk = str(out.parent)  # itself it cannot be, while the lock is open
    subprocess.run(["mount", "--bind", disk, disk], check=True)
    subprocess.run(["mount", "-o", "remount,ro,bind", disk], check=True)
    yield
    subprocess.run(["umount", disk], check=True)


@contextmanager
def away(out):
    out.rename(out.with_name("away"))
    yield
    assert not out.exists()
    out.with_name("away").rename(out)


@contextmanager
def a_file(out):
    with away(out):
        out.write_text("not yours")
        yield
        assert out.read_text() == "not yours"
        out.unlink()


TROUBLES = {"Read-only file system": read_only, "No such file or directory": away,
            "Not a directory": a_file}  # fmt: skip


def test_an_out_that_is_taken_away_is_one_line_and_goes_on_when_it_is_back(
    start, unbroken, small_disk
):
    subprocess.run(["mount", "-o", "remount,size=50m", str(small_disk)], check=True)
    out, written = small_disk / "run", []
    for part, (words, trouble) in enumerate(TROUBLES.items(), start=1):
        work = start(out, end=(f"checksums/part-0000{part}.json", "stop")).stopped()
        with trouble(out):
            work.send_signal(signal.SIGCONT)
            assert work.wait() == 1
        said = json.loads(work.lines()[-1])["message"]
        assert words in said and str(out) in said
        assert "\n" not in said
        written += work.written()
    work = start(out)
    assert work.wait() == 0
    assert sorted(written + work.written()) == list(range(PARTS))
    assert_equal(RunFolder(out), unbroken)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_interrupted_it_stops_and_says_how_to_go_on(start, tmp_path, number):
    work = start(tmp_path / "run", end=("maps/part-00001.npz", "stop")).stopped()
    work.send_signal(number)
    work.send_signal(signal.SIGCONT)
    assert work.wait() == 128 + number
    last = json.loads(work.lines()[-1])
    assert last["exit_code"] == 128 + number
    assert "--resume" in last["message"]
    assert not RunFolder(tmp_path / "run").root.joinpath(WRITER).exists()
