"""Sensitivity of classes, on records made by hand."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from audit.core.edits import EDITS
from audit.verdict.sensitivity import (
    ALONE,
    FEWEST,
    SCENE,
    evidence_of,
    kind_of,
    narrowest,
    sensitivities,
)

CLASSES, EACH = 6, 20


def records(**columns):
    """Six classes, twenty answers each, that no edit turns; each costs 0.2 log-odds or so."""
    n = CLASSES * EACH
    table = {
        "causal_reason": [""] * n,
        "correct": [True] * n,
        "prediction": np.repeat(np.arange(CLASSES), EACH),
        "survival": np.ones(n),
        "survival_same": np.ones(n),
        "mixed_rand": np.full(n, np.nan),
        "stopped_by": [""] * n,
        "removal_prediction": np.repeat(np.arange(CLASSES), EACH),
        "removal_lost": np.full(n, 0.2),
        "removal_control_lost": np.full(n, 0.1),
        "removal_controls_flipped": np.zeros(n, int),
    }
    for key in EDITS:
        table[f"edit_{key}_prediction"] = table["prediction"].copy()
        table[f"edit_{key}_lost"] = np.random.default_rng(0).normal(0.2, 0.1, n)
    return pd.DataFrame(table | columns)


def turn(table, column, of_class, share, lost):
    """Turn the answers of a share of a class's images, at a cost; no background keeps them."""
    rows = table.index[table["prediction"] == of_class][: round(share * EACH)]
    table.loc[rows, f"{column}_prediction"] = CLASSES
    table.loc[rows, f"{column}_lost"] = lost
    table.loc[rows, ["survival", "survival_same"]] = 0.0
    return table


def proven(table):
    return {(s.target, s.edit) for s in sensitivities(table) if s.proven}


def test_where_no_answer_turns_nothing_is_proven():
    found = sensitivities(records())
    assert len(found) == CLASSES * (len(EDITS) + 2)
    assert not any(s.proven for s in found)
    assert {s.corrected for s in found} == {1.0}
    evidence = evidence_of(records(), found)
    assert evidence[0].proven == ()
    assert evidence[0].excess == 0
    assert evidence[0].control["blur"] == pytest.approx(0.2, abs=0.05)


def test_a_class_whose_answers_turn_is_proven_with_its_rates():
    found = sensitivities(turn(records(), "edit_blur", 2, 0.9, 4.0))
    (only,) = [s for s in found if s.proven]
    assert (only.target, only.edit, only.kind) == (2, "blur", "texture")
    assert (only.flips.value, only.flips.n) == (0.9, 20)
    # Held against the three steadiest of the five others.
    assert (only.others.value, only.others.n) == (0.0, 60)
    assert only.excess.value == 0.9
    assert 0.6 < only.excess.low < 0.9 < only.excess.high <= 1
    assert only.lost == 4.0
    assert only.p < only.corrected < 1e-5


def test_a_class_whose_answers_other_backgrounds_keep_rests_on_none():
    table = turn(records(), "edit_blur", 2, 0.9, 4.0)
    table[["survival", "survival_same"]] = 0.6
    assert proven(table) == set()
    table[["survival", "survival_same"]] = 0.5
    assert proven(table) == {(2, "blur")}


def unedited(table, rows):
    """What a sweep leaves out of answers that do not hang on their background."""
    for key in EDITS:
        table.loc[rows, f"edit_{key}_prediction"] = -1
        table.loc[rows, f"edit_{key}_lost"] = np.nan
    table.loc[rows, "stopped_by"] = "of-a-sample,no-edit-decides"
    return table


def test_an_answer_that_stays_elsewhere_is_turned_by_no_edit_asked_or_not():
    table = turn(records(), "edit_blur", 2, 0.9, 4.0)
    rows = table.index[table["prediction"] == 2][:6]
    table.loc[rows, "survival"] = 1.0
    asked = sensitivities(table)
    blur = next(s for s in asked if (s.target, s.edit) == (2, "blur"))
    assert (blur.flips.value, blur.flips.n) == (12 / 20, 20)
    left_out = sensitivities(unedited(table.copy(), rows))
    assert [(s.flips, s.excess) for s in asked] == [(s.flips, s.excess) for s in left_out]


def test_a_sample_tells_what_an_edit_costs_answers_that_stay_elsewhere():
    table = records(edit_blur_lost=np.full(CLASSES * EACH, 0.2))
    hung = np.arange(len(table)) % 4 == 0
    table.loc[hung, ["survival", "edit_blur_lost"]] = 0.0, 2.0
    rest = table.index[~hung]
    table = unedited(table, [k for n, k in enumerate(rest) if n % 9])
    found = [s for s in sensitivities(table) if s.edit == "blur"]
    assert {(s.lost, s.others_lost) for s in found} == {(0.2, 0.2)}  # not 2


def test_where_nobody_was_asked_an_edit_costs_nothing():
    table = unedited(records(), range(CLASSES * EACH))
    found = sensitivities(table)
    assert not any(s.proven for s in found)
    assert set(evidence_of(table, found)[0].control.values()) == {0.0}


