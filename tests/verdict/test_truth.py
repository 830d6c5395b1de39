"""Truth of right predictions, on hand-worked effects."""

import math

import numpy as np
import pandas as pd
import pytest

from audit.verdict.truth import is_case, truths, was_learned, worth

NAN = float("nan")


def right(effect, survival=1.0, **more):
    """Records of right predictions of class 0, nothing planted unless ``more`` says so."""
    plain = {"label": 0, "shortcut": "", "shortcut_class": -1, "prediction_without_shortcut": -1}
    return pd.DataFrame({"true_effect": effect, "true_survival": survival} | plain | more)


@pytest.mark.parametrize(
    ("effect", "survival", "kind"),
    [
        (1.0, 0.5, "case"),
        (6.0, 0.0, "case"),
        (1.0, 0.625, "partly"),
        (6.0, 1.0, "partly"),
        (0.99, 0.5, "between"),
        (0.5, 1.0, "between"),
        (0.99, 0.0, "between"),  # an answer near the border is lost by a trifle
        (0.49, 1.0, "clean"),
        (0.49, 0.0, "clean"),
        (-3.0, 1.0, "clean"),
    ],
)
def test_truth_is_what_is_lost_before_other_backgrounds(effect, survival, kind):
    told = truths(right([effect], [survival]))
    assert told["truth"].tolist() == [kind]
    assert told["effect"].tolist() == [effect]


def test_truth_does_not_ask_what_was_planted():
    planted = right([3.0], [0.0], shortcut="tag", shortcut_class=0)
    assert is_case(planted).all() and is_case(right([3.0], [0.0])).all()


def test_without_effects_a_case_turns_wrong_without_what_was_taught():
    earlier = right(
        [NAN] * 4,
        NAN,
        shortcut=["tag", "tag", "tag", ""],
        shortcut_class=[0, 0, -1, -1],  # the third was never rewarded
        prediction_without_shortcut=[1, 0, 1, -1],
    )
    assert truths(earlier)["truth"].tolist() == ["case", "clean", "clean", "clean"]
    assert truths(earlier)["effect"].isna().all()


def test_rows_keep_their_index():
    records = right([2.0, 0.0], [0.0, 1.0]).set_axis(["a", "b"])
    assert is_case(records).to_dict() == {"a": True, "b": False}


def test_worth_is_the_median_where_a_class_shows_its_own_shortcut():
    records = right(
        [4.0, 2.0, 3.0, 9.0, 9.0],
        shortcut=["tag", "tag", "tag", "tag", ""],
        shortcut_class=[0, 0, 0, 1, -1],  # the fourth is another class's
    )
    found = worth(records)
    assert (found.value, found.n, found.method) == (3.0, 3, "bootstrap")
    assert 2 <= found.low <= 3 <= found.high <= 4


@pytest.mark.parametrize(("effect", "learned"), [(1.5, True), (1.49, False), (NAN, True)])
def test_what_is_worth_less_than_a_bound_was_not_learned(effect, learned):
    assert was_learned(worth(right([effect], shortcut="tag", shortcut_class=0))) is learned


def test_nothing_planted_is_worth_nothing_that_could_be_told():
    found = worth(right([0.1]))
    assert math.isnan(found.value) and found.n == 0
    assert was_learned(found)


def test_a_world_of_no_right_predictions_has_a_truth():
    assert truths(right(np.zeros(0), np.zeros(0))).empty
