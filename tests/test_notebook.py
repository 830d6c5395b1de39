"""The handbook's notebook, run as it stands there."""

import re
from pathlib import Path

import pytest

import audit
from audit.core.errors import RunFolderError

pytestmark = pytest.mark.usefixtures("without_charts", "without_sanity")
PAGE = Path(__file__).parent.parent / "site" / "notebook.md"


def test_the_notebook_runs_from_top_to_bottom(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    names = {}
    for code in re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL):
        exec(code, names)
    run, again = names["run"], names["again"]
    assert again.page.is_file()
    assert len(again.records) == len(run.predictions) == 48
    later = audit.load_run(again.folder.root)  # what was read before the gate does not know of it
    assert run.summary == later.summary
    assert run.records["correct"].mean() > 0.6
    printed = capsys.readouterr().out
    assert "upper left" in printed  # where the sticker is
    assert "FAILED" not in printed
    with pytest.raises(RunFolderError, match="explains no image 'x'"):
        run.maps("x")


def test_what_is_no_run_is_one_line(tmp_path):
    with pytest.raises(RunFolderError, match="is not a run folder"):
        audit.load_run(tmp_path)


def test_what_is_not_there_is_named():
    with pytest.raises(AttributeError, match="'audit' has no attribute 'walk'"):
        audit.walk  # noqa: B018
