"""When interventions may stop: nothing left could change a verdict."""

import math

import pytest

from audit.core.questions import NO_MASK, NO_REGION
from audit.settings.verdict import Thresholds
from audit.verdict.stopping import stopped_by, taken_by

NAN = float("nan")
THRESHOLDS = Thresholds(least_support=0.3)


@pytest.mark.parametrize(
    ("share", "survival", "taken", "expected"),
    [
        (0.1, 1.0, 0.0, NO_MASK),
        (0.15, 0.6, 0.5, NO_MASK),  # half is not more than half
        (0.25, 1.0, 0.0, NO_REGION),  # a moved mask may bring it above 0.3
        (0.1, 0.5, 0.0, NO_REGION),  # two of its donors are tried anew, and may both be lost
        (0.3, 0.2, 0.0, NO_REGION),
        (0.31, 1.0, 0.0, ""),
        (0.1, 0.0, 0.0, ""),
        (0.1, 1.0, 0.51, ""),
        (NAN, 1.0, 0.0, ""),  # nothing speaks for the answer, but with another mask it may
        (NAN, NAN, 0.0, ""),
    ],
)
def test_it_stops_where_no_region_could_decide_and_sooner_far_from_that(
    share, survival, taken, expected
):
    assert stopped_by(share, survival, taken, THRESHOLDS) == expected


def test_thresholds_are_those_of_the_verdict():
    assert stopped_by(0.4, 1.0, 0.0, Thresholds(least_support=0.6)) == NO_MASK


def test_what_is_taken_is_a_share_of_the_probability():
    before = math.log(0.8 / 0.2)
    assert taken_by(before, before) == pytest.approx(1 - 0.5 / 0.8)
    assert taken_by(before, 0) == 0
    assert taken_by(before, -1) < 0
    assert taken_by(2.0, 1e6) == pytest.approx(1)
