"""What the report makes of it: classes by what is offered and what is taken, findings, the page."""

import json
import math

import numpy as np
import pytest
from drawnruns import HOSTILE, PLAIN, make_run, of_cue, rows_of
from links import broken, read_site
from uncharted import found_in, render

from audit.checks.opportunity.outputs import FILE
from audit.checks.opportunity.reliance import reliance
from audit.checks.opportunity.summary import find_opportunity
from audit.core.errors import RunFolderError
from audit.report.source import load
from audit.storage.run import write_whole

CLASSES = (PLAIN[0], HOSTILE[1], PLAIN[2])


@pytest.fixture
def run(tmp_path):
    """The second class has a hostile name, and the colours of its background give it away."""
    return make_run(tmp_path / "run", images=36, classes=CLASSES, size=32, corrupted=0,
                    examined=False)  # fmt: skip


def rest(run, **by_class):
    """Let right answers of classes rest on their background, or not: verdict by class."""
    for part in run.done_parts():
        records = run.records().query("part == @part")
        right = records["correct"].astype(bool) & (records["causal_reason"] == "")
        for label, verdict in by_class.items():
            here = right & (records["label"] == int(label[1:]))
            records.loc[here, "verdict"] = verdict
            records.loc[here, "background_share"] = 0.1
            records.loc[here, "without_foreground"] = (int(label[1:]) + 1) % len(CLASSES)
        run.write_part(part, rows_of(records), list(run.maps(part)))


def tell(run, **cues):
    """Other answers to cues in training alone."""
    told = json.loads(FILE.file(run).read_text())
    told["splits"] = told["splits"][:1]
    told["splits"][0]["cues"] |= cues
    write_whole(FILE.file(run), json.dumps(told).encode())


def standing(run):
    return {row.name: row.quadrant for row in find_opportunity(load(run)).classes}


def test_classes_stand_where_what_is_offered_crosses_what_is_taken(run):
    rest(run, c0="wrong-reasons", c1="wrong-reasons", c2="right-reasons")
    assert standing(run) == {CLASSES[1]: "taken", CLASSES[0]: "hardly", CLASSES[2]: "neither"}
    rest(run, c0="right-reasons", c1="right-reasons")
    assert standing(run) == {CLASSES[1]: "left", CLASSES[0]: "neither", CLASSES[2]: "neither"}


def test_what_is_offered_and_taken_is_a_finding_to_look_at(run):
    rest(run, c0="right-reasons", c1="wrong-reasons", c2="right-reasons")
    found = found_in(run)
    assert "opportunity-offered" not in found
    finding = found["opportunity-taken"]
    assert finding.severity == "look"
    assert "100.0%" in finding.words and HOSTILE[1] not in finding.words + finding.title
    (link,) = finding.steps[0].links
    assert link.text == HOSTILE[1] and link.address.startswith("opportunity.html#class-1-")


def test_what_is_offered_and_not_taken_is_a_finding_for_information(run):
    rest(run, c0="right-reasons", c1="right-reasons", c2="right-reasons")
    found = found_in(run)
    assert "opportunity-taken" not in found
    assert found["opportunity-offered"].severity == "info"


def test_cues_that_give_nothing_away_make_no_finding(run):
    rest(run, c0="right-reasons", c1="right-reasons", c2="right-reasons")
    tell(run, colour=of_cue(np.full((3, 3), 8), p=0.5), features=of_cue(np.full((3, 3), 8), p=0.6))
    assert not {key for key in found_in(run) if key.startswith("opportunity")}
    assert set(standing(run).values()) == {"neither"}


def test_a_class_of_too_few_images_is_not_told(run):
    rest(run, c0="wrong-reasons", c1="wrong-reasons", c2="right-reasons")
    told = of_cue(np.eye(2, dtype=int) * 20, p=0.0005) | {"labels": [0, 1]}
    tell(run, **dict.fromkeys(("border", "colour", "texture", "features"), told))
    assert standing(run) == {CLASSES[0]: "taken", CLASSES[1]: "taken", CLASSES[2]: "unknown"}


def test_a_run_without_interventions_does_not_say_that_nothing_is_taken(run):
    for part in run.done_parts():
        records = run.records().query("part == @part").assign(causal_reason="interventions are off")
        run.write_part(part, rows_of(records), list(run.maps(part)))
    assert set(standing(run).values()) == {"unknown"}


