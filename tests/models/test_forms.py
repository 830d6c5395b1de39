"""Every form a model can have, on one tiny network with known weights and gradient."""

import json

import h5py
import keras
import numpy as np
import pytest
import tensorflow as tf
from colourmix import BIAS, CLASSES, IMAGES, KERNEL, MIX, SIZE, expected_features, expected_logits
from keras import layers

from audit.core.errors import ModelError
from audit.explainers.gradcam import GradCAM
from audit.models.classifier import FrozenClassifier
from audit.models.load import load_model
from audit.models.scaling import SCALINGS

RNG = np.random.default_rng(1)
TARGETS = np.array([2, 0])


def expected_gradient(images=IMAGES):
    """d logit / d pixel: through the mean, the ReLUs that are open, and the mix of colours."""
    open_ = (images @ MIX > 0).astype(np.float32)
    return open_ * KERNEL.T[TARGETS][:, None, None, :] / SIZE**2 @ MIX.T


def gradient(classifier, images=IMAGES):
    @tf.function
    def of(images):
        (logits,) = classifier.graph.run(images, [classifier.graph.output])
        return tf.gradients(tf.gather(logits, TARGETS, batch_dims=1), images)[0]

    return of(tf.constant(images)).numpy()


def image(k=keras):
    return k.Input((SIZE, SIZE, 3))


def conv(k=keras, scale=1.0):
    start = k.initializers.Constant(MIX[None, None] * scale)
    return k.layers.Conv2D(
        4, 1, use_bias=False, activation="relu", name="mix", kernel_initializer=start
    )


def dense(k=keras, end="linear"):
    return k.layers.Dense(
        CLASSES,
        activation=end,
        name="dense",
        kernel_initializer=k.initializers.Constant(KERNEL),
        bias_initializer=k.initializers.Constant(BIAS),
    )


def head(x, end="linear", k=keras):
    return dense(k, end)(k.layers.GlobalAveragePooling2D(name="pool")(x))


def backbone(k=keras):
    x = image(k)
    return k.Model(x, conv(k)(x), name="backbone")


def flat(end="linear", k=keras):
    x = image(k)
    return k.Model(x, head(conv(k)(x), end, k))


def nested(end="softmax", k=keras):
    x = image(k)
    return k.Model(x, head(backbone(k)(x), end, k))


def twice_nested():
    x, y = image(), image()
    return keras.Model(y, head(keras.Model(x, backbone()(x), name="outer")(y), "sigmoid"))


def sequential():
    return keras.Sequential([image(), conv(), layers.GlobalAveragePooling2D(), dense()])


def sequential_of_models():
    return keras.Sequential(
        [image(), backbone(), layers.GlobalAveragePooling2D(), dense(end="softmax")]
    )


def scaled_inside():
    x = image()
    return keras.Model(x, head(conv(scale=255)(layers.Rescaling(1 / 255)(x))))


class Subclassed(keras.Model):
    """A functional backbone inside, layers around it."""

    def __init__(self):
        super().__init__()
        self.backbone, self.pool = backbone(), layers.GlobalAveragePooling2D()
        self.classes = dense(end="softmax")

    def call(self, x):
        return self.classes(self.pool(self.backbone(x)))


class RawOperations(keras.Model):
    """TensorFlow's own operations between the layers."""

    def __init__(self):
        super().__init__()
        self.mix = layers.Conv2D(4, 1, use_bias=False, name="mix")
        self.classes = dense()

    def build(self, shape):
        self.mix.build(shape)
        self.mix.set_weights([MIX[None, None] * 255])
        self.classes.build((None, 4))

    def call(self, x):
        features = tf.nn.relu(self.mix(x / 255.0))
        return tf.nn.softmax(self.classes(tf.reduce_mean(features, axis=(1, 2))))


def called(kind):
    model = kind()
    model(IMAGES)
    return model


def normalised(kind):
    """Batch normalisation that undoes a scale and a shift of the mix."""
    x = image()
    if kind == "Conv2D":
        start = keras.initializers.Constant(MIX[None, None])
        y = layers.Conv2D(4, 1, use_bias=False, kernel_initializer=start)(x)
    else:
        y = layers.Conv2D(4, 1, use_bias=False, name="first")(x)
        y = layers.DepthwiseConv2D(1, use_bias=False, depthwise_initializer="ones")(y)
    norm = layers.BatchNormalization(epsilon=0.0)
    model = keras.Model(x, head(layers.ReLU(name="relu")(norm(y))))
    if kind != "Conv2D":
        model.get_layer("first").set_weights([MIX[None, None]])
    gamma, mean, variance = np.array([2, 3, 0.5, 1]), np.array([0.1, -0.2, 0.3, 0]), 4.0
    norm.set_weights([gamma, gamma * mean / 2, mean, np.full(4, variance)])
    return model, gamma / 2


