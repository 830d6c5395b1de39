"""The record of one signal where the truth is known, worked by hand."""

import numpy as np
import pandas as pd
import pytest

from audit.settings.verdict import Thresholds
from audit.storage.records import RECORD_SCHEMA
from audit.verdict.signals import signals
from audit.verdict.truth import truths

EFFECTS = [3.0, 2.0, 2.0, 0.7, 0.0, 0.1, -0.2, 0.2]
SURVIVAL = [0.0, 0.5, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]
#          case, case, partly, between, clean four times
ACCUSED = [1, 0, 1, 1, 1, 0, 0, 0]
SCORES = [0.9, 0.4, 0.8, 0.7, 0.6, 0.1, 0.2, 0.3]


@pytest.fixture
def verdict():
    """The record of wrong-reasons on eight right predictions."""
    right = pd.DataFrame(0.0, range(8), RECORD_SCHEMA.names)
    words = {1: "wrong-reasons", 0: "right-reasons"}
    right["verdict"], right["verdict_score"] = [words[a] for a in ACCUSED], SCORES
    right["true_effect"], right["true_survival"] = EFFECTS, SURVIVAL
    found = signals(right, truths(right), Thresholds(), {})
    return next(signal for signal in found if signal.rule == "wrong reasons")


def test_cases_are_found_and_clean_ones_are_false_alarms(verdict):
    assert (verdict.found.value, verdict.found.n) == (0.5, 2)
    assert (verdict.false_alarms.value, verdict.false_alarms.n) == (0.25, 4)


def test_precision_leaves_out_what_counts_neither_way(verdict):
    assert (verdict.precision.value, verdict.precision.n) == (0.5, 2)
    assert (verdict.partly.value, verdict.partly.n) == (1, 1)


def test_area_is_that_of_cases_against_clean(verdict):
    # 0.9 is above all four, 0.4 above three of them
    assert (verdict.auroc.value, verdict.auroc.n) == (7 / 8, 6)
    assert verdict.curve[-1].tolist() == [1, 1]


def test_score_and_effect_are_correlated_over_all(verdict):
    # Two effects tie, at the mean of ranks 6 and 7.
    ranks = np.array([[8, 4, 7, 6, 5, 1, 2, 3], [8, 6.5, 6.5, 5, 2, 3, 1, 4]])
    worked = np.corrcoef(ranks)[0, 1]
    assert verdict.correlation.value == pytest.approx(worked)
    assert verdict.correlation.n == 8
    assert verdict.correlation.low <= worked <= verdict.correlation.high
