import keras
import numpy as np
import pytest
from keras import layers

from audit.explainers.gradcam import KINDS, GradCAM
from audit.explainers.integrated_gradients import BASELINES, IntegratedGradients
from audit.explainers.over_views import grad_cam, integrated_gradients
from audit.models.averaged import Averaged
from audit.models.classifier import FrozenClassifier
from audit.models.views import View, draw_views

SIZE = 8
IMAGES = np.random.default_rng(0).uniform(0, 255, (5, SIZE, SIZE, 3)).astype(np.float32)
TARGETS = np.array([0, 1, 2, 1, 0])
MIRROR = [View(), View(mirrored=True)]


def model(*head, kernel=3):
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [
            keras.Input((SIZE, SIZE, 3)),
            layers.Rescaling(1 / 255),
            layers.Conv2D(4, kernel, activation="gelu", name="features"),
            *head,
            layers.Dense(3, activation="softmax"),
        ]
    )


@pytest.fixture(scope="module")
def sided():
    """Every place has its own weights: an image and its mirror image differ."""
    return FrozenClassifier(model(layers.Flatten()))


@pytest.fixture(scope="module")
def blind_to_sides():
    """Pixel by pixel, then pooled: an image and its mirror image are the same to it."""
    return FrozenClassifier(model(layers.GlobalAveragePooling2D(), kernel=1))


def mirrored(heatmaps):
    return heatmaps[:, :, ::-1]


def test_one_view_has_the_plain_explainers(sided):
    assert type(grad_cam(sided)) is GradCAM
    assert type(integrated_gradients(sided)) is IntegratedGradients


# Grad-CAM