FORMS = {
    "flat": flat,
    "flat softmax": lambda: flat("softmax"),
    "flat sigmoid": lambda: flat("sigmoid"),
    "nested": nested,
    "twice nested": twice_nested,
    "Sequential": sequential,
    "Sequential of models": sequential_of_models,
    "scaled inside": scaled_inside,
    "subclassed": lambda: called(Subclassed),
}


def assert_is_the_network(classifier, rtol=1e-4, images=IMAGES):
    np.testing.assert_allclose(classifier.logits(images), expected_logits(), rtol=rtol, atol=rtol)
    at = classifier.features(images)
    np.testing.assert_allclose(at, expected_features(), rtol=rtol, atol=rtol)
    np.testing.assert_allclose(classifier.head(at), expected_logits(), rtol=rtol, atol=rtol)
    expected = expected_gradient()
    scale = np.abs(expected).max()
    np.testing.assert_allclose(gradient(classifier, images), expected, atol=rtol * scale)


@pytest.mark.parametrize("form", FORMS)
def test_logits_features_and_gradient_of_every_form(form):
    assert_is_the_network(FrozenClassifier(FORMS[form]()))


def test_operations_between_layers():
    classifier = FrozenClassifier(called(RawOperations))
    np.testing.assert_allclose(classifier.logits(IMAGES), expected_logits(), rtol=1e-4)
    # layers' outputs come first: the ReLU is none
    np.testing.assert_allclose(classifier.features(IMAGES), IMAGES @ MIX, rtol=1e-4, atol=1e-5)
    expected = expected_gradient()
    atol = 1e-4 * np.abs(expected).max()
    np.testing.assert_allclose(gradient(classifier), expected, atol=atol)


@pytest.mark.parametrize("kind", [Subclassed, RawOperations])
def test_a_subclassed_model_stays_as_it_was(kind):
    model = called(kind)
    before, weights = model.predict(IMAGES, verbose=0), model.get_weights()
    FrozenClassifier(model, image_size=SIZE).logits(IMAGES)
    np.testing.assert_array_equal(model.predict(IMAGES, verbose=0), before)
    for now, then in zip(model.get_weights(), weights, strict=True):
        np.testing.assert_array_equal(now, then)
    assert not any("call" in vars(layer) for layer in model._flatten_layers())


def test_layers_of_a_subclassed_model_have_paths():
    assert FrozenClassifier(called(Subclassed)).feature_layer == "backbone/mix"
    assert FrozenClassifier(called(Subclassed), "mix").feature_layer == "backbone/mix"


def test_a_subclassed_model_whose_size_was_never_said_asks_for_it():
    with pytest.raises(ModelError, match="say its size with --image-size"):
        FrozenClassifier(Subclassed())
    assert_is_the_network(FrozenClassifier(Subclassed(), image_size=SIZE))


@pytest.mark.parametrize("scaling", SCALINGS)
def test_scaling_outside_the_model(scaling):
    classifier = FrozenClassifier(flat(), scaling=scaling)
    scaled = np.asarray(SCALINGS[scaling](IMAGES))
    np.testing.assert_allclose(classifier.logits(IMAGES), expected_logits(scaled), rtol=1e-3)
    slope = {"0..1": 1 / 255, "-1..1": 2 / 255, "0..255": 1}.get(scaling)
    if slope:
        expected = slope * expected_gradient(scaled)
        np.testing.assert_allclose(gradient(classifier), expected, atol=1e-4 * slope)


def test_what_the_model_reads_is_found():
    assert FrozenClassifier(flat()).seen_range == (0, 255)
    assert FrozenClassifier(scaled_inside()).seen_range == pytest.approx((0, 1))
    assert FrozenClassifier(flat(), scaling="-1..1").seen_range == pytest.approx((-1, 1))


def test_a_head_of_several_dense_layers():
    hidden = RNG.normal(size=(4, 5)).astype(np.float32)
    last = RNG.normal(size=(5, CLASSES)).astype(np.float32)
    x = image()
    y = layers.GlobalAveragePooling2D()(conv()(x))
    y = layers.Dense(5, activation="tanh", use_bias=False, name="hidden")(y)
    model = keras.Model(x, layers.Dense(CLASSES, use_bias=False, name="last")(y))
    model.get_layer("hidden").set_weights([hidden])
    model.get_layer("last").set_weights([last])
    classifier = FrozenClassifier(model)
    inner = np.tanh(expected_features().mean(axis=(1, 2)) @ hidden)
    np.testing.assert_allclose(classifier.logits(IMAGES), inner @ last, rtol=1e-4)
    into = ((1 - inner**2) * last.T[TARGETS]) @ hidden.T  # d logit / d pooled feature
    open_ = (IMAGES @ MIX > 0).astype(np.float32)
    expected = open_ * into[:, None, None, :] / SIZE**2 @ MIX.T
    np.testing.assert_allclose(gradient(classifier), expected, atol=1e-4 * np.abs(expected).max())
    maps = GradCAM(classifier)(IMAGES, TARGETS).heatmaps
    by_hand = np.maximum(np.einsum("nhwc,nc->nhw", expected_features(), into / SIZE**2), 0)
    np.testing.assert_allclose(maps, by_hand, rtol=1e-3, atol=1e-6)


