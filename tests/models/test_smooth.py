"""Steps without a gradient before a model's weights: whole pixels, resizing by area."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, ops

from audit.core.errors import ModelError
from audit.models.classifier import FrozenClassifier

SIZE = 12
RNG = np.random.default_rng(0)
IMAGES = np.rint(RNG.uniform(0, 255, (2, SIZE, SIZE, 3))).astype(np.float32)


def model(before, channels=3, dtype="float32"):
    keras.utils.set_random_seed(0)
    x = keras.Input((SIZE, SIZE, channels), dtype=dtype)
    seen = layers.Conv2D(4, 3, activation="relu", name="conv")(before(x))
    return keras.Model(x, layers.Dense(3)(layers.GlobalAveragePooling2D()(seen)))


def gradient(classifier, images=IMAGES):
    @tf.function
    def of(images):
        (logits,) = classifier.graph.run(images, [classifier.graph.output])
        return tf.gradients(logits[:, 0], images)[0]

    return np.asarray(of(tf.constant(images)))


def scaled(x):
    return layers.Rescaling(1 / 255)(x)


def area(x):
    return scaled(layers.Resizing(5, 7, interpolation="area")(x))


WHOLE = {
    "scaled": scaled,
    "resized": lambda x: scaled(layers.Resizing(8, 8)(x)),
    "by area": area,
    "mirrored": lambda x: scaled(x[:, :, ::-1]),
    "padded": lambda x: scaled(layers.ZeroPadding2D(2)(x)),
    "cast by hand": lambda x: layers.Lambda(lambda y: tf.cast(y, tf.float32) / 255 - 0.5)(x),
}


@pytest.mark.parametrize("dtype", ["uint8", "int32"])
@pytest.mark.parametrize("before", WHOLE)
def test_models_of_whole_pixels_answer_as_they_do_and_have_a_gradient(before, dtype):
    whole, fractions = model(WHOLE[before], dtype=dtype), model(WHOLE[before])
    classifier = FrozenClassifier(whole)
    assert classifier.input.whole
    expected = whole.predict(IMAGES.astype(dtype), verbose=0)
    np.testing.assert_allclose(classifier.logits(IMAGES), expected, rtol=1e-3, atol=1e-4)
    found = gradient(classifier)
    np.testing.assert_allclose(found, gradient(FrozenClassifier(fractions)), rtol=1e-3, atol=1e-9)


@pytest.mark.parametrize("sides", [(4, 4), (5, 7), (12, 12), (20, 18)])
def test_resizing_by_area_has_the_gradient_of_a_linear_map(sides):
    resizing = layers.Resizing(*sides, interpolation="area")
    own = model(lambda x: scaled(resizing(x)))
    classifier = FrozenClassifier(own)
    assert "ResizeArea" not in [node.op for node in classifier.graph.nodes]
    expected = own.predict(IMAGES, verbose=0)
    np.testing.assert_allclose(classifier.logits(IMAGES), expected, rtol=1e-3, atol=1e-4)
    step = RNG.normal(size=IMAGES.shape).astype(np.float32)
    moved = [np.asarray(classifier.logits(IMAGES + s * step))[:, 0] for s in (0.5, -0.5)]
    along = (gradient(classifier) * step).sum(axis=(1, 2, 3))
    np.testing.assert_allclose(along, moved[0] - moved[1], rtol=0.05, atol=1e-4)


def test_resizing_by_area_weighs_nothing():
    classifier = FrozenClassifier(model(area))
    assert (classifier.cut.before, classifier.cut.steps) == (1, 1)
    assert classifier.seen_range == pytest.approx((0, 1))


NO_GRADIENT = {
    "Round": lambda x: ops.round(x / 32.0),
    "Floor": lambda x: layers.Lambda(lambda y: tf.floor(y / 32.0))(x),
    "Cast": lambda x: layers.Lambda(lambda y: tf.cast(tf.cast(y / 32, tf.int32), tf.float32))(x),
    "AdjustHue": lambda x: layers.Lambda(lambda y: tf.image.adjust_hue(y / 255, 0.1))(x),
}


@pytest.mark.parametrize("step", NO_GRADIENT)
def test_a_step_without_gradient_is_named(step):
    with pytest.raises(ModelError) as error:
        FrozenClassifier(model(NO_GRADIENT[step]))
    said = str(error.value)
    assert said.startswith(f"No gradient of the logits reaches the image, since {step} (")
    assert "\n" not in said


def test_logits_that_no_image_changes_are_a_weak_observation():
    flat = model(scaled)
    flat.layers[-1].set_weights([np.zeros((4, 3)), np.arange(3.0)])
    seen = {o.key: o for o in FrozenClassifier(flat).observations()}["gradient"]
    assert seen.strength == "weak" and seen.words.startswith("The logits do not change")


def test_nan_weights_are_a_strong_observation():
    broken = model(scaled)
    broken.layers[-1].set_weights([np.full((4, 3), np.nan), np.zeros(3)])
    seen = {o.key: o for o in FrozenClassifier(broken).observations()}["nan-outputs"]
    assert seen.strength == "strong" and "for 6 of 6 trial images" in seen.words


@pytest.mark.parametrize("dtype", ["float32", "uint8"])
def test_grey_models_are_given_luma(dtype):
    grey = model(scaled, channels=1, dtype=dtype)
    classifier = FrozenClassifier(grey)
    assert "input 12x12, grey, 0..255 read as 0..1" in classifier.describe()
    pale = np.repeat(IMAGES[..., :1], 3, axis=-1)
    expected = grey.predict(IMAGES[..., :1].astype(dtype), verbose=0)
    np.testing.assert_allclose(classifier.logits(pale), expected, rtol=1e-4, atol=1e-5)
    # Rec. 601: 0.299 of red alone
    red = IMAGES * [1, 0, 0]
    luma = (0.299 * IMAGES[..., :1]).astype(np.float32)
    if dtype == "float32":
        expected = grey.predict(luma, verbose=0)
        np.testing.assert_allclose(classifier.logits(red), expected, rtol=1e-4, atol=1e-5)
