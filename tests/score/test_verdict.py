import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.score.localisation import Localisation
from audit.score.verdict import VERDICTS, judge, titles


def score(skill, chance=0.2):
    mass = chance + skill * (1 - chance)
    return Localisation(mass=mass, rank_accuracy=0.5, pointing=1.0, skill=skill)


def verdict(correct, gradcam, ig, threshold=0.15):
    scores = {"gradcam": gradcam, "ig": ig}
    return judge(correct, scores, 0.2, on_flower_skill=threshold, subject="flower", named=titles())


ON, OFF, NONE = score(0.5), score(-0.1), Localisation(reason="empty mask")


@pytest.mark.parametrize(
    ("correct", "gradcam", "ig", "word"),
    [
        (True, ON, ON, "right-reasons"),
        (True, ON, OFF, "right-reasons"),
        (True, OFF, ON, "right-reasons"),
        (True, OFF, OFF, "suspect"),
        (False, ON, OFF, "misread"),
        (False, OFF, OFF, "distracted"),
        (True, NONE, ON, "right-reasons"),
        (True, NONE, OFF, "suspect"),
        (True, NONE, NONE, "undecided"),
        (False, NONE, NONE, "undecided"),
    ],
)
def test_one_explainer_on_the_flower_is_enough(correct, gradcam, ig, word):
    assert verdict(correct, gradcam, ig).word == word


def test_threshold_itself_is_on_the_flower():
    assert verdict(True, score(0.15), OFF).word == "right-reasons"
    assert verdict(True, score(0.1499), OFF).word == "suspect"


def test_undecided_keeps_each_reason_once():
    other = Localisation(reason="no positive relevance")
    assert verdict(True, NONE, NONE).reason == "no score is defined: empty mask"
    assert verdict(True, NONE, other).reason == (
        "no score is defined: empty mask, no positive relevance"
    )


def test_reason_tells_outcome_place_masses_and_area():
    assert verdict(True, score(0.5), score(0.25)).reason == (
        "right, and looks at the flower: Grad-CAM has 60% of its mass and "
        "Integrated Gradients has 40% of its mass on a flower that covers 20%"
    )


def test_reason_names_the_subject():
    found = judge(False, {"ig": OFF}, 0.2, on_flower_skill=0.15, subject="bird", named=titles())
    assert found.reason.startswith("wrong, and looks away from the bird: Integrated Gradients has")


@given(
    st.booleans(),
    st.floats(-1, 1),
    st.floats(-1, 1),
    st.floats(-1, 1),
)
def test_heatmaps_alone_never_prove_wrong_reasons(correct, gradcam, ig, threshold):
    word = verdict(correct, score(gradcam), score(ig), threshold).word
    assert word in VERDICTS
    assert word != "wrong-reasons"
    assert (word in ("right-reasons", "misread")) == (max(gradcam, ig) >= threshold)