def test_half_precision_becomes_single():
    keras.mixed_precision.set_global_policy("mixed_float16")
    try:
        model = nested()
    finally:
        keras.mixed_precision.set_global_policy("float32")
    classifier = FrozenClassifier(model)
    assert np.asarray(classifier.logits(IMAGES)).dtype == np.float32
    assert_is_the_network(classifier)


@pytest.mark.parametrize("kind", ["Conv2D", "DepthwiseConv2D"])
def test_batch_normalisation_is_folded_exactly(kind):
    model, scale = normalised(kind)
    classifier = FrozenClassifier(model)
    assert not any(node.op in ("Mul", "FusedBatchNormV3") for node in classifier.graph.nodes)
    np.testing.assert_allclose(
        classifier.features(IMAGES), expected_features() * scale, rtol=1e-4, atol=1e-5
    )
    np.testing.assert_allclose(
        classifier.logits(IMAGES), model.predict(IMAGES, verbose=0), rtol=1e-4, atol=1e-4
    )


# Files


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
def test_saved_by_keras_3(tmp_path, suffix):
    file = tmp_path / f"model{suffix}"
    nested().save(file)
    assert_is_the_network(FrozenClassifier(load_model(file, trust=False)))


@pytest.fixture
def keras2():
    return pytest.importorskip("tf_keras", reason="the extra tf-keras is not installed")


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_keras_2_file_with_grouped_depthwise_convolutions(tmp_path, keras2):
    x = image(keras2)
    one = keras2.layers.DepthwiseConv2D(1, use_bias=False, depthwise_initializer="ones")
    model = keras2.Model(x, head(conv(keras2)(one(x)), "softmax", keras2))
    model.save(tmp_path / "old.h5")
    config = json.loads(h5py.File(tmp_path / "old.h5").attrs["model_config"])
    assert "groups" in json.dumps(config)
    loaded = load_model(tmp_path / "old.h5", trust=False)
    assert isinstance(loaded, keras.Model)
    assert_is_the_network(FrozenClassifier(loaded))


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_keras_2_file_that_keras_3_cannot_read(tmp_path, keras2):
    x = image(keras2)
    y = keras2.layers.Conv2D(4, 1, use_bias=False, activation="relu", name="mix")(x / 255.0)
    y = keras2.layers.GlobalAveragePooling2D()(y)
    model = keras2.Model(x, keras2.layers.Dense(CLASSES, activation="softmax")(y))
    model.set_weights([MIX[None, None] * 255, KERNEL, BIAS])
    model.save(tmp_path / "old.h5")
    loaded = load_model(tmp_path / "old.h5", trust=False)
    assert isinstance(loaded, keras2.Model)
    classifier = FrozenClassifier(loaded)
    assert_is_the_network(classifier)
    assert classifier.seen_range == pytest.approx((0, 1))
    assert classifier.end == "softmax"


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_fused_batch_normalisation_of_keras_2_is_folded(tmp_path, keras2):
    x = image(keras2)
    y = keras2.layers.Conv2D(4, 1, use_bias=False)(x)
    y = keras2.layers.BatchNormalization(moving_mean_initializer="ones")(y)
    model = keras2.Model(x, head(keras2.layers.ReLU()(y), k=keras2))
    classifier = FrozenClassifier(model)
    ops = [node.op for node in classifier.graph.nodes]
    assert "FusedBatchNormV3" not in ops and "Mul" not in ops
    np.testing.assert_allclose(classifier.logits(IMAGES), model(IMAGES), rtol=1e-4, atol=1e-4)


def test_saved_model_of_keras_3(tmp_path):
    nested().export(tmp_path / "saved", verbose=False)
    classifier = FrozenClassifier(load_model(tmp_path / "saved", trust=True))
    assert classifier.end == "softmax"
    assert_is_the_network(classifier)


def test_saved_model_of_a_subclassed_model(tmp_path):
    called(Subclassed).export(tmp_path / "saved", verbose=False)
    model = load_model(tmp_path / "saved", trust=True)
    assert_is_the_network(FrozenClassifier(model, image_size=SIZE))
    assert model.count_params() == MIX.size + KERNEL.size + BIAS.size


def test_saved_model_of_keras_2(tmp_path, keras2):
    nested(k=keras2).save(tmp_path / "saved", save_format="tf")
    assert_is_the_network(FrozenClassifier(load_model(tmp_path / "saved", trust=True)))


def test_a_scope_of_a_saved_model_names_its_map(tmp_path):
    nested().export(tmp_path / "saved", verbose=False)
    model = load_model(tmp_path / "saved", trust=True)
    found = FrozenClassifier(model).feature_layer
    assert "mix" in found
    scope = found.split("/")[-2]
    assert FrozenClassifier(model, scope).feature_layer == found
    with pytest.raises(ModelError, match=r"No feature layer 'top'; the last that would do: .*mix"):
        FrozenClassifier(model, "top")
