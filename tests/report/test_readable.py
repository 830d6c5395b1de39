"""What a reader sees of a report: no raw values, one minus sign, and one image is one."""

import html
import re

import pytest
from drawnruns import PLAIN, make_run
from uncharted import render

_MARKUP = r"<(script|style|svg)\b.*?</\1>|<[^>]+>"
_NOUNS = "images|predictions|answers|classes|cases|limits|groups|photographs"


@pytest.fixture(scope="module")
def single(tmp_path_factory):
    """The report of a run of one image."""
    run = make_run(tmp_path_factory.mktemp("one") / "run", images=1, classes=PLAIN[:1], corrupted=1)
    render(run)
    return run


def found(run, pattern, hidden=_MARKUP):
    """What the pages of a run show of a pattern, by their names."""
    seen = {}
    for file in (*run.report_dir.rglob("*.html"), run.report_html):
        text = re.sub(hidden, " ", file.read_text(encoding="utf-8"), flags=re.DOTALL)
        seen[file.name] = re.findall(rf".{{0,30}}(?:{pattern}).{{0,30}}", html.unescape(text))
    return {name: hits for name, hits in seen.items() if hits}


@pytest.mark.parametrize(
    "pattern",
    [r"(?i:\bnan\b)", r"\d\.\d{7}", r"\{'|\['"],
    ids=["no number", "needless digits", "quotes and braces"],
)
def test_nothing_is_shown_raw(report, single, pattern):
    for run in (report, single):
        assert found(run, pattern) == {}


def test_a_negative_number_has_no_hyphen_for_its_sign(report, single):
    formulas = _MARKUP.replace("svg", "svg|code")
    for run in (report, single):
        assert found(run, r"(?<![\w.-])-\d", formulas) == {}


def test_one_image_reads_as_one(single):
    assert found(single, rf"(?<![\d,.])1 (?:{_NOUNS})\b") == {}


def test_no_program_is_told_nan(single, report):
    for run in (single, report):
        assert "nan to" not in run.summary_json.read_text(encoding="utf-8")
        assert "nan" not in run.summary_md.read_text(encoding="utf-8").lower()
