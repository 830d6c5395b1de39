"""Paths and URLs; whole runs at a URL are in test_commands.py."""

from pathlib import Path

import pytest

from audit.core.errors import RunFolderError
from audit.storage.paths import files_below, location, on_disk
from audit.storage.run import RunFolder


@pytest.mark.parametrize("given", ["/runs/one", "file:///runs/one", "local:///runs/one"])
def test_a_path_is_a_path_however_it_is_written(given):
    assert location(given) == Path("/runs/one")
    assert on_disk(location(given))


def test_a_url_is_joined_and_named_as_it_was_given():
    found = location("memory://bucket/run") / "manifest.json"
    assert not on_disk(found)
    assert str(found) == "memory://bucket/run/manifest.json"


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("nowhere://bucket/run", "nowhere://bucket/run cannot be reached"),
        ("s3://bucket/run", r"Install s3fs.*pip install 'flower-audit\[s3\]'"),
    ],
)
def test_a_url_that_nothing_can_read_is_one_line(url, said):
    with pytest.raises(RunFolderError, match=said):
        location(url)


def test_a_password_in_a_file_url_is_refused_as_in_any_other():
    with pytest.raises(RunFolderError, match="carries credentials") as refused:
        location("file://ann:hunter2@host/run")
    assert "hunter2" not in str(refused.value)


def test_a_store_that_does_not_answer_is_one_line():
    with pytest.raises(RunFolderError, match=r"localhost:9/run cannot be reached: .*refused"):
        RunFolder.create(location("ftp://localhost:9/run"), resume=False)


def test_a_folder_at_a_url_that_holds_something_else_is_left_alone():
    root = location("memory://thesis")
    (root / "chapters").mkdir(parents=True)
    (root / "chapters" / "1.tex").write_bytes(b"text")
    with pytest.raises(RunFolderError, match="holds something else"):
        RunFolder.create(root, resume=True)
    assert list(files_below(root)) == ["chapters/1.tex"]
