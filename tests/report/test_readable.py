"""What a reader sees of a report: no raw values, one minus sign, and one image is one."""

import html
import re

import pytest
from drawnruns import PLAIN, make_run
from uncharted import render

_HIDDEN = re.compile(r"<(script|style|svg|code)\b.*?</\1>|<[^>]+>", re.S)


def shown(file):
    return html.unescape(_HIDDEN.sub(" ", file.read_text(encoding="utf-8")))


@pytest.fixture(scope="module")
def single(tmp_path_factory):
    """The report of a run of one image."""
    run = make_run(tmp_path_factory.mktemp("one") / "run", images=1, classes=PLAIN[:1], corrupted=1)
    render(run)
    return run


def pages(run):
    return [*run.report_dir.rglob("*.html"), run.report_html]


def found(run, pattern):
    return {
        file.name: seen
        for file in pages(run)
        if (seen := re.findall(rf".{{0,30}}(?:{pattern}).{{0,30}}", shown(file)))
    }


@pytest.mark.parametrize(
    "pattern",
    [
        r"(?i:\bnan\b)",
        r"\d\.\d{7}",
        r"\{'|\['",
        r"\bTrue\b|\bFalse\b",
        r"(?<![\w.-])-\d",
    ],
    ids=["nan", "digits", "repr", "bool", "hyphen for a minus"],
)
def test_nothing_is_shown_raw(report, single, pattern):
    for run in (report, single):
        assert found(run, pattern) == {}


def test_one_image_reads_as_one(single):
    assert found(single, r"(?<![\d,.])1 (?:images|predictions|answers|classes|cases|limits)\b") == {}


def test_no_program_is_told_nan(single, report):
    for run in (single, report):
        assert "nan to" not in run.summary_json.read_text(encoding="utf-8")
        assert "nan" not in run.summary_md.read_text(encoding="utf-8").lower()
