"""Where Grad-CAM reads: behind most of the weights, on all branches."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from audit.core.errors import ModelError
from audit.explainers.gradcam import GradCAM
from audit.models.classifier import FrozenClassifier

SIZE = 16
RNG = np.random.default_rng(0)
IMAGES = RNG.uniform(0, 255, (3, SIZE, SIZE, 3)).astype(np.float32)
TARGETS = np.array([1, 0, 2])


def built(make):
    keras.utils.set_random_seed(0)
    x = keras.Input((SIZE, SIZE, 3))
    return keras.Model(x, make(layers.Rescaling(1 / 255, name="scale")(x)))


def tower(x, name, steps=2, width=4):
    for k in range(steps):
        x = layers.Conv2D(width, 3, strides=2, padding="same", activation="relu",
                          name=f"{name}{k}")(x)  # fmt: skip
    return x


def pooled(*maps):
    vectors = [layers.GlobalAveragePooling2D()(m) for m in maps]
    return layers.Concatenate()(vectors) if len(vectors) > 1 else vectors[0]


def classes(x):
    return layers.Dense(3, activation="softmax")(x)


def two_towers(steps=2):
    return built(lambda x: classes(pooled(tower(x, "a"), tower(x, "b", steps, 5))))


def transformer(x, blocks=2):
    x = layers.Conv2D(8, 4, strides=4, name="patches")(x)
    x = layers.Reshape((16, 8))(x)
    for _ in range(blocks):
        y = layers.LayerNormalization()(x)
        x = layers.Add()([x, layers.MultiHeadAttention(2, 4)(y, y)])
        x = layers.Add()([x, layers.Dense(8)(layers.Dense(16, activation="gelu")(x))])
    return classes(layers.GlobalAveragePooling1D()(x))


class Prefix(layers.Layer):
    """Tokens of no place before the others."""

    def __init__(self, count):
        super().__init__()
        self.count = count

    def build(self, shape):
        self.tokens = self.add_weight(shape=(1, self.count, shape[-1]), initializer="normal")

    def call(self, x):
        return tf.concat([tf.tile(self.tokens, (tf.shape(x)[0], 1, 1)), x], axis=1)


def with_prefix(x, count, blocks=3):
    """Read the first token alone, as of a class."""
    x = Prefix(count)(layers.Reshape((16, 8))(layers.Conv2D(8, 4, strides=4, name="patches")(x)))
    for k in range(blocks):
        y = layers.LayerNormalization()(x)
        x = layers.Add()([x, layers.MultiHeadAttention(2, 4)(y, y)])
        x = layers.Add(name=f"block{k}")([x, layers.Dense(8, activation="gelu")(x)])
    return classes(layers.LayerNormalization()(x)[:, 0])


def by_channel(x):
    """Mix places within each channel, whose order is then no grid any more."""
    x = layers.Permute((2, 1))(layers.Reshape((16, 8))(layers.Conv2D(8, 4, 4, name="patches")(x)))
    for _ in range(4):
        x = layers.Dense(12, activation="gelu")(x)
    return classes(layers.GlobalAveragePooling1D()(x))


def mixer(x):
    x = layers.Reshape((16, 8))(layers.Conv2D(8, 4, strides=4, name="patches")(x))
    for _ in range(2):
        y = layers.Dense(16)(layers.Dense(16, activation="gelu")(layers.Permute((2, 1))(x)))
        x = layers.Add()([x, layers.Permute((2, 1))(y)])
        x = layers.Add()([x, layers.Dense(8)(x)])
    return classes(layers.GlobalAveragePooling1D()(x))


# One late map


def dense_after_flatten(x):
    x = layers.Flatten()(tower(x, "conv"))
    for _ in range(3):
        x = layers.Dense(8, activation="relu")(x)
    return classes(x)


def network_in_network(x):
    x = layers.Conv2D(3, 1, name="a_map_a_class")(tower(x, "conv"))
    return layers.Softmax()(pooled(x))


def attention_head(x):
    x = layers.Reshape((-1, 4))(tower(x, "conv"))
    return classes(layers.GlobalAveragePooling1D()(layers.MultiHeadAttention(2, 4)(x, x)))


def windows(x):
    """Tokens in windows, laid out as a map again."""
    x = layers.Conv2D(8, 2, strides=2, name="patches")(x)
    y = layers.Permute((1, 3, 2, 4, 5))(layers.Reshape((2, 4, 2, 4, 8))(x))
    y = layers.Dense(8)(layers.Reshape((4, 16, 8))(y))
    y = layers.Permute((1, 3, 2, 4, 5))(layers.Reshape((2, 2, 4, 4, 8))(y))
    return classes(pooled(layers.Add(name="late")([x, layers.Reshape((8, 8, 8))(y)])))


def unnamed_end(x):
    """The last map is made by an operation, long after the last layer that is one way alone."""
    x = tower(x, "conv", 1)
    for k in range(2):
        y = layers.Conv2D(4, 3, padding="same", name=f"in{k}")(x)
        x = x + layers.Conv2D(4, 3, padding="same", name=f"out{k}")(y)
    return classes(pooled(x))


LATE = {
    "conv1": dense_after_flatten,
    "a_map_a_class": network_in_network,
    "conv1 ": attention_head,
    "late": windows,
}


@pytest.mark.parametrize("layer", LATE)
def test_the_last_map_behind_most_of_the_weights_is_read(layer):
    assert FrozenClassifier(built(LATE[layer])).feature_layer == layer.strip()


def test_a_late_operation_goes_before_an_early_layer():
    classifier = FrozenClassifier(built(unnamed_end))
    assert (classifier.cut.before, classifier.cut.steps) == (5, 5)


@pytest.mark.parametrize(("make", "steps"), [(transformer, 9), (mixer, 7)])
def test_tokens_that_are_pooled_are_a_map_on_their_grid(make, steps):
    classifier = FrozenClassifier(built(make))
    assert classifier.feature_shape == (4, 4, 8) and classifier.cut.whole
    assert (classifier.cut.before, classifier.cut.steps) == (steps, steps)
    tokens = np.asarray(classifier.features(IMAGES)).reshape(3, 16, 8)
    own = keras.Model(classifier.model.inputs, classifier.model.layers[-3].output)
    np.testing.assert_allclose(tokens, own(IMAGES), atol=1e-5)


@pytest.mark.parametrize("count", [1, 3])
def test_tokens_of_no_place_are_left_out_and_the_last_block_writes_nothing_that_is_read(count):
    classifier = FrozenClassifier(built(lambda x: with_prefix(x, count)))
    assert classifier.feature_layer == "block1" and classifier.feature_shape == (4, 4, 8)
    seen = {o.key: o for o in classifier.observations()}["feature-layer"]
    assert seen.strength == "fine" and f"{count} token" in seen.words
    np.testing.assert_allclose(
        np.asarray(classifier.head(classifier.features(IMAGES), IMAGES)),
        np.asarray(classifier.logits(IMAGES)),
        atol=1e-5,
    )


def test_the_gradient_by_tokens_is_what_finite_differences_say():
    classifier = FrozenClassifier(built(lambda x: with_prefix(x, 1)))
    found = classifier.feature_gradient(IMAGES, TARGETS)
    way = RNG.normal(size=found.features.shape).astype(np.float32)
    ends = [
        np.asarray(classifier.head(found.features + s * way, IMAGES))[np.arange(3), TARGETS]
        for s in (1e-2, -1e-2)
    ]
    expected = (found.gradients * way).sum(axis=(1, 2, 3))
    np.testing.assert_allclose((ends[0] - ends[1]) / 2e-2, expected, rtol=0.02, atol=1e-4)


def test_tokens_may_be_named_behind_the_last_block_too():
    classifier = FrozenClassifier(built(lambda x: with_prefix(x, 1)), "block2")
    assert classifier.feature_shape == (4, 4, 8)
    assert not classifier.feature_gradient(IMAGES).gradients.any()


def test_no_map_before_most_of_the_weights_is_read():
    with pytest.raises(ModelError) as error:
        FrozenClassifier(built(by_channel))
    assert str(error.value) == (
        "The model's last spatial feature map is patches, before 4 of 5 layers with "
        "weights: Grad-CAM there would show the picture, not what the model makes of it; to see it "
        "all the same, give --feature-layer patches."
    )


def test_an_early_map_that_was_asked_for_is_a_weak_observation():
    classifier = FrozenClassifier(built(by_channel), "patches")
    seen = {o.key: o for o in classifier.observations()}["feature-layer"]
    assert seen.strength == "weak"
    assert "Grad-CAM reads patches, behind 1 of 5 spatial layers with weights" in seen.words


def test_the_picture_itself_is_never_read():
    flat = built(lambda x: classes(layers.Dense(8)(layers.Flatten()(x))))
    with pytest.raises(ModelError, match="no 4-D feature map with H, W > 1 behind its first"):
        FrozenClassifier(flat)
    with pytest.raises(ModelError, match="No feature layer 'scale'; the last that would do: conv0"):
        FrozenClassifier(built(dense_after_flatten), "scale")


# Branches


def test_the_last_maps_of_all_branches_are_joined():
    model = two_towers()
    classifier = FrozenClassifier(model)
    assert classifier.feature_layer == "a1 + b1"
    assert classifier.feature_shape == (4, 4, 9)
    parts = keras.Model(model.input, [model.get_layer(n).output for n in ("a1", "b1")])
    features = np.concatenate(parts.predict(IMAGES, verbose=0), axis=-1)
    np.testing.assert_allclose(classifier.features(IMAGES), features, rtol=1e-4, atol=1e-6)
    logits = classifier.logits(IMAGES)
    np.testing.assert_allclose(classifier.head(features), logits, rtol=1e-4, atol=1e-5)
    answers = tf.nn.softmax(logits)
    np.testing.assert_allclose(answers, model.predict(IMAGES, verbose=0), rtol=1e-4, atol=1e-6)


def by_tape(model, names):
    """Grad-CAM of ``TARGETS`` on the joined maps of the layers ``names``, by hand."""
    dense = model.layers[-1]
    parts = keras.Model(model.input, [*(model.get_layer(n).output for n in names), dense.input])
    with tf.GradientTape() as tape:
        *maps, vector = parts(IMAGES)
        logits = vector @ dense.kernel + dense.bias
        score = tf.gather(logits, TARGETS, batch_dims=1)
    gradients = tape.gradient(score, maps)
    weights = [tf.reduce_mean(g, axis=(1, 2)) for g in gradients]
    each = [tf.einsum("nhwc,nc->nhw", m, w) for m, w in zip(maps, weights, strict=True)]
    return np.maximum(sum(each), 0)


def test_grad_cam_of_joined_maps_is_that_by_hand():
    model = two_towers()
    found = GradCAM(FrozenClassifier(model))(IMAGES, TARGETS).heatmaps
    np.testing.assert_allclose(found, by_tape(model, ["a1", "b1"]), rtol=1e-3, atol=1e-6)


def test_grad_cam_of_one_branch_is_that_by_hand_while_the_others_see_the_image():
    model = two_towers()
    classifier = FrozenClassifier(model, "b1")
    found = GradCAM(classifier)(IMAGES, TARGETS).heatmaps
    np.testing.assert_allclose(found, by_tape(model, ["b1"]), rtol=1e-3, atol=1e-6)
    seen = {o.key: o for o in classifier.observations()}["feature-layer"]
    assert seen.strength == "weak" and "reads the image by other paths" in seen.words


def test_joined_maps_can_be_asked_for():
    assert FrozenClassifier(two_towers(), "a1 + b1").feature_layer == "a1 + b1"


def test_joined_maps_have_an_untrained_form():
    classifier = FrozenClassifier(two_towers())
    other = classifier.untrained(0)
    assert other.features(IMAGES).shape == (3, 4, 4, 9)
    assert not np.allclose(other.logits(IMAGES), classifier.logits(IMAGES))


def test_maps_of_other_sizes_are_named_to_choose_from():
    model = two_towers(3)
    with pytest.raises(ModelError) as error:
        FrozenClassifier(model)
    assert str(error.value) == (
        "The model's head reads a1 (4x4x4), b2 (2x2x5), which cannot be joined to one feature "
        "map: choose the one that Grad-CAM shows with --feature-layer."
    )
    assert FrozenClassifier(model, "b2").feature_layer == "b2"


def test_a_way_past_all_maps_is_named():
    model = built(lambda x: classes(layers.Concatenate()([pooled(tower(x, "a")), pooled(x)])))
    with pytest.raises(ModelError, match=r"reads a1 \(4x4x4\), the image itself, which cannot"):
        FrozenClassifier(model)