@pytest.mark.parametrize("kind", KINDS)
def test_maps_of_a_mirrored_view_come_back_mirrored(sided, kind):
    seen = grad_cam(Averaged(sided, [View(mirrored=True)]), kind)(IMAGES, TARGETS)
    plain = GradCAM(sided, kind)(np.ascontiguousarray(IMAGES[:, :, ::-1]), TARGETS)
    assert plain.heatmaps.max() > 0
    np.testing.assert_allclose(seen.heatmaps, mirrored(plain.heatmaps), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_who_sees_no_sides_gets_the_same_maps(blind_to_sides, kind):
    averaged = grad_cam(Averaged(blind_to_sides, MIRROR), kind)(IMAGES, TARGETS)
    plain = GradCAM(blind_to_sides, kind)(IMAGES, TARGETS)
    np.testing.assert_allclose(averaged.heatmaps, plain.heatmaps, rtol=1e-4, atol=1e-6)


def test_maps_are_the_mean_over_views(sided):
    both = grad_cam(Averaged(sided, MIRROR))(IMAGES, TARGETS).heatmaps
    each = [grad_cam(Averaged(sided, [view]))(IMAGES, TARGETS).heatmaps for view in MIRROR]
    assert not np.allclose(each[0], each[1], rtol=0.1)
    np.testing.assert_allclose(both, np.mean(each, axis=0), rtol=1e-4, atol=1e-6)


def test_places_count_the_views_that_see_them_alone(blind_to_sides):
    # Alike everywhere, so each map is flat: unseen places would be darker if they counted.
    grey = np.full((1, SIZE, SIZE, 3), 200, np.float32)
    views = [View(), View(left=0.5, top=0.25, side=0.5)]
    targets = GradCAM(blind_to_sides)(grey).targets
    plain = GradCAM(blind_to_sides)(grey, targets).heatmaps
    assert plain.min() > 0
    averaged = grad_cam(Averaged(blind_to_sides, views))(grey, targets).heatmaps
    np.testing.assert_allclose(averaged, plain, rtol=1e-4)


def test_the_class_is_that_of_the_averaged_prediction(sided):
    averaged = Averaged(sided, draw_views(4, seed=0))
    seen = grad_cam(averaged)(IMAGES)
    np.testing.assert_allclose(seen.logits, averaged.logits(IMAGES), rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(seen.targets, seen.logits.argmax(axis=1))
    asked = grad_cam(averaged)(IMAGES, seen.targets)
    np.testing.assert_allclose(asked.heatmaps, seen.heatmaps, rtol=1e-5, atol=1e-7)


# Integrated Gradients


def gains(classifier, views, images=IMAGES, targets=TARGETS):
    """What the views' logits gain over black, in the mean."""
    rows = np.arange(len(images))
    black = np.asarray(classifier.logits(np.zeros_like(images)))[rows, targets]
    return np.mean(
        [np.asarray(classifier.logits(v.show(images)))[rows, targets] - black for v in views],
        axis=0,
    )


def test_attributions_of_a_mirrored_view_come_back_mirrored(sided):
    found = integrated_gradients(Averaged(sided, [View(mirrored=True)]), 8)(IMAGES, TARGETS)
    plain = IntegratedGradients(sided, 8)(np.ascontiguousarray(IMAGES[:, :, ::-1]), TARGETS)
    np.testing.assert_array_equal(found.heatmaps, mirrored(plain.heatmaps))


def test_who_sees_no_sides_gets_the_same_attributions(blind_to_sides):
    averaged = integrated_gradients(Averaged(blind_to_sides, MIRROR), 8)(IMAGES, TARGETS)
    plain = IntegratedGradients(blind_to_sides, 8)(IMAGES, TARGETS)
    np.testing.assert_allclose(averaged.heatmaps, plain.heatmaps, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("views", [MIRROR, draw_views(5, seed=0)], ids=["mirror", "crops"])
def test_attributions_add_up_to_the_mean_gain(sided, views):
    found = integrated_gradients(Averaged(sided, views), 64)(IMAGES, TARGETS)
    expected = gains(sided, views)
    np.testing.assert_allclose(found.gains, expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(found.heatmaps.sum(axis=(1, 2)), expected, rtol=5e-3, atol=1e-3)
    error = np.abs(found.heatmaps.sum(axis=(1, 2)) - found.gains) / np.abs(found.gains)
    np.testing.assert_allclose(found.completeness_error, error, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("baseline", BASELINES)
def test_paths_begin_at_each_views_own_baseline(sided, baseline):
    averaged = Averaged(sided, draw_views(3, seed=0))
    found = integrated_gradients(averaged, 64, baseline)(IMAGES, TARGETS)
    shown = [BASELINES[baseline](np.ascontiguousarray(v.show(IMAGES))) for v in averaged.views]
    rows = np.arange(len(IMAGES))
    start = np.mean([np.asarray(sided.logits(s))[rows, TARGETS] for s in shown], axis=0)
    black = np.asarray(sided.logits(np.zeros_like(IMAGES)))[rows, TARGETS]
    expected = gains(sided, averaged.views) + black - start
    np.testing.assert_allclose(found.gains, expected, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(found.heatmaps.sum(axis=(1, 2)), expected, rtol=5e-3, atol=1e-3)


def test_gradients_of_all_views_are_counted(sided):
    found = integrated_gradients(Averaged(sided, draw_views(3, seed=0)), 8)(IMAGES, TARGETS)
    np.testing.assert_array_equal(found.nodes, [24] * 5)


def test_enough_is_asked_for_each_view_in_the_images_geometry(sided):
    views = draw_views(3, seed=0)
    asked = {}

    def enough(index, heatmap, error):
        asked[index] = heatmap
        return True

    found = integrated_gradients(Averaged(sided, views))(IMAGES, TARGETS, enough)
    assert sorted(asked) == list(range(3 * 5))
    by_view = np.stack([asked[k] for k in range(15)]).reshape(3, 5, SIZE, SIZE)
    np.testing.assert_allclose(by_view.mean(axis=0), found.heatmaps, rtol=1e-4, atol=1e-6)
