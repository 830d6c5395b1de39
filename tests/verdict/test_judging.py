"""Verdicts of a whole run: the class's evidence counts, and stored evidence is enough."""

import math

import pandas as pd
import pytest

from audit.core.edits import EDITS
from audit.explainers.registry import titles
from audit.settings.verdict import Thresholds
from audit.storage.records import REACHES, VARIED
from audit.verdict.judging import COLUMNS, judged, verdict_columns
from audit.verdict.sensitivity import ALONE, REGION, SCENE, ClassEvidence
from audit.verdict.verdict import Labels
from tests.verdict.test_verdict import FLIPPED, HEALTHY, HELD

WORDS = Labels("flower", titles())
BLURRED = {"edit_blur_prediction": 5, "edit_blur_lost": 4.0, "background_share": 0.4}
SENSITIVE = ClassEvidence(("blur",), 0.9, {"blur": 0.5}, "texture")


def record(*changes, **more):
    made = {**HEALTHY, "name": "a.jpg", "skipped": "", "mask_doubt": ""}
    for change in (*changes, more):
        made |= change
    moved = {f"{reach}_{column}": made[column] for reach in REACHES for column in VARIED}
    return {**moved, **made}


def not_asked(**moved):
    """What moved masks leave where interventions were not asked about them."""
    blank = {"causal_reason": "not asked", "background_share": math.nan, "survival": math.nan}
    return {f"{reach}_{k}": v for reach in REACHES for k, v in (blank | moved).items()}


def test_what_moved_masks_were_not_asked_is_as_with_the_mask_unmoved():
    assert not columns(not_asked())["fragile"]


def test_heatmaps_are_scored_on_moved_masks_that_were_not_asked():
    assert columns(not_asked(gradcam_skill=0.0, ig_skill=0.0))["fragile"]


def columns(*changes, evidence=ALONE, **thresholds):
    return verdict_columns(record(*changes), Thresholds(**thresholds), WORDS, evidence)


def test_an_answer_that_turns_under_what_its_class_is_sensitive_to_has_wrong_reasons():
    found = columns(BLURRED, evidence=SENSITIVE, thresholds="fixed")
    assert found["verdict"] == "wrong-reasons"
    assert found["verdict_cause"] == "texture"
    assert found["verdict_reason"].startswith(
        "right, but not for the flower: the answer turns with the background blurred, and its "
        "class rests on the texture of the background beyond doubt; it survives 5 of 5"
    )


@pytest.mark.parametrize(
    ("changes", "evidence"),
    [
        ([], SENSITIVE),  # it does not turn
        ([BLURRED], ALONE),  # nothing is known of its class
        (
            [BLURRED],
            ClassEvidence(("hue",), 0.9, {}, "colour"),
        ),  # its class is sensitive to something else
        ([BLURRED, {"background_share": 0.2}], SENSITIVE),  # neither share nor swap agrees
        ([BLURRED, {"edit_blur_lost": 1.4}], SENSITIVE),  # it costs other classes half a log-odd
    ],
)
def test_elsewhere_the_evidence_must_carry_alone(changes, evidence):
    found = columns(*changes, evidence=evidence, thresholds="fixed")
    assert found["verdict"] == "right-reasons"
    assert found["verdict_cause"] == ""


def test_regions_and_swaps_are_kinds_too():
    region = columns(
        FLIPPED,
        {"survival": 0.0},
        evidence=ClassEvidence((REGION,), kind="object"),
        thresholds="fixed",
    )
    assert (region["verdict"], region["verdict_cause"]) == ("wrong-reasons", "object")
    swap = columns(
        {"survival": 0.4, "background_share": 0.6, "background_log_odds": 2.0},
        evidence=ClassEvidence((SCENE,), kind="scene"),
        thresholds="fixed",
    )
    assert (swap["verdict"], swap["verdict_cause"]) == ("wrong-reasons", "scene")
    assert "the answer turns on other backgrounds" in swap["verdict_reason"]


@pytest.mark.parametrize(
    "changes",
    [
        {"background_share": 0.45},
        {"background_log_odds": -4.0},  # of 8 that both bring it brings 1 by itself
        {"survival": 0.6},
    ],
)
def test_a_scene_is_accused_only_of_what_owes_most_to_it(changes):
    most = {"survival": 0.4, "background_share": 0.6, "background_log_odds": 1.0,
            "foreground_effect": 4.0, "background_effect": 4.0}  # fmt: skip
    scene = ClassEvidence((SCENE,), kind="scene")
    assert columns(most, evidence=scene)["verdict_cause"] == "scene"
    assert columns(most, changes, evidence=scene)["verdict_cause"] == ""


