import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from keras import layers

from audit.explain.integrated_gradients import (
    BASELINES,
    IntegratedGradients,
    completeness_error,
    midpoints,
)
from audit.models.classifier import Classifier

SIZE = 8
RNG = np.random.default_rng(0)
IMAGES = RNG.uniform(0, 255, (4, SIZE, SIZE, 3)).astype(np.float32)
TARGETS = np.array([0, 1, 2, 1])


def classifier_of(*hidden):
    """Conv features, the layers given, a dense end."""
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((SIZE, SIZE, 3)),
            layers.Rescaling(1 / 255),
            layers.Conv2D(4, 3, name="features"),
            *hidden,
            layers.Flatten(),
            layers.Dense(3, activation="softmax"),
        ]
    )
    return Classifier(model)


@pytest.fixture(scope="module")
def linear():
    return classifier_of()


@pytest.fixture(scope="module")
def curved():
    return classifier_of(layers.Activation("gelu"), layers.Conv2D(4, 3, activation="tanh"))


def gain(classifier, images, baselines, targets):
    rows = np.arange(len(images))
    return (
        np.asarray(classifier.logits(images))[rows, targets]
        - np.asarray(classifier.logits(baselines))[rows, targets]
    )


# Steps


def test_midpoints_lie_in_the_middle_of_equal_parts():
    np.testing.assert_allclose(midpoints(4), [0.125, 0.375, 0.625, 0.875])


@given(st.integers(1, 500))
def test_midpoints_are_symmetric(steps):
    np.testing.assert_allclose(midpoints(steps) + midpoints(steps)[::-1], 1, rtol=1e-6)


def test_completeness_error_is_relative_to_the_gain():
    heatmaps = np.array([[[1.0, 2.0]], [[-1.0, 0.0]], [[1.0, 1.0]]], np.float32)
    error = completeness_error(heatmaps, np.array([4, -2, 2], np.float32))
    np.testing.assert_allclose(error, [0.25, 0.5, 0])


def test_completeness_error_without_a_gain_is_finite():
    found = completeness_error(np.ones((1, 1, 1), np.float32), np.zeros(1, np.float32), eps=0.5)
    np.testing.assert_allclose(found, [2])


# Baselines


def test_black_baseline_is_black():
    assert BASELINES["black"](IMAGES).max() == 0


def test_mean_baseline_is_each_images_own_mean_colour():
    baselines = BASELINES["mean"](IMAGES)
    assert baselines.shape == IMAGES.shape
    for image, baseline in zip(IMAGES, baselines, strict=True):
        expected = np.broadcast_to(image.mean(axis=(0, 1)), image.shape)
        np.testing.assert_allclose(baseline, expected, rtol=1e-5)


def test_blurred_baseline_keeps_flat_colours_and_loses_detail():
    flat = np.full((1, 40, 40, 3), 70, np.float32)
    np.testing.assert_allclose(BASELINES["blurred"](flat), flat, rtol=1e-4)
    detailed = RNG.uniform(0, 255, (1, 40, 40, 3)).astype(np.float32)
    assert BASELINES["blurred"](detailed).std() < 0.2 * detailed.std()


@pytest.mark.parametrize("baseline", BASELINES)
def test_baselines_leave_the_images_as_they_were(baseline):
    before = IMAGES.copy()
    BASELINES[baseline](IMAGES)
    np.testing.assert_array_equal(IMAGES, before)


# Completeness


@pytest.mark.parametrize("baseline", BASELINES)
@pytest.mark.parametrize("steps", [1, 7])
def test_linear_model_is_attributed_exactly(linear, baseline, steps):
    found = IntegratedGradients(linear, steps, baseline)(IMAGES, TARGETS)
    baselines = BASELINES[baseline](IMAGES)
    np.testing.assert_allclose(
        found.heatmaps.sum(axis=(1, 2)), gain(linear, IMAGES, baselines, TARGETS), rtol=1e-3
    )
    assert found.completeness_error.max() < 1e-3


def test_linear_model_from_black_is_gradient_times_input(linear):
    found = IntegratedGradients(linear, 3, "black")(IMAGES, TARGETS)
    # The logit of a linear model is bias + gradient . x: one pixel's part is what it adds.
    image, y, x = IMAGES[:1], 3, 5
    without = image.copy()
    without[0, y, x] = 0
    added = gain(linear, image, without, TARGETS[:1])[0]
    assert found.heatmaps[0, y, x] == pytest.approx(added, rel=1e-3)


@pytest.mark.parametrize("baseline", BASELINES)
def test_more_steps_leave_less_error(curved, baseline):
    errors = [
        IntegratedGradients(curved, steps, baseline)(IMAGES, TARGETS).completeness_error.max()
        for steps in (2, 8, 64)
    ]
    assert errors[0] > errors[1] > errors[2]
    assert errors[2] < 0.01


def test_heatmaps_converge(curved):
    coarse, fine = (IntegratedGradients(curved, n, "black")(IMAGES, TARGETS) for n in (64, 256))
    np.testing.assert_allclose(
        coarse.heatmaps, fine.heatmaps, atol=0.01 * np.abs(fine.heatmaps).max()
    )


def test_an_image_like_its_baseline_gets_nothing(curved):
    black = np.zeros((1, SIZE, SIZE, 3), np.float32)
    found = IntegratedGradients(curved, 4, "black")(black, np.array([0]))
    assert np.abs(found.heatmaps).max() == 0
    assert found.completeness_error[0] == 0


def test_the_class_asked_for_is_explained(linear):
    explain = IntegratedGradients(linear, 2, "black")
    maps = [explain(IMAGES[:1], np.array([c])).heatmaps[0] for c in range(3)]
    gains = [gain(linear, IMAGES[:1], 0 * IMAGES[:1], [c])[0] for c in range(3)]
    np.testing.assert_allclose([m.sum() for m in maps], gains, rtol=1e-3)


@pytest.mark.parametrize("baseline", BASELINES)
def test_an_image_is_attributed_alike_in_any_batch(curved, baseline):
    explain = IntegratedGradients(curved, 5, baseline)
    together = explain(IMAGES, TARGETS)
    scale = np.abs(together.heatmaps).max()
    for i in range(len(IMAGES)):
        alone = explain(IMAGES[i : i + 1], TARGETS[i : i + 1])
        np.testing.assert_allclose(alone.heatmaps[0], together.heatmaps[i], atol=1e-5 * scale)


def test_heatmaps_are_signed_float32_of_the_images_size(curved):
    heatmaps = IntegratedGradients(curved, 2, "black")(IMAGES, TARGETS).heatmaps
    assert heatmaps.shape == (4, SIZE, SIZE)
    assert heatmaps.dtype == np.float32
    assert heatmaps.min() < 0 < heatmaps.max()
