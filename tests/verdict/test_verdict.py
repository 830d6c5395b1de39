import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.core.edits import EDITS
from audit.explainers.registry import titles
from audit.settings.verdict import Thresholds
from audit.verdict.sensitivity import ALONE, SCENE, ClassEvidence
from audit.verdict.verdict import Labels, Verdict, judge

THRESHOLDS = Thresholds(
    thresholds="fixed",
    on_foreground_skill=0.15,
    suspicious_share=0.5,
    least_support=0.3,
    most_background=0.75,
    least_survival=0.6,
    least_effect=1.0,
    mask_resemblance=0.5,
)
WORDS = Labels("flower", titles())
NAN = math.nan
HEALTHY = {
    "correct": True,
    "prediction": 2,
    "chance": 0.2,
    "gradcam_skill": 0.5,
    "gradcam_mass": 0.6,
    "gradcam_reason": "",
    "ig_skill": 0.25,
    "ig_mass": 0.4,
    "ig_reason": "",
    "causal_reason": "",
    "log_odds": 3.0,
    "background_share": 0.1,
    "foreground_effect": 4.0,
    "mixed_rand": NAN,
    "background_effect": 4.0,
    "background_share_reason": "",
    "survival": 1.0,
    "donors": 5,
    "without_foreground": 7,
    "removal_prediction": 2,
    "removal_prediction_name": "tulip",
    "removal_place": "lower left",
    "removal_area": 0.03,
    "removal_lost": 0.2,
    "removal_controls": 3,
    "removal_controls_flipped": 0,
    "removal_control_lost": 0.1,
    "removal_fills": 0,
    "removal_fills_flipped": 0,
    "background_log_odds": -2.0,
    **{f"edit_{key}_lost": 0.5 for key in EDITS},
    **{f"edit_{key}_prediction": 2 for key in EDITS},
    "removal_resembles": NAN,
    "mask_source": "folder",
    "stopped_by": "",
}
FLIPPED = {"removal_prediction": 5, "removal_prediction_name": "wallflower", "removal_lost": 4.0}
HELD = {"without_foreground": 2, "survival": 0.2, "background_share": 0.8}
ALIKE = {"mask_source": "grabcut", "removal_resembles": 0.9}
OFF = {"gradcam_skill": 0.1, "ig_skill": -0.2}
UNTESTED = {"causal_reason": "not tested by intervention", "background_share": NAN}
NO_MASK = {"gradcam_reason": "no mask", "ig_reason": "no mask", "causal_reason": "no mask"}


def verdict(*changes, thresholds=THRESHOLDS, words=WORDS, evidence=ALONE):
    record = dict(HEALTHY)
    for change in changes:
        record |= change
    return judge(record, thresholds, words, evidence)


WRONG = {"correct": False}


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ([], "right-reasons"),
        ([FLIPPED, {"background_share": 0.4}], "wrong-reasons"),
        ([FLIPPED, {"survival": 0.0}], "wrong-reasons"),
        ([FLIPPED], "suspect"),  # neither share nor swap supports the flip
        ([FLIPPED, {"removal_lost": 0.3}], "right-reasons"),  # a trifle near the border
        ([FLIPPED, {"background_share": 0.6, "removal_controls_flipped": 1}], "suspect"),
        ([FLIPPED, {"background_share": 0.6, "removal_controls": 0}], "wrong-reasons"),
        ([FLIPPED, {"survival": 0.0, "removal_control_lost": 3.1}], "suspect"),  # hardly more
        ([HELD], "wrong-reasons"),
        ([HELD, {"background_effect": 1.9}], "suspect"),  # too little to decide
        ([HELD, {"survival": 0.8}], "suspect"),  # other backgrounds do as well
        ([HELD, {"without_foreground": 5}], "suspect"),  # the background alone does not do
        ([HELD, {"background_share": 0.7}], "suspect"),
        ([HELD, {"background_share": 0.5}], "right-reasons"),
        ([{"survival": 0.0}], "suspect"),
        ([{"background_share": 0.6}], "suspect"),
        ([OFF], "suspect"),
        ([{"gradcam_skill": -0.2}], "right-reasons"),  # one explainer is enough
        ([WRONG], "misread"),
        ([WRONG, OFF], "misread"),  # interventions outweigh heatmaps
        ([WRONG, {"background_share": 0.6}], "distracted"),
        ([WRONG, FLIPPED, {"survival": 0.0}], "distracted"),
        ([FLIPPED, {"survival": 0.0}, ALIKE], "undecided"),  # the mask's mistake, maybe
        ([HELD, ALIKE], "undecided"),
        ([WRONG, FLIPPED, {"survival": 0.0}, ALIKE], "undecided"),
        ([WRONG, {"background_share": 0.6}, ALIKE], "distracted"),  # by no region
        ([FLIPPED, ALIKE], "suspect"),  # which accuses nobody of anything yet
        ([ALIKE], "right-reasons"),
        ([UNTESTED], "right-reasons"),
        ([UNTESTED, OFF], "suspect"),
        ([UNTESTED, WRONG], "misread"),
        ([UNTESTED, WRONG, OFF], "distracted"),
        ([NO_MASK], "undecided"),
        ([WRONG, NO_MASK], "undecided"),
        ([{"background_share": NAN, "background_share_reason": "neither"}], "undecided"),
    ],
)
def test_each_kind_of_evidence_leads_to_its_verdict(changes, word):
    assert verdict(*changes).verdict == word


def test_a_region_that_takes_half_is_suspicious_where_it_turns_the_answer_or_others_lose_it():
    half = {"removal_lost": 4.0}
    assert verdict(half).verdict == "right-reasons"
    assert verdict(half, {"survival": 0.4}).verdict == "suspect"
    assert verdict(FLIPPED).verdict == "suspect"


