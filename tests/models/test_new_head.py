"""The same features under another head: as the numbers say, and as Keras does."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from colourmix import IMAGES, MIX, SIZE, expected_features
from keras import layers

from audit.core.errors import ModelError
from audit.explainers.gradcam import GradCAM
from audit.explainers.integrated_gradients import IntegratedGradients
from audit.models.averaged import Averaged
from audit.models.classifier import FrozenClassifier
from audit.models.views import draw_views

RNG = np.random.default_rng(4)
KERNEL = RNG.normal(size=(4, 5)).astype(np.float32)
BIAS = RNG.normal(size=5).astype(np.float32)


def model(kernel, bias, end="softmax"):
    x = keras.Input((SIZE, SIZE, 3))
    seen = layers.Conv2D(4, 1, use_bias=False, activation="relu", name="mix")(x)
    pooled = layers.GlobalAveragePooling2D()(seen)
    made = keras.Model(x, layers.Dense(len(bias), activation=end)(pooled))
    made.set_weights([MIX[None, None], kernel, bias])
    return made


@pytest.fixture(scope="module")
def begun():
    return FrozenClassifier(model(np.ones((4, 3), np.float32), np.zeros(3, np.float32)))


@pytest.fixture(scope="module")
def taught(begun):
    return begun.with_head(KERNEL, BIAS)


def test_logits_are_the_pooled_features_through_the_new_head(taught):
    expected = expected_features().mean(axis=(1, 2)) @ KERNEL + BIAS
    np.testing.assert_allclose(taught.logits(IMAGES), expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(taught.head(taught.features(IMAGES)), expected, rtol=1e-4, atol=1e-5)
    assert taught.logits(IMAGES).dtype == tf.float32
    assert (taught.classes, taught.units, taught.end) == (5, 5, "linear")


def test_it_answers_and_explains_as_a_keras_model_of_the_same_weights(taught):
    whole = FrozenClassifier(model(KERNEL, BIAS))
    np.testing.assert_allclose(taught.logits(IMAGES), whole.logits(IMAGES), rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(taught.kernel, KERNEL)
    for closed in (True, False):
        mine, theirs = (GradCAM(c, closed_form=closed)(IMAGES) for c in (taught, whole))
        np.testing.assert_allclose(mine.heatmaps, theirs.heatmaps, rtol=1e-4, atol=1e-6)
    targets = np.array([0, 4])
    mine, theirs = (IntegratedGradients(c, 4)(IMAGES, targets) for c in (taught, whole))
    np.testing.assert_allclose(mine.heatmaps, theirs.heatmaps, rtol=1e-4, atol=1e-5)
    assert np.ptp(mine.heatmaps) > 0


def test_the_classifier_it_was_made_of_stays(begun, taught):
    assert begun.classes == 3
    assert np.asarray(begun.logits(IMAGES)).shape == (2, 3)
    np.testing.assert_array_equal(begun.kernel, np.ones((4, 3)))


def test_a_head_may_be_changed_again(taught):
    other = taught.with_head(2 * KERNEL[:, :2], BIAS[:2])
    expected = expected_features().mean(axis=(1, 2)) @ (2 * KERNEL[:, :2]) + BIAS[:2]
    np.testing.assert_allclose(other.logits(IMAGES), expected, rtol=1e-4, atol=1e-5)


def test_a_head_that_reads_more_than_the_map_is_replaced_whole():
    x = keras.Input((SIZE, SIZE, 3))
    seen = layers.Conv2D(4, 3, padding="same", activation="relu", name="one")(x)
    beside = layers.Conv2D(2, 3, padding="same", activation="relu", name="two")(x)
    both = [layers.Flatten()(seen), layers.Flatten()(beside)]
    made = keras.Model(x, layers.Dense(3)(layers.Concatenate()(both)))
    found = FrozenClassifier(made, feature_layer="one")
    changed = found.with_head(KERNEL, BIAS)
    expected = np.asarray(found.features(IMAGES)).mean(axis=(1, 2)) @ KERNEL + BIAS
    np.testing.assert_allclose(changed.logits(IMAGES), expected, rtol=1e-3, atol=1e-2)
    np.testing.assert_allclose(changed.head(found.features(IMAGES)), expected, rtol=1e-3, atol=1e-2)


def test_views_are_averaged_under_the_new_head_too(begun, taught):
    views = draw_views(3, seed=0)
    mine = Averaged(begun, views).with_head(KERNEL, BIAS)
    np.testing.assert_allclose(
        mine.logits(IMAGES), Averaged(taught, views).logits(IMAGES), rtol=1e-4, atol=1e-5
    )


def test_a_head_for_another_map_is_refused(begun):
    with pytest.raises(ModelError, match=r"A head of shape \(3, 5\) with 5 biases does not fit"):
        begun.with_head(KERNEL[:3], BIAS)
