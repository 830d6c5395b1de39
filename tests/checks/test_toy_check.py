"""A check that another package brings by its entry point, as the handbook makes one.

What is written here is read off the handbook's page, so that the page is as true as the code.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from drawnruns import HOSTILE, PLAIN, make_run
from jsonschema import Draft202012Validator
from links import broken, read_site

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "site" / "add-a-check.md"
# Measures what is not done of a drawn run, by the loop of a sweep, and renders its report.
SWEPT = """
import sys
from pathlib import Path
from types import SimpleNamespace

from audit.checks.context import Context
from audit.checks.registry import every
from audit.settings import Config
from audit.core.track import silent
from audit.datasets.dataset import Item
from audit.report.build import render
from audit.report.schema import summary_schema
from audit.stages.step import take
from audit.stages.sweep import steps_of_checks
from audit.storage.run import RunFolder
import json

folder = RunFolder.open(Path(sys.argv[1]))
records = folder.records()
records = records[records["skipped"] == ""]
classes = list(dict(sorted(zip(records["label"], records["label_name"]))).values())
items = [Item(name, label, "test") for name, label in zip(records["name"], records["label"])]
for check in every():
    for output in check.outputs:
        if output.vouched and output.file(folder).exists():
            folder.vouch(output.file(folder))
context = Context(
    folder=folder, dataset=SimpleNamespace(classes=classes), masks=None, config=Config(),
    preflight=None, hashes={}, classifier=None, engine=None, pool=None, tested=items,
    explained=items, track=silent,
)
before = folder.manifest().get("seconds", {})
take(steps_of_checks(), context)
measured = [name for name in folder.manifest()["seconds"] if name not in before]
render(folder)
assert "tensorflow" not in sys.modules
print(json.dumps({"measured": measured, "schema": summary_schema()}))
"""


def handbook():
    """The files of the page by their names: each block follows its name in backticks."""
    text = PAGE.read_text(encoding="utf-8")
    told = re.findall(r"`(toy_names/[\w./]+)`[^`]*?\n\n```\w+\n(.*?)\n```\n", text, re.S)
    point = re.search(r'^toy_names = "(.*)"$', text, re.M)
    return dict(told), point[1]


def installed(folder, *, point=None, name="toy-names"):
    """A folder for sys.path that holds the package with its entry point."""
    files, said = handbook()
    for file, content in files.items():
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text(content + "\n", encoding="utf-8")
    info = folder / f"{name.replace('-', '_')}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    points = f"[flower_audit.checks]\ntoy_names = {point or said}\n"
    (info / "entry_points.txt").write_text(points)
    return folder


def python(code, *args, beside):
    paths = [str(beside), str(ROOT)]
    told = os.environ | {"PYTHONPATH": os.pathsep.join(paths)}
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, args)], capture_output=True, text=True, env=told,
        check=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    """A run of hostile names that the toy check measured, and what the subprocess said."""
    root = tmp_path_factory.mktemp("toy")
    run = make_run(root / "run", images=28, classes=[*HOSTILE[:3], *PLAIN[:5]], size=32,
                   corrupted=1, judged=True)  # fmt: skip
    done = python(SWEPT, run.root, beside=installed(root / "site"))
    assert done.returncode == 0, done.stderr
    return run, json.loads(done.stdout.splitlines()[-1])


def test_it_alone_is_measured_and_its_file_is_vouched_for(swept):
    run, said = swept
    assert said["measured"] == ["toy_names"]
    assert run.has(run.file("toy_names.json"))
    assert json.loads(run.file("toy_names.json").read_text())["telling"]


def test_it_is_found_in_menu_overview_findings_limits_methods_and_glossary(swept):
    run, _ = swept
    pages = {f.stem: f.read_text(encoding="utf-8") for f in run.report_dir.glob("*.html")}
    assert 'href="toy_names.html"' in pages["methods"]
    assert "The first name that tells its label" in pages["index"]
    assert "File names tell the label" in pages["findings"]
    assert "Images named after their class" in pages["findings"]
    assert "Telling names" in pages["methods"] and "Telling names" in pages["index"]
    assert 'id="term-telling-name"' in pages["glossary"]
    assert "File names tell the label" in run.report_html.read_text(encoding="utf-8")
    assert broken(read_site(run.report_dir)) == []


def test_its_page_shows_names_of_any_origin_as_text(swept):
    run, _ = swept
    page = (run.report_dir / "toy_names.html").read_text(encoding="utf-8")
    assert "give the label away?" in page
    assert "<script>alert(1)" not in page and "&lt;script&gt;alert(1)" in page
    first = (run.report_dir / "index.html").read_text(encoding="utf-8")
    assert "<script>alert(1)" not in first and "<img src=x" not in first


def test_the_summary_is_valid_by_the_schema_of_what_is_installed(swept):
    run, said = swept
    told = json.loads(run.summary_json.read_text(encoding="utf-8"))
    assert told["toy_names"]["telling"] == told["figures"]["toy_telling"]
    assert "toy-telling" in [found["key"] for found in told["findings"]]
    validator = Draft202012Validator(said["schema"])
    assert [e.message for e in validator.iter_errors(told)] == []


def test_a_run_that_it_never_saw_is_reported_too(swept, tmp_path):
    run = make_run(tmp_path / "run", images=4, classes=PLAIN[:2], size=32, corrupted=0)
    code = (
        "import sys; from audit.cli import main; sys.argv = ['flower-audit', 'report', "
        f"{str(run.root)!r}]; main()"
    )
    done = python(code, beside=swept[0].root.parent / "site")
    assert done.returncode == 0, done.stderr
    assert json.loads(run.summary_json.read_text())["toy_names"] is None
    assert not (run.report_dir / "toy_names.html").exists()


@pytest.mark.parametrize(
    ("point", "words"),
    [
        ("toy_names.nowhere:CHECK", "cannot be imported (ModuleNotFoundError"),
        ("toy_names.check:FILE", "is no Check of audit.checks.base, but Json"),
    ],
)
def test_what_is_broken_is_one_line_that_names_its_package(tmp_path, point, words):
    run = make_run(tmp_path / "run", images=4, classes=PLAIN[:2], size=32, corrupted=0)
    beside = installed(tmp_path / "site", point=point)
    code = (
        "import sys; from audit.cli import main; sys.argv = ['flower-audit', 'report', "
        f"{str(run.root)!r}]; main()"
    )
    done = python(code, beside=beside)
    assert done.returncode == 1
    line = done.stderr.strip().splitlines()[-1]
    assert "The check 'toy_names' of toy-names 1.0" in line and words in line
    assert "Traceback" not in done.stderr
