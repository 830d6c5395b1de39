import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from audit.explainers.gradcam import KINDS, GradCAM, channel_weights, pooled_gradients, weighted_sum
from audit.models.classifier import FrozenClassifier

SIZE = 8
RNG = np.random.default_rng(0)
IMAGES = RNG.uniform(0, 255, (5, SIZE, SIZE, 3)).astype(np.float32)


def model_with(make_head):
    keras.utils.set_random_seed(0)
    x = keras.Input((SIZE, SIZE, 3))
    features = layers.Conv2D(6, 3, 2, "same", activation="relu", name="features")(x)
    return keras.Model(x, make_head(features))


def pooled(features):
    return layers.Dense(4, activation="softmax", name="dense")(
        layers.GlobalAveragePooling2D()(features)
    )


@pytest.fixture(scope="module")
def classifier():
    return FrozenClassifier(model_with(pooled))


def test_weights_are_mean_gradients():
    gradients = np.array([[[[1.0, 0.0], [3.0, 4.0]]]])  # one image, a 1 x 2 map, two channels
    np.testing.assert_allclose(channel_weights(gradients), [[2, 2]])


def test_map_is_the_positive_part_of_the_weighted_sum():
    features = np.array([[[[1.0, 2.0], [3.0, 1.0]]]], np.float32)
    np.testing.assert_allclose(
        weighted_sum(features, np.array([[1.0, -1.0]], np.float32)), [[[0, 2]]]
    )


def test_pooling_and_a_dense_layer_have_a_closed_form(classifier):
    seen = GradCAM(classifier)(IMAGES)
    features = np.asarray(classifier.features(IMAGES))
    _, h, w, _ = features.shape
    # d logit_c / d feature = kernel[:, c] / (h w), everywhere alike
    kernel = classifier.model.get_layer("dense").get_weights()[0]
    weights = kernel[:, seen.targets].T / (h * w)
    expected = np.maximum(np.einsum("nhwc,nc->nhw", features, weights), 0)
    assert expected.max() > 0
    np.testing.assert_allclose(seen.heatmaps, expected, rtol=1e-4, atol=1e-6)


def test_the_predicted_class_is_explained(classifier):
    seen = GradCAM(classifier)(IMAGES)
    np.testing.assert_allclose(seen.logits, classifier.logits(IMAGES), rtol=1e-5)
    np.testing.assert_array_equal(seen.targets, seen.logits.argmax(axis=-1))


def test_maps_have_the_size_of_the_features(classifier):
    seen = GradCAM(classifier)(IMAGES)
    assert seen.heatmaps.shape == (5, 4, 4)
    assert seen.heatmaps.dtype == np.float32


def test_a_head_with_a_hidden_layer_has_the_gradient_of_finite_differences():
    def hidden(features):
        x = layers.Dense(5, activation="tanh")(layers.Flatten()(features))
        return layers.Dense(3)(x)

    classifier = FrozenClassifier(model_with(hidden), "features")
    image = IMAGES[:1] / 255  # small, so that tanh is not flat
    seen = GradCAM(classifier)(image)
    features, target = np.asarray(classifier.features(image)), seen.targets[0]
    weights, step = np.zeros(6), 1e-2
    for channel in range(6):
        # moving a whole channel by a step changes the logit by the sum of its gradients
        bump = np.zeros_like(features)
        bump[..., channel] = step
        up, down = (np.asarray(classifier.head(features + s * bump))[0, target] for s in (1, -1))
        weights[channel] = (up - down) / (2 * step) / 16
    expected = np.maximum(features[0] @ weights, 0)
    np.testing.assert_allclose(seen.heatmaps[0], expected, rtol=0.02, atol=1e-4)


def test_an_image_is_explained_alike_in_any_batch(classifier):
    explain = GradCAM(classifier)
    together = explain(IMAGES).heatmaps
    for i in range(len(IMAGES)):
        np.testing.assert_allclose(explain(IMAGES[i : i + 1]).heatmaps[0], together[i], rtol=1e-5)


def test_a_feature_that_speaks_against_the_class_is_not_shown():
    model = model_with(pooled)
    weights = [-np.ones((6, 4), np.float32), np.zeros(4, np.float32)]
    model.get_layer("dense").set_weights(weights)
    assert GradCAM(FrozenClassifier(model))(IMAGES).heatmaps.max() == 0


# Kin


@pytest.mark.parametrize("kind", KINDS)
def test_closed_form_equals_the_gradient(classifier, kind):
    by_kernel = GradCAM(classifier, kind)(IMAGES)
    by_gradient = GradCAM(classifier, kind, closed_form=False)(IMAGES)
    assert classifier.kernel is not None
    scale = by_gradient.heatmaps.max()
    np.testing.assert_allclose(by_kernel.heatmaps, by_gradient.heatmaps, atol=1e-5 * scale)


def test_pooled_gradients_are_the_kernels_columns():
    features = np.zeros((2, 2, 3, 1), np.float32)
    found = pooled_gradients(features, np.array([[6.0, 12.0]], np.float32), np.array([1, 0]))
    np.testing.assert_allclose(found.numpy().ravel(), [2, 1])  # over six positions


def test_hirescam_multiplies_at_each_place():
    features = np.array([[[[1.0, 2.0], [3.0, 1.0]]]], np.float32)
    gradients = np.array([[[[1.0, 1.0], [2.0, -7.0]]]], np.float32)
    np.testing.assert_allclose(KINDS["hirescam"](features, gradients), [[[3, 0]]])


def test_hirescam_is_gradcam_where_the_head_pools(classifier):
    a, b = (GradCAM(classifier, kind)(IMAGES).heatmaps for kind in ("gradcam", "hirescam"))
    np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


def test_gradcam_plus_plus_weighs_by_positive_gradients():
    features = np.array([[[[1.0], [3.0]]]], np.float32)
    gradients = np.array([[[[2.0], [-1.0]]]], np.float32)
    # alpha = g^2 / (2 g^2 + sum(A) g^3): 4 / (8 + 4 * 8) = 0.1; the negative gradient adds none
    expected = 0.1 * 2 * features[..., 0]
    found = KINDS["gradcam++"](tf.constant(features), tf.constant(gradients))
    np.testing.assert_allclose(found, expected, rtol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_a_class_is_explained_whatever_the_order_of_the_others(kind):
    kernel = RNG.normal(size=(6, 4)).astype(np.float32)
    order = [2, 0, 3, 1]
    maps = []
    for columns in (range(4), order):
        model = model_with(pooled)
        model.get_layer("dense").set_weights([kernel[:, columns], np.zeros(4, np.float32)])
        explain = GradCAM(FrozenClassifier(model), kind, closed_form=False)
        index = list(columns).index(3)
        maps.append(explain(IMAGES, np.full(len(IMAGES), index)).heatmaps)
    np.testing.assert_allclose(maps[0], maps[1], rtol=1e-5, atol=1e-7)


def test_targets_can_be_chosen(classifier):
    targets = np.array([3, 1, 0, 2, 1])
    found = GradCAM(classifier)(IMAGES, targets)
    np.testing.assert_array_equal(found.targets, targets)
    features = np.asarray(classifier.features(IMAGES))
    weights = classifier.kernel[:, targets].T / 16
    expected = np.maximum(np.einsum("nhwc,nc->nhw", features, weights), 0)
    np.testing.assert_allclose(found.heatmaps, expected, rtol=1e-4, atol=1e-6)
