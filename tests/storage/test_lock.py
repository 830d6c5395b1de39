"""One writer at a time: two processes at once, a stale lock, and a link in its place."""

import json
import multiprocessing
import os
import platform
import signal

import pytest

from audit.core.errors import RunFolderError
from audit.storage import lock
from audit.storage.lock import LOCK, WRITER
from audit.storage.paths import location
from audit.storage.run import RunFolder, renamed_to

SPAWN = multiprocessing.get_context("spawn")
FILES = 25


def keep_files(root, mark, ready):
    run = RunFolder.open(root)
    ready.wait()
    for number in range(FILES):
        run.keep(root / f"{mark}{number}.json", b"{}")


def hold(root, held):
    with RunFolder(root).writing():
        held.set()
        signal.pause()


@pytest.fixture
def run(tmp_path):
    made = RunFolder.create(tmp_path / "run", resume=False)
    made.update_manifest(config={"seed": 0})
    return made


@pytest.fixture
def held(run, monkeypatch):
    """A process that holds the folder until the test ends."""
    monkeypatch.setattr(lock, "PATIENCE", 0.1)
    holds = SPAWN.Event()
    process = SPAWN.Process(target=hold, args=(run.root, holds))
    process.start()
    assert holds.wait(60)
    yield process
    process.kill()
    process.join()


def test_two_writers_at_once_lose_no_checksum(run):
    ready = SPAWN.Barrier(2)
    writers = [SPAWN.Process(target=keep_files, args=(run.root, m, ready)) for m in "ab"]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert len(run.manifest()["checksums"]) == 2 * FILES


def test_the_second_writer_is_told_who_holds_the_folder(run, held):
    with (
        pytest.raises(RunFolderError) as refused,
        RunFolder.begun(run.root, resume=True),
    ):
        pass
    said = f"{run.root} is being written by process {held.pid} on {platform.node()}, since 2"
    assert str(refused.value).startswith(said)
    assert "\n" not in str(refused.value)


def test_reading_stays_free(run, held):
    assert RunFolder.open(run.root).manifest()["config"] == {"seed": 0}


def test_a_killed_writer_holds_nothing(run, held):
    held.kill()
    held.join()
    with RunFolder.begun(run.root, resume=True):
        assert json.loads((run.root / WRITER).read_bytes())["pid"] == os.getpid()
    assert not (run.root / WRITER).exists()


def test_a_folder_is_held_again_by_whoever_holds_it(run):
    with run.writing(), run.writing():
        run.keep(run.root / "a.json", b"{}")
    assert run.has(run.root / "a.json")


def test_a_run_that_another_process_began_meanwhile_is_not_begun_again(tmp_path, monkeypatch):
    made = RunFolder.create(tmp_path / "run", resume=False)
    other = RunFolder(made.root)
    waited = RunFolder.writing

    def slow(self):
        other.manifest_file.write_text('{"config": {}}')
        return waited(self)

    monkeypatch.setattr(RunFolder, "writing", slow)
    with (
        pytest.raises(RunFolderError, match="already holds a run"),
        RunFolder.begun(made.root, resume=False),
    ):
        pass


@pytest.mark.parametrize("name", [LOCK, WRITER])
def test_no_link_in_place_of_the_lock_is_written_through(run, tmp_path, name):
    secret = tmp_path / "secret"
    secret.write_text("precious")
    (run.root / name).unlink(missing_ok=True)
    (run.root / name).symlink_to(secret)
    try:
        run.update_manifest(command="audit")
    except RunFolderError as error:
        assert str(error).startswith(f"Cannot write in {run.root}")
    assert secret.read_text() == "precious"


def test_names_of_half_written_files_are_never_alike(run, monkeypatch):
    """Two containers on one disk are both process 1."""
    monkeypatch.setattr(os, "getpid", lambda: 1)
    with renamed_to(run.gate_file) as ours, renamed_to(run.gate_file) as theirs:
        assert ours != theirs
        ours.write_bytes(b"1")
        theirs.write_bytes(b"2")


# At a URL


@pytest.fixture
def stored(tmp_path):
    made = RunFolder.create(location(f"memory://lock{tmp_path}"), resume=False)
    made.update_manifest(config={})
    return made


def lie(run, **writer):
    (run.root / LOCK).write_bytes(json.dumps(writer).encode())


def test_a_lock_at_a_url_keeps_a_second_writer_out(stored):
    with (
        stored.writing(),
        pytest.raises(RunFolderError, match=r"being written by .* delete memory:.*\.lock"),
        RunFolder(stored.root).writing(),
    ):
        pass
    with RunFolder(stored.root).writing():  # it was let go
        pass


def test_a_lock_at_a_url_that_a_killed_process_left_is_taken_over(stored):
    ended = SPAWN.Process(target=int)
    ended.start()
    ended.join()
    lie(stored, **json.loads(lock._me()) | {"pid": ended.pid})
    with stored.writing():
        pass
    assert not (stored.root / LOCK).exists()


def test_a_lock_at_a_url_of_another_container_of_the_same_name_is_left(stored):
    ended = SPAWN.Process(target=int)
    ended.start()
    ended.join()
    lie(stored, **json.loads(lock._me()) | {"pid": ended.pid, "pids": "pid:[1]"})
    with pytest.raises(RunFolderError, match="is being written by"), stored.writing():
        pass


@pytest.mark.parametrize(
    "writer", [{}, {"host": "elsewhere", "pid": 1}, {"host": platform.node(), "pid": 10**30}]
)
def test_a_lock_at_a_url_that_may_be_alive_is_left(stored, writer):
    lie(stored, **writer)
    with pytest.raises(RunFolderError, match="is being written by"), stored.writing():
        pass
    assert (stored.root / LOCK).exists()
