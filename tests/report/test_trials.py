"""What a record tells of a case's tests: panels, other backgrounds, and what turns the answer."""

import math

import pytest
from drawnruns import record

from audit.report.trials import Said, trials_of

CLASSES = {0: "rose", 1: "lily", 2: "daisy"}


def told(**given):
    """A rose whose region, when filled, makes it a lily, as do two of three backgrounds."""
    known = {
        "causal_reason": "",
        "prediction": 0,
        "removal_area": 0.04,
        "removal_place": "lower left",
        "removal_prediction": 1,
        "removal_confidence": 0.6,
        "without_foreground": 0,
        "donors": 3,
        "survival": 1 / 3,
        "swap_predictions": "0,1,1",
        "swap_confidences": "97,61,55",
    }
    return trials_of(record("a.jpg", **known | given), CLASSES)


def test_every_picture_has_its_title_and_its_answer():
    assert [(p.title, p.said.words) for p in told().panels] == [
        ("Filled in: 4%, lower left", "lily, 60%"),
        ("Background alone", "rose"),
    ]


def test_every_background_has_its_answer():
    found = told()
    assert [(s.outcome, s.words) for s in found.swaps] == [
        ("stays", "rose, 97%"),
        ("turned", "lily, 61%"),
        ("turned", "lily, 55%"),
    ]
    assert (found.survived, found.is_told) == (1, True)


@pytest.mark.parametrize(
    ("survival", "words", "lacks"),
    [
        (0.0, "another answer", "what it became on the others"),
        (1.0, "the same answer", ""),
        (1 / 3, "answer not kept", "which"),
    ],
)
def test_of_an_earlier_version_no_more_is_said_than_its_share_tells(survival, words, lacks):
    found = told(swap_predictions="", swap_confidences="", survival=survival)
    assert [said.words for said in found.swaps] == [words] * 3
    assert found.lacks == lacks


def edited(**costs):
    """The same with edits that make it a daisy, each at some cost."""
    turned = {f"edit_{key}_prediction": 2 for key in costs}
    return turned | {f"edit_{key}_lost": cost for key, cost in costs.items()}


def test_of_edits_the_costliest_of_the_kind_that_decides_is_shown():
    costs = edited(blur=2.0, blur_far=3.0, grey=5.0)
    sure = ",".join(["10", "44"] + ["10"] * 14)  # blurred, blurred widely, ...
    found = told(verdict_cause="texture", edit_confidences=sure, **costs)
    assert found.panels[-1].title == "With the background blurred widely"
    assert found.panels[-1].said.words == "daisy, 44%"
    assert told(**costs).panels[-1].key == "grey"


def test_an_edit_that_took_from_an_unknown_background_is_not_drawn():
    costs = edited(frame=3.0)
    assert told(**costs).panels[-1].key == "alone"
    assert told(**costs, edit_donor=7).panels[-1].key == "frame"


@pytest.mark.parametrize(
    ("cause", "words", "panel", "swap"),
    [
        ("object", "with 4% of the image filled in at the lower left", 0, -1),
        ("texture", "with the background blurred", 2, -1),
        ("scene", "on another background", -1, 1),
    ],
)
def test_what_turns_the_answer_is_of_the_kind_that_decides(cause, words, panel, swap):
    turn = told(verdict_cause=cause, **edited(blur=2.0)).turn
    assert (turn.words, turn.panel, turn.swap) == (words, panel, swap)


def test_an_answer_that_is_known_is_shown_before_one_of_the_kind_that_is_not():
    old = {"swap_predictions": "", "survival": 0.0, "verdict_cause": "scene"}
    assert told(**old).turn.said.words == "lily, 60%"
    rest = told(**old, removal_prediction=0, without_foreground=1)
    assert rest.turn.said == Said(stays=False)


def test_where_nothing_turns_the_answer_it_may_outlive_its_foreground():
    steady = {"removal_prediction": 0, "swap_predictions": "0,0,0", "survival": 1.0}
    turn = told(**steady).turn
    assert (turn.words, turn.said.outcome, turn.panel) == ("without its foreground", "stays", 1)
    assert told(**steady, without_foreground=1).turn is None


def test_without_tests_there_is_nothing_to_show():
    found = told(causal_reason="no mask")
    assert (found.panels, found.swaps, found.turn) == ((), (), None)
    assert math.isnan(Said().confidence) and Said().sure == ""
