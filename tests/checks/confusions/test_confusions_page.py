"""Confusions: counts worked by hand, what is shown beside what, and what is said of the rest."""

from types import SimpleNamespace

import pandas as pd
import pytest
from drawnruns import HOSTILE, PLAIN, make_run, write_predictions
from links import broken, read_site
from uncharted import render

from audit.checks.confusions.summary import MOST, confusions
from audit.core.track import silent
from audit.report.cases import galleries
from audit.report.render import render_panels
from audit.report.source import load
from audit.report.templating import fill
from audit.report.verdicts import VERDICT_KINDS
from audit.report.view import View

LABELS = [0, 0, 0, 0, 0, 0, 1, 1, 1, 2]
ANSWERS = [0, 1, 1, 1, 1, 2, 1, 0, 1, 2]
SURE = [0.9, 0.6, 0.9, 0.7, 0.8, 0.5, 0.7, 0.6, 0.8, 0.5]
WORDS = ["right-reasons", "misread", "distracted", "misread", "misread", "undecided",
         "suspect", "misread", "right-reasons", "suspect"]  # fmt: skip


@pytest.fixture(scope="module")
def worked(tmp_path_factory):
    """Ten explained images of three classes, and two more that were only predicted."""
    run = make_run(
        tmp_path_factory.mktemp("confusions") / "run", images=10, classes=PLAIN[:4], corrupted=0
    )
    frame = run.records()
    names = dict(enumerate(PLAIN))
    given = {
        "label": LABELS,
        "prediction": ANSWERS,
        "label_name": [names[i] for i in LABELS],
        "prediction_name": [names[i] for i in ANSWERS],
        "correct": [a == b for a, b in zip(LABELS, ANSWERS, strict=True)],
        "confidence": SURE,
        "verdict": WORDS,
    }
    explained = frame["row"] >= 0
    for column, values in given.items():
        frame.loc[explained, column] = pd.array(values, dtype=frame[column].dtype)
    run.write_part(0, frame.to_dict("records"), list(run.maps(0)))
    table = frame.loc[explained, ["name", "label", "prediction", "confidence"]]
    more = pd.DataFrame(
        {"name": ["x", "y"], "label": [0, 3], "prediction": [1, 0], "confidence": 0.5}
    ).astype({"label": "int32", "prediction": "int32"})
    write_predictions(run, pd.concat([table, more]))
    render(run)
    return run


def found(run):
    source = load(run)
    return confusions(source, galleries(source, source.drawn))


def text_of(run, root):
    """The page's text, before MkDocs frames it."""
    source = load(run)
    cases = galleries(source, source.drawn)
    shapes = render_panels(run, (c for some in cases.values() for c in some), root, silent)
    content = SimpleNamespace(checks={"confusions": confusions(source, cases)})
    given = {"view": View("", shapes), "titles": source.titles, "verdict_kinds": VERDICT_KINDS}
    return fill(
        "checks/confusions/page.md", content=content, source=source, root="", subject="x", **given
    )


def page(run):
    return (run.report_dir / "confusions.html").read_text(encoding="utf-8")


def test_counts_equal_worked_ones(worked):
    c = found(worked)
    assert (c.tested, c.wrong, c.kinds, c.shown) == (12, 8, 4, 8)
    first = c.pairs[0]
    assert (first.label, first.prediction, first.count) == (0, 1, 5)
    assert (first.share.value, first.share.n) == (pytest.approx(5 / 7), 7)
    assert (first.back_count, first.back.value) == (1, pytest.approx(1 / 3))
    assert first.verdicts == {"misread": 3, "distracted": 1} and first.unexplained == 1
    # As frequent: in the order of their classes.
    assert [(p.label, p.prediction) for p in c.pairs[1:]] == [(0, 2), (1, 0), (3, 0)]


def test_the_surest_stand_beside_right_ones_of_both_classes(worked):
    first, other, _, unexplained = found(worked).pairs
    assert [case.confidence for case in first.cases] == [0.9, 0.8, 0.7]
    assert {(case.label, case.prediction) for case in first.cases} == {(0, 1)}
    assert (first.truth.label, first.other.label) == (0, 1)
    assert first.truth.correct and first.other.correct
    assert first.other.verdict.key == "right-reasons"
    assert other.other.verdict.key == "suspect"  # there is none for the right reasons
    assert (unexplained.cases, unexplained.truth, unexplained.unexplained) == ([], None, 1)


