"""The score of a verdict: what it weighs, and which way."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.core.edits import EDITS
from audit.verdict.score import INTERCEPT, WEIGHTS, score, signs_of
from audit.verdict.sensitivity import ClassEvidence
from tests.verdict.test_verdict import HEALTHY, NAN, UNTESTED

RISES = {"lost", "share", "class", "off"}
SENSITIVE = ClassEvidence((), 0.4, {"blur": 1.0, "hue": -0.5})
HANGING = HEALTHY | {"background_share": 0.4, "survival": 0.4}


def signs(evidence=SENSITIVE, **changes):
    return dict(signs_of(HANGING | changes, evidence))


def test_signs_equal_worked_ones():
    assert signs() == pytest.approx(
        {
            "lost": 0.5,  # of most edits; blur costs others more than that
            "region": 2.9,  # 3 less 0.2, beyond the 0.1 of its worst control
            "survival": 0.4,
            "share": 0.4,
            "class": 0.4,
            "off": 0.5,
        }
    )


def test_what_an_edit_costs_an_answer_that_stays_elsewhere_is_no_sign():
    assert signs(survival=0.8)["lost"] == 0


def test_what_a_region_costs_that_was_held_against_no_other_is_no_sign():
    alone = signs(removal_lost=2.0, removal_control_lost=NAN)
    assert alone["region"] == pytest.approx(1.0)  # 3 less 2: no control fits beside it
    assert signs(removal_lost=2.0, stopped_by="of-a-sample,no-region-decides")["region"] == 3.0


def test_what_an_edit_costs_other_classes_is_no_sign():
    assert signs(edit_blur_lost=4.0)["lost"] == pytest.approx(3.0)  # 4 - 1
    assert signs(edit_hue_lost=4.0)["lost"] == pytest.approx(4.0)  # what helps others counts not


def test_log_odds_are_bounded_and_what_is_unknown_accuses_nobody():
    far = signs(log_odds=40.0, edit_grain_lost=90.0)
    assert (far["lost"], far["region"]) == (6, 6)
    blank = {f"edit_{key}_lost": NAN for key in EDITS}
    nothing = signs(**blank, survival=NAN, gradcam_skill=NAN, removal_lost=NAN)
    assert (nothing["lost"], nothing["survival"], nothing["off"]) == (0.0, 1.0, 0.0)
    assert nothing["region"] == 3.0


def test_the_score_is_the_logistic_function_of_the_weighted_sum():
    total = INTERCEPT + sum(WEIGHTS[key] * value for key, value in signs().items())
    assert score(HANGING, SENSITIVE) == pytest.approx(1 / (1 + math.exp(-total)))
    assert score(HEALTHY) < 0.2
    assert math.isnan(score(HEALTHY | UNTESTED))


def test_every_weight_has_the_direction_of_its_sign():
    assert {key for key, weight in WEIGHTS.items() if weight > 0} <= RISES
    assert {key for key, weight in WEIGHTS.items() if weight < 0}.isdisjoint(RISES)


@given(st.floats(0, 1), st.floats(0, 1), st.floats(-20, 20), st.floats(0, 1))
def test_more_from_the_background_never_accuses_less(low, high, own, excess):
    record = HEALTHY | {"log_odds": own}
    low, high = sorted((low, high))
    less, more = (score(record | {"background_share": s}) for s in (low, high))
    assert 0 <= less <= more <= 1
    assert score(record) <= score(record, ClassEvidence((), excess))
    assert score(record | {"survival": high}) <= score(record | {"survival": low})
