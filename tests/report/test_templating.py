"""Templates are found wherever the package lies, and figures read the same on every page."""

import json
import math
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from drawnruns import HOSTILE
from markdown import Markdown
from markdown_it import MarkdownIt

import audit
from audit.core.estimate import rate
from audit.report.templating import (
    apart,
    decimal,
    fixed,
    front_matter,
    interval,
    markdown,
    percent,
    plain,
    points,
    raw,
    signed,
    told,
)


def test_templates_are_found_in_an_installed_package(tmp_path):
    package = Path(audit.__file__).parent
    shutil.copytree(package, tmp_path / "audit", ignore=shutil.ignore_patterns("__pycache__"))
    source = next(d for d in (package / "templates", package.parent / "templates") if d.is_dir())
    shutil.copytree(source, tmp_path / "audit" / "templates", dirs_exist_ok=True)
    code = "from audit.report.templating import templates_dir as t; print(t() / 'single.html')"
    found = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert Path(found.stdout.strip()) == tmp_path / "audit" / "templates" / "single.html"


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (percent(0.0823), "8.2%"),
        (percent(math.nan), "undefined"),
        (signed(-0.312), "\u22120.31"),
        (signed(0.5), "+0.50"),
        (points(0.0211), "+2.1"),
        (points(-0.3), "\u221230.0"),
        (points(-0.0001), "0.0"),
        (points(math.nan), "undefined"),
        (decimal(0.10849), "0.108"),
        (decimal(math.nan), "undefined"),
        (raw(math.nan), ""),
        (interval(rate(5, 10)), "23.7% to 76.3%"),
        (interval(rate(0, 0)), "no interval"),
    ],
)
def test_figures_are_written_for_readers(shown, expected):
    assert shown == expected


@pytest.mark.parametrize("name", HOSTILE)
def test_a_title_in_front_matter_is_one_quoted_escaped_line(name):
    title = json.loads(front_matter(name))
    assert "\n" not in title
    assert "<" not in title


@pytest.mark.parametrize("name", HOSTILE)
def test_names_in_the_summary_stay_text_in_markdown(name):
    assert Markdown().convert(f"on {markdown(name)}").startswith("<p>on ")
    html = Markdown().convert(str(markdown(name)))
    assert not any(
        tag in html for tag in ("<a", "<em", "<strong", "<h1", "<code", "<img", "<script")
    )


@pytest.mark.parametrize("name", ["@octocat", "a@b.example", "#12", "www.example.com", "a #1 @b"])
def test_names_where_github_reads_call_nobody(name):
    text = str(apart(str(markdown(name))))
    assert not re.search(r"@\w|#\d|www\.", text)
    html = MarkdownIt("commonmark").render(text).replace("<!-- -->", "")
    assert html == f"<p>{name}</p>\n"


def test_signs_that_markup_forbids_are_replaced():
    assert plain("a\x00b\x1bc\nd") == "a\ufffdb\ufffdc d"


def test_signs_that_would_reorder_the_text_around_them_are_replaced():
    assert plain("photo \u202egpj.exe\u2066") == "photo \ufffdgpj.exe\ufffd"
    assert plain("ורד \u200f\u200d") == "ורד \u200f\u200d"  # ordinary marks of such languages stay


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"train": 288, "val_accuracy": 0.9783041213835997}, "train 288, val accuracy 0.9783"),
        ([5, 5, 1280], "5, 5, 1280"),
        ({}, "none"),
        (None, "none"),
        (True, "yes"),
        (-0.5, "\u22120.5"),
        ({"layers": ["a", "b"], "tuned": False}, "layers a, b, tuned no"),
        ("as it is", "as it is"),
    ],
)
def test_facts_are_told_as_a_reader_would_say_them(value, said):
    assert told(value) == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (percent(-0.012), "\u22121.2%"),
        (percent(-0.0001), "0.0%"),
        (decimal(-0.25), "\u22120.250"),
        (fixed(-0.004), "0.00"),
        (fixed(math.nan), "undefined"),
    ],
)
def test_every_negative_number_has_the_same_sign(text, said):
    assert text == said
