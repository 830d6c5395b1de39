"""Evidence by cause: a class stands once, with its count, its effects, a case and what to do."""

import pytest
from drawnruns import PLAIN, make_run
from gateruns import case, write_run
from uncharted import content, uncharted

from audit.core.edits import MENDS
from audit.core.estimate import rate
from audit.report.evidence import MOST, shown, strips
from audit.report.source import load

WRONG = "wrong-reasons"


def judged(run, causes):
    """Say what decides each image of a run."""
    told = run.records()[["name", "verdict", "verdict_reason", "verdict_score", "fragile"]]
    run.keep(run.verdicts_file, told.assign(verdict_cause=causes).to_parquet(index=False))
    return uncharted(run)


@pytest.fixture
def found(tmp_path):
    """Three accused roses of four, by two kinds, and one tulip of two."""
    cases = [case(0, verdict=WRONG)] * 3 + [case(0)] + [case(1, verdict=WRONG), case(1)]
    run = write_run(tmp_path / "run", cases)
    return strips(judged(run, ["scene", "object", "scene", "", "texture", ""]))


def test_a_class_stands_once_the_one_with_most_accused_first(found):
    assert [(s.name, s.accused, s.kind) for s in found] == [
        ("rose", 3, "scene"), ("tulip", 1, "texture"),
    ]  # fmt: skip


def test_each_has_its_share_with_an_interval_and_what_decides(found):
    assert (found[0].share, found[1].share) == (rate(3, 4), rate(1, 2))
    assert found[0].kinds == [("the scene", 2), ("an object in the background", 1)]


def test_what_to_do_speaks_of_those_it_is_true_of(found):
    mend = MENDS["scene"]
    assert found[0].action == f"For the 2 by the scene: {mend[0].lower()}{mend[1:]}"
    assert found[1].action == MENDS["texture"]


def test_the_case_is_one_of_the_kind_that_decides_most(found):
    assert (found[0].case.name, found[0].case.cause) == ("0000.jpg", "scene")
    assert found[0].where.address == "gallery.html#verdict=wrong-reasons&class=0"


def test_where_nothing_is_accused_suspects_are_told_as_such(tmp_path):
    run = write_run(tmp_path / "run", [case(0, verdict="suspect"), case(0)])
    (strip,) = strips(uncharted(run))
    assert (strip.verdict, strip.accused, strip.share) == ("suspect", 1, rate(1, 2))
    assert strips(uncharted(write_run(tmp_path / "clean", [case(0)]))) == []


def test_what_checks_prove_stands_with_its_effect_once_a_check(tmp_path):
    run = make_run(tmp_path / "run", images=40, classes=PLAIN[:4], corrupted=0, examined=False)
    by_name = {strip.name: strip for strip in strips(content(load(run)))}
    texture, tag = by_name[PLAIN[0]], by_name[PLAIN[1]]
    (sensitive,) = texture.proofs
    assert (sensitive.kind, sensitive.style) == ("texture", "points")
    assert "blurred than those of the steadier half of the other classes do" in sensitive.words
    assert sensitive.where.address == "sensitivity.html#class-0"
    assert [proof.where.address for proof in tag.proofs] == ["shortcuts.html#shortcut-1"]
    assert tag.proofs[0].estimate.value == 3


def test_a_page_shows_a_dozen_cases_at_most(found):
    assert len(shown(found * 20)) == MOST
