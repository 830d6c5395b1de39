"""Whatever squashes a model's answer at its end, its logits are those under it."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import layers, ops

from audit.core.errors import ModelError
from audit.explainers.gradcam import GradCAM
from audit.models.classifier import FrozenClassifier

SIZE, CLASSES = 8, 4
RNG = np.random.default_rng(0)
IMAGES = RNG.uniform(0, 255, (6, SIZE, SIZE, 3)).astype(np.float32)
IMAGES[::2, :4] *= 0.2
MIX = RNG.normal(size=(3, 5)).astype(np.float32) / 100
KERNEL = RNG.normal(size=(5, CLASSES)).astype(np.float32)
BIAS = RNG.normal(size=CLASSES).astype(np.float32)


def logits(images=IMAGES):
    return np.maximum(images @ MIX, 0).mean(axis=(1, 2)) @ KERNEL + BIAS


def ending(end, units=CLASSES):
    """A classifier whose logits are known, or its first ones, behind ``end``."""
    x = keras.Input((SIZE, SIZE, 3))
    seen = layers.Conv2D(5, 1, use_bias=False, activation="relu")(x)
    dense = layers.Dense(units)
    model = keras.Model(x, end(dense(layers.GlobalAveragePooling2D()(seen))))
    model.layers[1].set_weights([MIX[None, None]])
    dense.set_weights([KERNEL[:, :units], BIAS[:units]])
    return model


def centred(values):
    return values - np.mean(values, axis=1, keepdims=True)


def shares(positive):
    return positive / ops.sum(positive, axis=-1, keepdims=True)


TAKEN = {
    "softmax": ops.softmax,
    "softmax of softmax": lambda z: layers.Softmax()(layers.Softmax()(z)),
    "softmax of softmax ": lambda z: ops.softmax(10 * ops.softmax(z)),
    "softmax of softmax  ": lambda z: keras.Sequential(
        [layers.Softmax(), layers.Rescaling(3.0, 1.0), layers.Activation("softmax")]
    )(z),
    "softmax of softmax of softmax": lambda z: ops.softmax(ops.softmax(ops.softmax(z))),
    "sigmoid of softmax": lambda z: ops.sigmoid(ops.softmax(z)),
    "softmax of sigmoid": lambda z: ops.softmax(ops.sigmoid(z)),
    "softmax of tanh": lambda z: ops.softmax(5 * ops.tanh(z)),
    "log-softmax of softmax": lambda z: ops.log_softmax(ops.softmax(z)),
    "softmax   ": lambda z: ops.log(ops.softmax(z) + 1e-7),
    "hard-sigmoid": ops.hard_sigmoid,
    "softsign": ops.softsign,
    "tanh": ops.tanh,
    "elu": ops.elu,
    "softmax    ": lambda z: layers.Reshape((CLASSES,))(ops.softmax(layers.Reshape((1, -1))(z))),
    "softmax     ": lambda z: shares(ops.exp(z)),
    "softmax      ": lambda z: shares(ops.exp(z - ops.max(z, axis=-1, keepdims=True))),
    "softmax       ": lambda z: shares(ops.softmax(z) ** 2),
    "softmax        ": lambda z: 0.9 * ops.softmax(z) + 0.1 / CLASSES,
    "clip of softmax": lambda z: ops.clip(ops.softmax(z), 1e-7, 1 - 1e-7),
    "softplus": lambda z: shares(ops.softplus(z) + 1),
    "softmax         ": lambda z: layers.Lambda(tf.nn.softmax)(ops.cast(z, "float64")),
}  # blanks keep apart what is called alike


@pytest.mark.parametrize("end", TAKEN)
def test_every_squashing_is_taken_off(end):
    model = ending(TAKEN[end])
    classifier = FrozenClassifier(model)
    assert classifier.end == end.strip()
    np.testing.assert_allclose(
        centred(classifier.logits(IMAGES)), centred(logits()), rtol=1e-4, atol=1e-4
    )
    answers = model.predict(IMAGES, verbose=0)
    np.testing.assert_array_equal(np.argmax(classifier.logits(IMAGES), 1), answers.argmax(1))


STEPS = {
    "softmax": ops.softmax,
    "sigmoid": ops.sigmoid,
    "tanh": ops.tanh,
    "times": lambda z: z * 2.5,
    "over": lambda z: z / 0.5,
    "plus": lambda z: z + 0.25,
    "shape": lambda z: layers.Reshape((CLASSES,))(layers.Reshape((1, CLASSES))(z)),
    "nothing": layers.Identity(),
}


@settings(max_examples=8)
@given(st.lists(st.sampled_from(sorted(STEPS)), max_size=4))
def test_squashings_in_any_mix_are_taken_off(names):
    def end(z):
        for name in names:
            z = STEPS[name](z)
        return ops.softmax(z)

    # A temperature directly on the last weights is part of the logits: the order is kept.
    squashing = any(name in ("softmax", "sigmoid", "tanh") for name in names)
    found = np.asarray(FrozenClassifier(ending(end)).logits(IMAGES))
    np.testing.assert_array_equal(np.argsort(found, axis=1), np.argsort(logits(), axis=1))
    first = next((k for k, n in enumerate(names) if n in ("softmax", "sigmoid", "tanh")), 0)
    if squashing and not {"times", "over", "plus"} & set(names[:first]):
        np.testing.assert_allclose(centred(found), centred(logits()), rtol=1e-3, atol=1e-3)


def test_a_temperature_on_the_last_weights_belongs_to_the_logits():
    classifier = FrozenClassifier(ending(lambda z: ops.softmax(z / 3)))
    np.testing.assert_allclose(classifier.logits(IMAGES), logits() / 3, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("end", [lambda z: ops.softmax(-3 * ops.softmax(z)),
                                 lambda z: 1 - ops.sigmoid(z)])  # fmt: skip
def test_what_turns_the_order_turns_the_logits(end):
    found = FrozenClassifier(ending(end)).logits(IMAGES)
    np.testing.assert_allclose(centred(found), centred(-logits()), rtol=1e-4, atol=1e-4)


def second(z):
    return layers.Dense(CLASSES, kernel_initializer="orthogonal")(z)


LOGGED = {
    "probabilities (log)": lambda z: layers.Average()([ops.softmax(z), ops.softmax(second(z))]),
    "probabilities (log) ": lambda z: shares(ops.relu(z) + 0.1),
    "softmax of probabilities (log)": lambda z: ops.softmax(
        layers.Average()([ops.softmax(z), ops.softmax(second(z))])
    ),
}


@pytest.mark.parametrize("end", LOGGED)
def test_probabilities_that_cannot_be_taken_off_become_their_logarithms(end):
    model = ending(LOGGED[end])
    classifier = FrozenClassifier(model)
    assert classifier.end == end.strip()
    answers = model.predict(IMAGES, verbose=0)
    again = np.asarray(tf.nn.softmax(classifier.logits(IMAGES)))
    expected = np.asarray(tf.nn.softmax(again)) if end.startswith("softmax") else again
    np.testing.assert_allclose(expected, answers, rtol=1e-4, atol=1e-6)
    seen = {o.key: o for o in classifier.observations()}["log-odds"]
    assert seen.strength == "fine" and "their logarithms are the logits" in seen.words


def test_the_mean_of_sigmoids_becomes_log_odds():
    model = ending(lambda z: layers.Average()([ops.sigmoid(z), ops.sigmoid(2 * z)]))
    classifier = FrozenClassifier(model)
    assert classifier.end == "probabilities (log-odds)"
    again = tf.sigmoid(classifier.logits(IMAGES))
    np.testing.assert_allclose(again, model.predict(IMAGES, verbose=0), rtol=1e-4)


def test_logits_that_never_leave_0_to_1_are_a_weak_observation():
    model = ending(lambda z: layers.Lambda(lambda y: 0.5 + tf.sin(y) / 3)(z))
    seen = {o.key: o for o in FrozenClassifier(model).observations()}["log-odds"]
    assert seen.strength == "weak" and "all its outputs lie in 0..1" in seen.words


HIDDEN = {
    "ArgMax": lambda z: ops.argmax(z, axis=-1),
    "ArgMax ": lambda z: ops.cast(ops.argmax(z, axis=-1), "float32"),
    "OneHot": lambda z: ops.one_hot(ops.argmax(z, axis=-1), CLASSES),
    "Greater": lambda z: ops.cast(ops.sigmoid(z) > 0.5, "float32"),
    "Round": lambda z: ops.round(ops.softmax(z)),
}


@pytest.mark.parametrize("end", HIDDEN)
def test_an_end_that_names_a_class_alone_is_refused(end):
    with pytest.raises(ModelError) as error:
        FrozenClassifier(ending(HIDDEN[end]))
    assert str(error.value).startswith(f"The model ends in {end.strip()} (")
    assert str(error.value).endswith("give the model as it is before that step.")


def test_an_answer_that_knows_nothing_of_the_image_is_refused():
    x = keras.Input((SIZE, SIZE, 3))
    model = keras.Model(x, layers.Lambda(lambda _: tf.zeros((1, 3)))(x))
    with pytest.raises(ModelError, match="output does not depend on the image"):
        FrozenClassifier(model)


# One unit


UNITS = {
    "sigmoid": (ops.sigmoid, 0.5),
    "linear": (lambda z: z * 1.0, 0),
    "tanh": (ops.tanh, 0),
    "hard-sigmoid": (ops.hard_sigmoid, 0.5),
    "sigmoid of sigmoid": (lambda z: ops.sigmoid(10 * (ops.sigmoid(z) - 0.4)), 0.5),
    "probabilities (log-odds)": (lambda z: (ops.sigmoid(z) + ops.sigmoid(2 * z)) / 2, 0.5),
    "clip": (lambda z: ops.clip(z, 0, 1), 0.5),
    "exp": (lambda z: 1 / (1 + ops.exp(-z)), 0.5),
    "sigmoid ": (lambda z: ops.squeeze(ops.sigmoid(z), -1), 0.5),
    "sigmoid  ": (lambda z: 1 - ops.sigmoid(z), 0.5),
}


@pytest.mark.parametrize("end", UNITS)
def test_one_unit_is_two_classes(end):
    make, half = UNITS[end]
    model = ending(make, units=1)
    classifier = FrozenClassifier(model)
    assert (classifier.end, classifier.classes, classifier.units) == (end.strip(), 2, 1)
    assert "one unit read as 2 classes" in classifier.describe()
    found = np.asarray(classifier.logits(IMAGES))
    np.testing.assert_allclose(found[:, 0], -found[:, 1], rtol=1e-6)
    answers = model.predict(IMAGES, verbose=0).reshape(-1)
    np.testing.assert_array_equal(found.argmax(axis=1), (answers > half).astype(int))


def test_the_softmax_of_one_units_logits_is_its_sigmoid():
    model = ending(ops.sigmoid, units=1)
    found = tf.nn.softmax(FrozenClassifier(model).logits(IMAGES))
    np.testing.assert_allclose(found[:, 1], model.predict(IMAGES, verbose=0)[:, 0], rtol=1e-5)


def test_grad_cam_of_one_unit_is_the_same_in_closed_form():
    classifier = FrozenClassifier(ending(ops.sigmoid, units=1))
    np.testing.assert_allclose(classifier.kernel, KERNEL[:, :1] * [-0.5, 0.5], rtol=1e-6)
    short = GradCAM(classifier)(IMAGES)
    long = GradCAM(classifier, closed_form=False)(IMAGES)
    np.testing.assert_allclose(short.heatmaps, long.heatmaps, rtol=1e-4, atol=1e-7)


def test_one_unit_under_a_softmax_is_refused():
    with pytest.raises(ModelError, match=r"softmax over one unit .* the same for every image"):
        FrozenClassifier(ending(ops.softmax, units=1))


def test_one_unit_that_is_above_one_half_for_every_image_is_a_strong_observation():
    classifier = FrozenClassifier(ending(lambda z: ops.sigmoid(ops.sigmoid(z)), units=1))
    seen = {o.key: o for o in classifier.observations()}["outputs"]
    assert seen.strength == "strong"
    assert "ends in sigmoid of sigmoid, so it gives the same class for every image" in seen.words