def test_an_answer_that_most_other_backgrounds_keep_hangs_on_a_region_or_on_nothing():
    low = {"accusing_score": 0.0}
    region = {**FLIPPED, "background_share": 0.6, "survival": 0.8, "removal_fills": 3,
              "removal_fills_flipped": 3}  # fmt: skip
    assert columns(region)["verdict_cause"] == "object"
    assert columns(BLURRED, {"survival": 0.6}, evidence=SENSITIVE, **low)["verdict_cause"] == ""
    assert (
        columns(BLURRED, {"survival": 0.5}, evidence=SENSITIVE, **low)["verdict_cause"] == "texture"
    )


@pytest.mark.parametrize(
    "changes", [{"background_share": 0.75}, {"survival": 0.2}, {"without_foreground": 1}]
)
def test_a_background_that_is_all_there_is_needs_no_score(changes):
    whole = {"without_foreground": 2, "background_share": 0.9, "survival": 0.0}
    assert columns(whole, accusing_score=1.0)["verdict_cause"] == "scene"
    assert columns(whole, changes, accusing_score=1.0)["verdict_cause"] == ""


def test_its_own_background_softened_is_no_other_background():
    low, kept = {"accusing_score": 0.0}, {"survival": 0.6}
    for donors, cause in ((0.75, ""), (0.5, "texture"), (math.nan, "")):
        found = columns(BLURRED, kept, {"mixed_rand": donors}, evidence=SENSITIVE, **low)
        assert found["verdict_cause"] == cause


def test_a_region_decides_only_where_all_fills_agree():
    support = {"background_share": 0.6, "removal_fills": 3}
    agreed = columns(FLIPPED, support, {"removal_fills_flipped": 3}, thresholds="fixed")
    apart = columns(FLIPPED, support, {"removal_fills_flipped": 2}, thresholds="fixed")
    assert (agreed["verdict"], apart["verdict"]) == ("wrong-reasons", "suspect")


def test_the_score_accuses_from_its_threshold_on_where_something_turns_the_answer():
    low, high = ({"accusing_score": value} for value in (0.0, 1.0))
    lost = {**BLURRED, "survival": 0.4}
    assert columns(lost, **low)["verdict"] == "wrong-reasons"
    assert columns(lost, **low)["verdict_cause"] == "texture"
    assert columns(lost, **high)["verdict"] == "right-reasons"
    assert columns(**low)["verdict"] == "suspect"  # nothing turns it
    assert columns(HELD, **low)["verdict_cause"] == "scene"


def test_a_verdict_that_the_mask_decides_is_fragile():
    assert not columns(HELD, thresholds="fixed")["fragile"]
    moved = {f"{reach}_{column}": HEALTHY[column] for reach in REACHES for column in VARIED}
    assert columns(HELD, {**moved, "grown_background_share": 0.6}, thresholds="fixed")["fragile"]
    undefined = {"grown_causal_reason": "no flower in the mask", "grown_gradcam_skill": math.nan,
                 "grown_ig_skill": math.nan}  # fmt: skip
    assert columns(undefined, thresholds="fixed")["fragile"]


def test_evidence_of_earlier_versions_is_never_fragile():
    old = {k: v for k, v in record().items() if not k.startswith(REACHES)}
    assert not verdict_columns(old, Thresholds(thresholds="fixed"), WORDS)["fragile"]


def test_every_image_is_judged_by_the_evidence_of_its_own_class():
    table = pd.DataFrame(
        [
            record(BLURRED, name="sick.jpg"),
            record(BLURRED, name="well.jpg", prediction=3, edit_blur_prediction=4),
            record(name="torn.jpg", skipped="truncated"),
        ]
    )
    found = judged(table, Thresholds(thresholds="fixed"), WORDS, {2: SENSITIVE})
    assert found["name"].tolist() == ["sick.jpg", "well.jpg"]
    assert found["verdict"].tolist() == ["wrong-reasons", "right-reasons"]
    assert list(found.columns) == ["name", *COLUMNS]


def test_without_a_usable_mask_what_was_said_stands():
    why = "unusable: of another size"
    said = {"verdict": "undecided", "verdict_reason": why, "verdict_score": math.nan,
            "verdict_cause": "", "fragile": False}  # fmt: skip
    table = pd.DataFrame([record(said, causal_reason=why, mask_doubt=why)])
    (row,) = judged(table, Thresholds(), WORDS, {}).to_dict("records")
    assert (row["verdict"], row["verdict_reason"]) == ("undecided", why)


def test_edits_without_a_pool_of_backgrounds_say_nothing():
    blank = {f"edit_{key}_{c}": v for key in EDITS for c, v in (("lost", math.nan),
                                                               ("prediction", -1))}  # fmt: skip
    found = columns(blank, evidence=SENSITIVE)
    assert found["verdict"] == "right-reasons"
