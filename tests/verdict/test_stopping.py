"""When interventions may stop: nothing left could change a verdict."""

import math

import numpy as np
import pandas as pd
import pytest

from audit.settings.verdict import Thresholds
from audit.verdict.stopping import (
    edits_may_accuse,
    hangs,
    kept_elsewhere,
    no_mask_decides,
    no_region_decides,
    owed,
    taken_by,
)

NAN = float("nan")
THRESHOLDS = Thresholds(least_support=0.3)


def told(share=0.5, survival=0.4, alone=1.0, correct=True):
    return {
        "background_share": share,
        "survival": survival,
        "mixed_rand": alone,
        "correct": correct,
        "log_odds": 3.0,
    }


HANGING = [
    (told(), True),
    (told(survival=0.6), False),  # stays on most
    (told(survival=0.6, alone=0.5), True),  # its own, softened, counts among these
    (told(survival=0.6, alone=0.5, correct=False), False),  # of a wrong answer that is not known
    (told(survival=NAN, alone=NAN), True),  # no other was tried
]


@pytest.mark.parametrize(("record", "expected"), HANGING)
def test_an_answer_hangs_on_its_background_where_most_others_lose_it(record, expected):
    assert hangs(record) == expected


def test_of_a_table_it_is_as_of_each_record():
    table = pd.DataFrame([record for record, _ in HANGING])
    assert hangs(table).tolist() == [expected for _, expected in HANGING]


def test_an_answer_is_kept_by_the_fewer_of_what_is_known():
    assert kept_elsewhere(told(survival=0.4, alone=0.5)) == 0.4
    assert kept_elsewhere(told(survival=0.4, alone=0.25)) == 0.25
    assert kept_elsewhere(told(survival=0.4, alone=NAN)) == 0.4
    assert np.isnan(kept_elsewhere(told(survival=NAN, alone=NAN)))


@pytest.mark.parametrize(
    ("share", "survival", "expected"), [(0.51, 0.0, True), (0.5, 0.0, False), (0.9, 0.2, False)]
)
def test_an_answer_is_owed_to_its_background_by_share_and_swap_alike(share, survival, expected):
    assert owed(told(share, survival), THRESHOLDS) is expected


def test_by_fixed_thresholds_edits_accuse_any_answer():
    stays = told(survival=1.0)
    assert not edits_may_accuse(stays, THRESHOLDS)
    assert edits_may_accuse(stays, Thresholds(thresholds="fixed"))


@pytest.mark.parametrize(
    ("record", "lost", "turned", "expected"),
    [
        (told(share=0.2), 1.0, False, True),  # takes 12% of the probability
        (told(share=0.2), 3.1, False, False),  # 52%, of an answer that hangs on its background
        (told(share=0.2, survival=1.0), 3.1, False, True),  # which this one does not
        (told(share=0.2, survival=1.0), 0.1, True, False),
        (told(survival=1.0), 1.4, False, True),
        (told(survival=1.0), 1.5, False, False),  # enough to decide, and the share agrees
    ],
)
def test_no_region_decides_where_one_that_is_filled_hardly_matters(record, lost, turned, expected):
    assert no_region_decides(record, Thresholds(), lost, turned=turned) == expected


@pytest.mark.parametrize(
    ("share", "turned", "kept", "expected"),
    [
        (0.1, False, True, True),
        (0.1, False, False, False),  # whether any background keeps the answer hangs on the mask
        (0.8, False, False, True),  # suspect as it is
        (0.36, False, True, False),  # near what makes it suspect
        (0.64, False, True, False),
        (0.66, False, True, True),
        (0.2, True, True, False),  # near what makes one believe what turned it
        (0.1, True, True, True),
        (NAN, False, True, False),  # nothing speaks for the answer, but with another mask it may
    ],
)
def test_no_mask_decides_far_from_every_threshold(share, turned, kept, expected):
    assert no_mask_decides(told(share), THRESHOLDS, turned=turned, kept=kept) == expected


def test_thresholds_are_those_of_the_verdict():
    far = Thresholds(suspicious_share=0.9, least_support=0.0)
    assert no_mask_decides(told(0.5), far, turned=True, kept=True)


def test_what_is_taken_is_a_share_of_the_probability():
    before = math.log(0.8 / 0.2)
    assert taken_by(before, before) == pytest.approx(1 - 0.5 / 0.8)
    assert taken_by(before, 0) == 0
    assert taken_by(before, -1) < 0
    assert taken_by(2.0, 1e6) == pytest.approx(1)