@pytest.mark.parametrize(
    ("costs", "kind"),
    [
        ({"texture": 4.0, "object": 3.0}, "object"),  # blurred, a tag is gone, too
        ({"texture": 4.0, "object": 2.0}, "texture"),  # a part of it is no object
        ({"frame": 5.0, "corner": 4.0}, "corner"),
        ({"texture": 3.5, "colour": 3.0, "scene": 4.0}, "colour"),  # not a texture in grey
        ({"scene": 0.0}, "scene"),
        ({"texture": -0.5}, "texture"),  # beyond what it costs other classes
        ({"texture": -0.5, "corner": -0.6}, "corner"),
    ],
)
def test_of_kinds_that_cost_much_the_same_the_narrowest_is_the_cue(costs, kind):
    assert narrowest(costs) == kind


def test_what_a_class_rests_on_is_named_by_all_that_costs_it_much_proven_or_not():
    table = turn(records(), "edit_blur", 2, 0.9, 4.0)
    table = turn(table, "edit_grey", 2, 0.6, 3.0)
    found = [replace(s, corrected=1.0) if s.edit == "grey" else s for s in sensitivities(table)]
    evidence = evidence_of(table, found)[2]
    assert (evidence.proven, evidence.kind) == (("blur",), "colour")


def test_shortcuts_of_half_of_the_classes_do_not_hide_each_other():
    table = records()
    for of_class in range(3):
        table = turn(table, "edit_colour", of_class, 0.9, 4.0)
    assert proven(table) == {(k, "colour") for k in range(3)}


@pytest.mark.parametrize(("share", "lost"), [(0.25, 4.0), (0.9, 0.8)])
def test_what_is_certain_but_small_is_no_shortcut(share, lost):
    assert not proven(turn(records(), "edit_frame", 1, share, lost))


def test_an_edit_that_turns_all_classes_alike_proves_nothing():
    table = records()
    for of_class in range(CLASSES):
        table = turn(table, "edit_hue", of_class, 0.8, 3.0)
    assert not proven(table)


def test_few_answers_prove_nothing():
    table = turn(records(), "edit_blur", 2, 1.0, 4.0)
    rows = table.index[table["prediction"] == 2]
    table = table.drop(rows[FEWEST - 1 :])
    assert {s.target for s in sensitivities(table)} == {0, 1, 3, 4, 5}
    assert evidence_of(table, sensitivities(table))[2] == ALONE


def test_a_region_that_turns_a_class_speaks_of_an_object():
    (found,) = proven(turn(records(), "removal", 3, 0.9, 4.0))
    assert found == (3, "region")
    assert kind_of("region") == "object"
    table = turn(records(), "removal", 3, 0.9, 4.0).assign(removal_controls_flipped=1)
    assert not proven(table)


def test_a_swap_is_held_against_backgrounds_of_the_own_class():
    table = records()
    table.loc[table["prediction"] == 4, "survival"] = 0.4
    (only,) = [s for s in sensitivities(table) if s.proven]
    assert (only.target, only.edit, only.kind) == (4, SCENE, "scene")
    assert only.excess.value == pytest.approx(0.6)
    table["survival_same"] = table["survival"]  # its own backgrounds do as badly
    assert not proven(table)


def test_a_swap_that_costs_all_classes_alike_names_none_of_them():
    """Any model loses some answers by it: 30 points beyond the steadier half are asked for."""
    table = records()
    table["survival"] = 0.7
    table.loc[table["prediction"] == 4, "survival"] = 0.5
    (of,) = [s for s in sensitivities(table) if (s.target, s.edit) == (4, SCENE)]
    assert of.corrected <= 0.05 and of.excess.value == pytest.approx(0.5)
    assert of.beyond == pytest.approx(0.2) and not proven(table)
    table.loc[table["prediction"] == 4, "survival"] = 0.3
    assert proven(table) == {(4, SCENE)}


def test_a_swap_of_few_classes_has_its_own_control_alone():
    table = records()
    table["survival"] = 0.7
    few = table[table["prediction"] < 3]
    assert proven(few) == {(k, SCENE) for k in range(3)}


def test_a_swap_asks_of_right_answers_alone_whose_own_class_is_the_explained_one():
    table = records()
    wrong = table.index[table["prediction"] == 1]
    table.loc[wrong, "survival"] = 0.0
    assert (1, SCENE) in proven(table)
    table.loc[wrong, "correct"] = False
    assert not [s for s in sensitivities(table) if (s.target, s.edit) == (1, SCENE)]


def test_a_swap_names_the_kind_where_no_edit_does():
    table = turn(records(), "edit_blur", 4, 0.9, 4.0)
    table.loc[table["prediction"] == 4, ["survival", "survival_same"]] = 0.0, 1.0
    assert evidence_of(table, sensitivities(table))[4].proven == ("blur", SCENE)


def test_records_of_earlier_versions_have_no_sensitivity():
    table = records(survival_same=np.full(CLASSES * EACH, np.nan))
    table = table.assign(**{f"edit_{key}_prediction": -1 for key in EDITS}, removal_prediction=-1)
    assert sensitivities(table) == []
