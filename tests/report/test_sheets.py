"""Classes and findings as CSV, beside the records in a report."""

import csv
import json

import pytest
import uncharted
from drawnruns import PLAIN, make_run
from links import broken, read_site

FORMULA = '=HYPERLINK("http://stranger.example","x")'


@pytest.fixture(scope="module")
def rendered(tmp_path_factory):
    run = make_run(
        tmp_path_factory.mktemp("sheets") / "run", images=12, classes=[PLAIN[0], FORMULA, PLAIN[1]]
    )
    uncharted.render(run)
    return run


def read(run, name):
    with (run.report_dir / "data" / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_each_class_is_a_row_with_its_intervals_and_n(rendered):
    rows = read(rendered, "classes.csv")
    assert [row["class_index"] for row in rows] == ["0", "1", "2"]
    assert sum(int(row["accuracy_n"]) for row in rows) == 12
    for row in rows:
        low, value, high = (float(row[f"accuracy{end}"]) for end in ("_low", "", "_high"))
        assert low <= value <= high
        verdicts = ("right_reasons", "wrong_reasons", "suspect", "misread", "distracted")
        assert sum(int(row[v]) for v in (*verdicts, "undecided")) == int(row["explained"])
        if row["wrong_reasons_share_n"] != "0":
            share = int(row["wrong_reasons"]) / int(row["wrong_reasons_share_n"])
            assert float(row["wrong_reasons_share"]) == pytest.approx(share)


def test_a_class_named_like_a_formula_is_text(rendered):
    assert [row["class"] for row in read(rendered, "classes.csv")][1] == f"'{FORMULA}"


def test_findings_are_those_of_the_summary(rendered):
    told = json.loads(rendered.summary_json.read_text("utf-8"))["findings"]
    rows = read(rendered, "findings.csv")
    assert [(r["finding"], r["title"], r["words"]) for r in rows] == [
        (f["key"], f["title"], f["words"]) for f in told
    ]
    assert [r["what_to_do"] for r in rows] == [" ".join(f["what_to_do"]) for f in told]
    for row, finding in zip(rows, told, strict=True):
        value = finding["figure"]["value"] if finding["figure"] else None
        assert row["figure"] == "" if value is None else float(row["figure"]) == value


def test_pages_link_to_them(rendered):
    pages = read_site(rendered.report_dir)
    for page, name in (("classes", "classes"), ("findings", "findings"), ("findings", "actions")):
        links = pages[(rendered.report_dir / f"{page}.html").resolve()].links
        assert ("a", f"data/{name}.csv") in links
    assert broken(pages) == []