def test_thresholds_themselves():
    assert verdict(UNTESTED, OFF, {"gradcam_skill": 0.15}).verdict == "right-reasons"
    assert verdict(HELD, {"survival": 0.6}).verdict == "wrong-reasons"
    assert verdict(HELD, {"background_share": 0.75}).verdict == "suspect"
    assert verdict({"background_share": 0.5}).verdict == "right-reasons"
    assert verdict(FLIPPED, {"background_share": 0.3}).verdict == "suspect"


@pytest.mark.parametrize("source", ["grabcut", "official", "segmenter"])
def test_a_region_like_the_flower_casts_doubt_on_a_mask_that_a_machine_made(source):
    found = verdict(FLIPPED, {"survival": 0.0}, ALIKE, {"mask_source": source})
    assert found.verdict == "undecided" and math.isnan(found.score)
    assert found.reason == (
        "mask doubtful: the region that decides looks like the flower, of which the mask may leave "
        "a part out"
    )


def test_a_proven_scene_is_not_doubted_for_a_region_that_turns_nothing():
    owed = {"survival": 0.2, "background_share": 0.7, "background_log_odds": 2.0,
            "mask_source": "grabcut"}  # fmt: skip
    scene = ClassEvidence((SCENE,), kind="scene")
    assert verdict(owed, ALIKE, evidence=scene).verdict == "wrong-reasons"
    assert verdict(owed, ALIKE, FLIPPED, evidence=scene).verdict == "undecided"  # or a part of it


@pytest.mark.parametrize("source", ["folder", "manifest", "planted"])
def test_a_mask_drawn_by_hand_is_believed(source):
    found = verdict(FLIPPED, {"survival": 0.0}, ALIKE, {"mask_source": source})
    assert found.verdict == "wrong-reasons"


@pytest.mark.parametrize("resembles", [NAN, 0.0, 0.5])
def test_a_region_that_does_not_look_like_the_flower_is_held_against_the_model(resembles):
    found = verdict(FLIPPED, {"survival": 0.0}, ALIKE, {"removal_resembles": resembles})
    assert found.verdict == "wrong-reasons"


def test_wrong_reasons_names_the_region_what_it_turns_to_and_all_evidence():
    assert verdict(FLIPPED, {"background_share": 0.83, "survival": 0.2}).reason == (
        "right, but not for the flower: filling 3% of the image at the lower left turns the answer "
        "to wallflower; it survives 1 of 5 changes of the background; 83% of the log-odds come "
        "from the background; Grad-CAM has 60% of its mass and Integrated Gradients has 40% of its "
        "mass on a flower that covers 20%"
    )


def test_controls_that_flip_too_are_named():
    reason = verdict(FLIPPED, {"removal_controls_flipped": 2}).reason
    assert "turns the answer to wallflower, as do 2 of 3 regions like it elsewhere" in reason


def test_a_decisive_background_says_so():
    assert "the background alone keeps the answer with the flower filled in" in verdict(HELD).reason


def test_untested_says_so_and_keeps_the_heatmaps():
    reason = verdict(UNTESTED).reason
    assert reason.startswith("right, for the flower: not tested by intervention; Grad-CAM has 60%")


def test_the_subject_is_named():
    reason = verdict(OFF, words=Labels("bird", titles())).reason
    assert "off the bird" in reason
    assert "on a bird that covers 20%" in reason


def test_undecided_keeps_each_reason_once():
    other = {**NO_MASK, "ig_reason": "no positive relevance"}
    assert verdict(NO_MASK).reason == "no score is defined: no mask"
    assert verdict(other).reason == "no score is defined: no mask, no positive relevance"
    assert math.isnan(verdict(NO_MASK).score)


def test_an_undefined_heatmap_is_left_out_of_the_words():
    reason = verdict({"ig_reason": "no positive relevance", "ig_skill": NAN}).reason
    assert reason.endswith("background; Grad-CAM has 60% of its mass on a flower that covers 20%")


@pytest.mark.parametrize("missing", [["gradcam"], ["ig"], ["gradcam", "ig"]])
def test_a_heatmap_accuses_nothing_where_one_is_not_available(missing):
    assert verdict(OFF).verdict == "suspect"
    lacking = {f"{key}_{column}": NAN for key in missing for column in ("skill", "mass")}
    lacking |= {f"{key}_reason": "not available, because it shows no layers" for key in missing}
    assert verdict(OFF, lacking).verdict == "right-reasons"
    assert verdict(OFF, lacking, {"survival": 0.0}).verdict == "suspect"


def test_an_unsure_answer_alone_is_not_suspect():
    unsure = {"log_odds": -2.0, "removal_lost": 0.0}  # among many classes the best may be unlikely
    assert verdict(unsure).verdict == "right-reasons"


shares, odds = st.floats(0, 1), st.floats(-20, 20)


@given(st.booleans(), shares, shares, odds, odds, st.floats(-1, 1), st.integers(1, 3))
def test_one_of_six_words_and_a_score_within_its_range(
    correct, share, survival, before, lost, skill, answer
):
    found = verdict(
        {"correct": correct, "background_share": share, "survival": survival},
        {"log_odds": before, "removal_lost": lost, "gradcam_skill": skill, "ig_skill": skill},
        {"removal_prediction": answer, "without_foreground": answer},
    )
    assert found.verdict in list(Verdict)
    assert 0 <= found.score <= 1
    assert (found.verdict in ("right-reasons", "wrong-reasons", "suspect")) == correct