def test_reliance_equals_worked_figures(run):
    rest(run, c1="wrong-reasons")
    source = load(run)
    found, records = reliance(source, 1), source.tested
    right = records[(records["label"] == 1) & records["correct"].astype(bool)]
    assert (found.wrong_reasons.value, found.wrong_reasons.n) == (1, len(right))
    assert found.share.value == pytest.approx(0.1) and found.keeps.value == 0
    others = records[(records["label"] != 1) & (records["without_foreground"] >= 0)]
    assert found.usual == (others["without_foreground"] == 1).mean()
    assert found.by == "wrong reasons"


def test_an_answer_that_the_model_always_gives_without_evidence_is_no_reliance(run):
    rest(run, c0="right-reasons", c1="right-reasons", c2="right-reasons")
    for part in run.done_parts():
        records = run.records().query("part == @part")
        records.loc[records["without_foreground"] >= 0, "without_foreground"] = 1
        run.write_part(part, rows_of(records), list(run.maps(part)))
    found = reliance(load(run), 1)
    assert (found.keeps.value, found.usual, found.by) == (1, 1, "")


def test_the_page_names_classes_as_text_and_its_links_lead_somewhere(run):
    rest(run, c0="right-reasons", c1="wrong-reasons", c2="right-reasons")
    render(run)
    page = (run.report_dir / "opportunity.html").read_text(encoding="utf-8")
    overview = (run.report_dir / "index.html").read_text(encoding="utf-8")
    for text in (page, overview, run.report_html.read_text(encoding="utf-8")):
        assert "The background alone gives the class away in" in text
        assert "<img src=x" not in text
    assert "Offered and taken" in page and "it is the same for all images" in page
    assert broken(read_site(run.report_dir)) == []
    part = json.loads(run.summary_json.read_text())["opportunity"]
    assert part["classes"][0]["class"] == CLASSES[1]
    assert part["classes"][0]["standing"] == "taken"
    assert {cue["cue"] for cue in part["cues"] if cue["gives_away"]} == {"colour", "features"}


def test_a_page_where_nothing_is_told_says_why(run):
    nothing = of_cue([], p=math.nan, reason="fewer than 2 classes have 5 images")
    tell(run, **dict.fromkeys(("border", "colour", "texture", "features", "metadata"), nothing))
    render(run)
    page = (run.report_dir / "opportunity.html").read_text(encoding="utf-8")
    assert "undefined</span> here, not zero: fewer than 2 classes have 5 images" in page
    assert json.loads(run.summary_json.read_text())["opportunity"]["cues"][0]["p"] is None


def test_a_run_in_which_nobody_looked_has_no_page(run):
    FILE.file(run).unlink()
    render(run)
    assert not (run.report_dir / "opportunity.html").exists()
    assert json.loads(run.summary_json.read_text())["opportunity"] is None


@pytest.mark.parametrize(
    "harm",
    [
        {"labels": [0, 1]},
        {"labels": [0, 1, 99]},
        {"labels": [0, 1, 1]},
        {"table": [[8, 8, 8]] * 2},
        {"table": [[0, 0, 0]] * 3},
        {"table": [[-1, 8, 8]] * 3},
        {"table": [[0.5, 8, 8]] * 3},
        {"chance": [0.3, 0.2]},
        {"chance": [0.3, 0.2, 7]},
        {"p": 2},
        {"p": "<b>"},
    ],
)
def test_a_file_of_another_shape_is_refused_in_one_line(run, harm):
    tell(run, colour=of_cue(np.full((3, 3), 8), p=0.5) | harm)
    with pytest.raises(RunFolderError, match=r"opportunity\.json is of another shape"):
        find_opportunity(load(run))


def test_cues_of_uneven_classes_have_the_mean_over_classes(run):
    table = np.array([[90, 0, 0], [10, 0, 0], [10, 0, 0]])
    tell(run, border=of_cue(table, p=1.0) | {"uneven": True})
    row = find_opportunity(load(run)).cues[0]
    assert row.accuracy.value == pytest.approx(1 / 3) and row.accuracy.method == "bootstrap"
    assert not row.proven
