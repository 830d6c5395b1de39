"""flower-audit check --github: what GitHub Actions shows, and the handbook's workflow."""

import re
import shlex
import shutil
from pathlib import Path

import pytest
import uncharted
import yaml
from drawnruns import HOSTILE
from gateruns import accused, answered, write_run
from markdown_it import MarkdownIt

import audit
from audit.cli.run import run as run_command

PAGE = Path(audit.__file__).parent.parent / "site" / "check.md"
NAMES = [
    "::error::a",
    "##[error]b",
    "@everyone",
    "www.example.com #1",
    "100%\n::warning::c",
    *HOSTILE,
]


@pytest.fixture(autouse=True)
def quick():
    with uncharted.no_charts():
        yield


@pytest.fixture
def step(tmp_path, monkeypatch):
    """A step of GitHub Actions: the file of its summary, which has a line already."""
    file = tmp_path / "step_summary.md"
    file.write_text("from an earlier command\n")
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(file))
    return file


def commands(out):
    return [line for line in out.splitlines() if line.lstrip().startswith("::") or "##[" in line]


def test_a_failed_gate_is_an_error_and_one_in_doubt_a_warning(call, tmp_path, step):
    run = write_run(tmp_path / "run", accused(10, 100), ["rose"])
    limits = ("--max-wrong-reasons", "5%", "--min-accuracy", "50%", "--max-suspect", "0.1%")
    code, out, _ = call("check", run.root, *limits, "--github")
    assert code == 3
    error, warning = commands(out)
    assert error.startswith("::error title=flower-audit%3A max-wrong-reasons::Wrong reasons among")
    assert "10.0%25 (5.5%25 to 17.4%25, n = 100)" in error
    assert warning.startswith("::warning title=flower-audit%3A max-suspect::")


def test_what_is_kept_is_no_annotation(call, tmp_path, step):
    run = write_run(tmp_path / "run", accused(0, 100), ["rose"])
    code, out, _ = call("check", run.root, "--max-wrong-reasons", "50%", "--github")
    assert (code, commands(out)) == (0, [])
    assert "### The gate passed" in step.read_text()


def test_the_summary_names_every_gate_and_keeps_what_was_there(call, tmp_path, step):
    run = write_run(tmp_path / "run", accused(10, 100), ["rose"])
    call("check", run.root, "--max-wrong-reasons", "5%", "--github")
    text = step.read_text(encoding="utf-8")
    assert text.startswith("from an earlier command\n## Audit\n\n### The gate failed\n")
    html = MarkdownIt("commonmark").enable("table").render(text)
    assert html.count("<tr>") == 1 + 2
    assert "<strong>FAILED</strong>" in html and "<code>max-wrong-reasons</code>" in html


def test_the_summary_has_the_reports_ten_lines_where_there_is_one(call, own_report, step):
    call("check", own_report.root, "--max-wrong-reasons", "0", "--github")
    text = step.read_text(encoding="utf-8")
    assert "DO NOT SHIP" in text and "The gate failed on 1 of 2 limits." in text


def test_names_command_nothing_and_are_no_markup(call, tmp_path, step):
    cases = [case for label in range(len(NAMES)) for case in answered(1, 40, label)]
    for i in range(0, len(NAMES), 4):  # a line names the five worst
        some = cases[40 * i : 40 * (i + 4)]
        some = [c | {"label": c["label"] - i, "prediction": c["prediction"] - i} for c in some]
        run = write_run(tmp_path / f"run{i}", some, NAMES[i : i + 4])
        code, out, _ = call("check", run.root, "--min-class-accuracy", "90%", "--github")
        assert code == 3
        (error,) = commands(out)
        assert error.startswith("::error title=flower-audit%3A min-class-accuracy::")
    text = step.read_text(encoding="utf-8")
    assert not re.search(r"@\w|www\.", text)
    html = MarkdownIt("commonmark").enable("table").render(text)
    html = html.replace("<!-- -->", "")
    assert set(re.findall(r"<\w+", html)) == {"<p", "<h2", "<h3", "<table", "<thead", "<tbody",
                                             "<tr", "<th", "<td", "<code", "<strong"}  # fmt: skip
    assert html.count("<strong>") == len(range(0, len(NAMES), 4))


@pytest.mark.parametrize(("limit", "code"), [("50%", 0), ("5%", 3)])
def test_elsewhere_one_line_says_so_and_nothing_changes(call, tmp_path, monkeypatch, limit, code):
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    run = write_run(tmp_path / "run", accused(10, 100), ["rose"])
    found, out, err = call("check", run.root, "--max-wrong-reasons", limit, "--github")
    assert (found, commands(out)) == (code, [])
    assert err.splitlines()[-1].startswith(
        "--github did nothing: this is no step of GitHub Actions"
    )


@pytest.mark.parametrize(
    ("file", "said"),
    [("", "names no file"), ("none/summary.md", "No such file or directory. Let it be written.")],
)
def test_a_summary_that_cannot_be_written_is_one_line(
    call, tmp_path, step, monkeypatch, file, said
):
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", file)
    monkeypatch.chdir(tmp_path)
    run = write_run(tmp_path / "run", accused(10, 100), ["rose"])
    code, out, err = call("check", run.root, "--max-wrong-reasons", "5%", "--github")
    assert code == 3 and commands(out)
    line = err.splitlines()[-1]
    assert line.startswith("No step summary: GITHUB_STEP_SUMMARY ") and said in line


# The handbook's workflow


def workflow():
    text = next(t for t in re.findall(r"```yaml\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL))
    return yaml.safe_load(text)["jobs"]["audit"]["steps"]


def test_the_handbooks_workflow_is_the_commands_as_they_are(
    call, tmp_path, small_report, step, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    lines = [shlex.split(s["run"]) for s in workflow() if "run" in s]
    audits = [line[1:] for line in lines if line[0] == "flower-audit"]
    assert [line[0] for line in audits] == ["run", "check"]
    asked = run_command.make_context("run", audits[0][1:]).params
    shutil.copytree(small_report.root, tmp_path / asked["out"])
    code, out, _ = call(*audits[1])  # of 12 images: in doubt
    assert code == 0 and all(line.startswith("::warning ") for line in commands(out))
    assert len(commands(out)) == 2
    assert "### The gate passed" in step.read_text(encoding="utf-8")
    uploaded = next(s for s in workflow() if "upload-artifact" in s.get("uses", ""))
    assert uploaded["if"] == "always()"  # a failed gate is what a review needs most
    assert [p for p in uploaded["with"]["path"].split() if not (tmp_path / p).exists()] == []