def test_one_way_is_said_only_where_it_is_shown(tmp_path):
    run = make_run(tmp_path / "run", images=4, classes=PLAIN[:4])
    pairs = [(0, 1)] * 12 + [(1, 1)] * 20 + [(0, 0)] * 20 + [(2, 3)] * 5 + [(3, 2)] * 4
    pairs += [(0, 3)] * 2 + [(3, 3)] * 9 + [(2, 2)] * 9
    table = pd.DataFrame(pairs, columns=["label", "prediction"]).astype("int32")
    names = [f"{i}" for i in range(len(table))]
    write_predictions(run, table.assign(name=names, confidence=0.5))
    ways = {(p.label, p.prediction): p.ways for p in found(run).pairs}
    # Fisher: 12 of 34 against 0 of 20, p = 0.0020, times 4 rows; 2 of 34 against 0 of 13 is chance.
    assert ways == {(0, 1): "one way", (2, 3): "both ways", (3, 2): "both ways", (0, 3): "unclear"}


def test_the_page_says_what_was_not_explained(worked):
    text = page(worked)
    assert "8 of 12 test images are named wrongly, in 4 kinds of confusion" in text
    assert "3 misread" in text and "1 distracted" in text and "1 not explained" in text
    assert "None of them was explained, so only the prediction is known" in text
    assert f"No right answer of <bdi>{PLAIN[3]}</bdi> has pictures" in text
    assert "are left out" not in text


def test_a_confusion_leads_to_its_cases_in_the_gallery(worked):
    pages = read_site(worked.report_dir)
    site = pages[(worked.report_dir / "confusions.html").resolve()]
    links = [link for _, link in site.links]
    assert "gallery.html#class=0&predicted=1" in links
    assert {"pair-0-1", "pair-3-0"} <= set(site.ids)
    assert broken(pages) == []


def test_classes_name_their_confusions_and_lead_to_them(worked):
    assert 'href="confusions.html"' in (worked.report_dir / "classes.html").read_text()
    file = next((worked.report_dir / "classes").glob("0-*.html"))
    text = file.read_text(encoding="utf-8")
    assert 'href="../confusions.html#pair-0-1"' in text and "5×" in text
    assert "Most often taken for it" in text


def test_pairs_are_capped_and_what_is_left_out_is_counted(tmp_path, monkeypatch):
    monkeypatch.setattr("audit.checks.confusions.summary.MOST", 2)
    run = make_run(tmp_path / "run", images=60, classes=PLAIN, corrupted=0)
    c, text = found(run), text_of(run, tmp_path)
    assert len(c.pairs) == 2 < c.kinds
    said = f"The 2 most frequent follow, with {c.shown} of the images; {c.kinds - 2} rarer"
    assert said in text
    assert text.count('class="fa-confusion"') == 2


def test_a_page_of_as_many_confusions_as_are_shown_stays_below_3_mb(report):
    site = read_site(report.report_dir)[(report.report_dir / "confusions.html").resolve()]
    pictures = {a["src"] for tag, a in site.elements if tag == "img"}
    size = sum((report.report_dir / src).stat().st_size for src in pictures)
    share = len(found(report).pairs) / MOST
    assert 0.5 < share < 1
    assert size + site.file.stat().st_size < share * 3_000_000


def test_hostile_names_are_shown_as_they_are_and_make_no_markup(report):
    text = page(report)
    assert any(name in text for name in ("&lt;script&gt;alert(1)", "{{ 7 * 7 }}", "薔薇"))
    assert not any(name in text for name in HOSTILE if name.startswith("<"))


def test_a_run_without_wrong_answers_says_so(tmp_path):
    run = make_run(tmp_path / "run", images=1, classes=["only"])
    assert "No test image was predicted wrongly" in text_of(run, tmp_path)
    assert found(run).pairs == [] and found(run).matrix is None
