"""A render's outputs are those of one render, wherever its process is killed."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from audit.core.errors import RunFolderError
from audit.storage.swap import OUTPUTS, settle, swap

# Kills itself right before its change number `argv[3]` of the file system, counted from 1.
_SWAP = """
import os, signal, sys
from pathlib import Path
from audit.storage.swap import OUTPUTS, swap

root, staged, left = Path(sys.argv[1]), Path(sys.argv[2]), [int(sys.argv[3])]
def count(event, _):
    if event in ("os.rename", "os.remove", "os.rmdir"):
        left[0] -= 1
        if not left[0]:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(count)
swap(staged, root, OUTPUTS)
"""


def write_outputs(folder: Path, told: str) -> Path:
    """The four outputs of a render, which all tell the same."""
    (folder / "report" / "pages").mkdir(parents=True)
    (folder / "report" / "pages" / "index.html").write_text(told)
    (folder / "report" / "files.txt").write_text("pages/index.html\nfiles.txt")
    for name in OUTPUTS[1:]:
        (folder / name).write_text(told)
    return folder


def told(root: Path) -> set[str]:
    """What the outputs of a run's folder tell."""
    files = [root / "report" / "pages" / "index.html", *(root / name for name in OUTPUTS[1:])]
    return {file.read_text() for file in files}


@pytest.fixture
def run(tmp_path):
    """A run's folder with an old report, and a new one staged."""
    root = write_outputs(tmp_path / "run", "old")
    write_outputs(root / ".report-abcd_123", "new")
    return root


def staged(root: Path, ready: bool = True) -> Path:
    folder = root / ".report-abcd_123"
    return folder.rename(root / ".report-abcd_123.ready") if ready else folder


def left(root: Path) -> list[str]:
    return sorted(path.name for path in root.glob(".report*"))


def test_a_swap_replaces_all_and_leaves_nothing(run):
    swap(staged(run, ready=False), run, OUTPUTS)
    assert told(run) == {"new"}
    assert sorted(path.name for path in run.iterdir()) == sorted(OUTPUTS)


def test_the_first_report_is_put_into_an_empty_folder(tmp_path):
    swap(write_outputs(tmp_path / ".report-abcd_123", "new"), tmp_path, OUTPUTS)
    assert told(tmp_path) == {"new"}


def test_a_swap_killed_before_any_of_its_steps_is_whole_once_settled(tmp_path):
    seen, step = [], 0
    while True:
        step += 1
        root = write_outputs(tmp_path / f"run {step}", "old")
        new = write_outputs(root / ".report-abcd_123", "new")
        asked = [sys.executable, "-c", _SWAP, str(root), str(new), str(step)]
        ended = subprocess.run(asked, check=False).returncode
        settle(root)
        assert len(told(root)) == 1 and left(root) == []
        seen += told(root)
        if ended == 0:
            break
        assert ended == -signal.SIGKILL
    assert seen == ["old"] + ["new"] * (step - 1)
    assert step > 6  # the mark, two renames of folders, three of files, and what is deleted


def test_what_was_not_ready_is_deleted_and_the_old_report_stays(run):
    settle(run)
    assert told(run) == {"old"} and left(run) == []


def test_settling_goes_no_further_than_its_own_folders(run):
    names = (".report-notes", ".report-abcd_123.ready.mine", ".report-ABCDEFGH")
    for name in names:
        (run / name).mkdir()
    (run / ".report-file1234").write_text("a file")
    settle(run)
    assert left(run) == sorted([*names, ".report-file1234"])


def test_a_report_with_a_file_of_the_users_own_is_not_replaced_by_settling(run):
    (run / "report" / "notes.txt").write_text("mine")
    staged(run)
    settle(run)
    assert (run / "report" / "notes.txt").read_text() == "mine"
    assert told(run) == {"old"} and left(run) == []


@pytest.fixture
def elsewhere(tmp_path):
    """The reader's own files, outside the run's folder."""
    folder = write_outputs(tmp_path / "elsewhere", "secret")
    (folder / "keep.txt").write_text("keep")
    return folder


def test_a_forged_folder_that_is_a_link_is_not_followed(run, elsewhere):
    (run / ".report-stranger").symlink_to(elsewhere)
    (run / ".report-stranger.ready").symlink_to(elsewhere)
    settle(run)
    assert told(run) == {"old"} and told(elsewhere) == {"secret"}
    assert (elsewhere / "keep.txt").read_text() == "keep"


@pytest.mark.parametrize("name", OUTPUTS)
def test_a_link_in_a_forged_folder_takes_no_outputs_place(run, elsewhere, name):
    ready = staged(run)
    (ready / name).rename(ready / "aside")
    (ready / name).symlink_to(elsewhere / name)
    settle(run)
    assert not (run / name).is_symlink()
    assert told(elsewhere) == {"secret"} and left(run) == []


@pytest.mark.parametrize("name", OUTPUTS)
def test_an_output_that_is_a_link_is_replaced_and_its_target_stays(run, elsewhere, name):
    (run / name).rename(run / "aside")
    (run / name).symlink_to(elsewhere / name)
    (elsewhere / "report" / "mine.txt").write_text("which no render wrote")
    staged(run)
    settle(run)
    assert told(run) == {"new"} and told(elsewhere) == {"secret"}
    assert not (run / name).is_symlink()


def test_outputs_of_the_wrong_kind_are_not_moved(run):
    ready = staged(run)
    (ready / "report").rename(ready / "aside")
    (ready / "report").write_text("a file")
    (ready / "summary.json").unlink()
    (ready / "summary.json").mkdir()
    settle(run)
    assert (run / "report").is_dir() and (run / "summary.json").is_file()
    assert left(run) == []


def test_other_entries_of_a_forged_folder_are_deleted_not_moved(run):
    ready = staged(run)
    (ready / "manifest.json").write_text("forged")
    settle(run)
    assert told(run) == {"new"}
    assert not (run / "manifest.json").exists()


def test_what_cannot_be_cleared_is_named_with_its_mend(run):
    ready = staged(run)
    (ready / "old report" / "forged").mkdir(parents=True)
    with pytest.raises(RunFolderError, match=r"Cannot clear .*\.ready: .*not empty; delete it\.$"):
        settle(run)
    assert told(run) == {"old"}
