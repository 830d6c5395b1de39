"""Outputs that are read each by itself: two logits a label, as one unit of it would give."""

import keras
import numpy as np
import pytest
from scipy.special import expit
from severallabels import LABELS, SIZE, model, photo

from audit.core.registries import EXPLAINERS
from audit.explainers.gradcam import GradCAM
from audit.models.answering.model import Function
from audit.models.askedabout import asked_about
from audit.models.classify import classify
from audit.models.readings import exclude_each_other

IMAGES = np.stack([photo(("red", "green"), 1)[0], photo(("blue",), 2)[0]]).astype(np.float32)
N = len(LABELS)


def logits_by_hand():
    """Logits of the model, from its own linear twin."""
    return np.asarray(model(activation="linear")(IMAGES))


def both(z):
    return np.concatenate([z / 2, z / -2], axis=1)


@pytest.mark.parametrize("activation", ["sigmoid", "linear"])
def test_each_label_has_two_logits(activation):
    found = classify(model(activation=activation), None, None).each_alone()
    assert (found.classes, found.units, found.several) == (2 * N, N, True)
    np.testing.assert_allclose(found.logits(IMAGES), both(logits_by_hand()), atol=1e-4)
    assert f"{N} labels, {activation} end" in found.describe()


def test_a_function_of_probabilities_has_their_log_odds():
    def predict(images):
        return expit(np.asarray(model(activation="linear")(images.astype(np.float32))))

    found = classify(Function(predict, SIZE), None, None).each_alone()
    assert found.end == "probabilities (log-odds)"
    np.testing.assert_allclose(found.logits(IMAGES), both(logits_by_hand()), atol=1e-3)


def test_half_precision_is_read_in_single():
    half = keras.Sequential([model(), keras.layers.Activation("linear", dtype="float16")])
    half.build((None, SIZE, SIZE, 3))
    found = classify(half, None, None).each_alone()
    np.testing.assert_allclose(found.logits(IMAGES), both(logits_by_hand()), atol=0.05)


@pytest.mark.parametrize("label", range(N))
@pytest.mark.parametrize("is_there", [True, False])
def test_gradients_and_heatmaps_are_those_of_one_unit(label, is_there):
    found = classify(model(), None, None).each_alone()
    alone = classify(model((label,)), None, None)
    ours = np.full(len(IMAGES), label if is_there else label + N)
    theirs = np.full(len(IMAGES), int(is_there))
    for ask in ("gradient", "feature_gradient"):
        given, expected = getattr(found, ask)(IMAGES, ours), getattr(alone, ask)(IMAGES, theirs)
        which = 0 if ask == "gradient" else -1
        np.testing.assert_allclose(given[which], expected[which], atol=1e-7)
    for closed_form in (True, False):
        maps = GradCAM(found, closed_form=closed_form)(IMAGES, ours).heatmaps
        np.testing.assert_allclose(maps, GradCAM(alone)(IMAGES, theirs).heatmaps, atol=1e-5)


@pytest.mark.parametrize("label", range(N))
def test_explainers_that_ask_for_themselves_ask_about_one_label(label):
    occlusion = EXPLAINERS["occlusion"].of({})
    asked = asked_about(classify(model(), None, None).each_alone(), label)
    ours = occlusion(IMAGES[:1], np.array([label]), asked, ["x.png"])
    alone = classify(model((label,)), None, None)
    theirs = occlusion(IMAGES[:1], np.array([1]), alone, ["x.png"])
    np.testing.assert_allclose(ours, theirs, atol=1e-4)
    assert asked_about(alone, 0) is alone


def test_another_form_without_what_was_learnt_is_of_several_labels_too():
    other = classify(model(), None, None).each_alone().untrained(0)
    assert other.several
    z = np.asarray(other.logits(IMAGES))
    np.testing.assert_array_equal(z[:, :N], -z[:, N:])


@pytest.mark.parametrize(
    ("end", "exclude"),
    [
        ("softmax", True),
        ("sigmoid of softmax", True),
        ("log-softmax", True),
        ("probabilities (log)", True),
        ("probabilities (log-odds)", False),
        ("sigmoid", False),
        ("linear", False),
    ],
)
def test_which_ends_are_of_classes_that_exclude_each_other(end, exclude):
    assert exclude_each_other(end) == exclude
