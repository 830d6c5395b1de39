from types import SimpleNamespace

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import layers

from audit.explainers import integrated_gradients
from audit.explainers.integrated_gradients import (
    BASELINES,
    FIRST,
    MOST,
    VARIANTS,
    IntegratedGradients,
    calibrate,
    completeness_error,
)
from audit.models.classifier import FrozenClassifier

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
    return FrozenClassifier(model)


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


# Completeness error


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
    explain = IntegratedGradients(curved, 5, baseline, batch_size=3)
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


# Nodes


def gradient_at(classifier, x, target):
    """A logit's gradient at one image ``(1, H, W, 3)``, by differences."""
    bump, gradient = 1.0, np.zeros_like(x[0])
    for index in np.ndindex(x[0].shape):
        up, down = x.copy(), x.copy()
        up[0][index] += bump
        down[0][index] -= bump
        both = np.asarray(classifier.logits(np.concatenate([up, down])))[:, target]
        gradient[index] = (both[0] - both[1]) / (2 * bump)
    return gradient


def reference(classifier, image, target, alphas, weights):
    """The weighted sum over a path from black, without TensorFlow's gradients."""
    nodes = zip(alphas, weights, strict=True)
    total = sum(w * gradient_at(classifier, np.float32(a) * image[None], target) for a, w in nodes)
    return (total * image).sum(axis=-1)


def test_a_rule_is_the_weighted_sum_of_gradients(curved):
    image = IMAGES[:1]
    found = IntegratedGradients(curved, 2)(image, np.array([1])).heatmaps[0]
    # u = 1/2 and 1: alpha = u^2, weights 2u/2, halved at the end
    expected = reference(curved, image[0], 1, [0.25, 1.0], [0.5, 0.5])
    np.testing.assert_allclose(found, expected, atol=0.02 * np.abs(expected).max())


def after(rules):
    """Enough after so many rules, whatever the heatmaps."""
    asked = {}

    def enough(index, heatmap, error):
        asked[index] = asked.get(index, 0) + 1
        return asked[index] >= rules[index]

    return enough


def test_earlier_gradients_are_reused(curved):
    many = IntegratedGradients(curved, batch_size=3)
    found = many(IMAGES[:3], TARGETS[:3], after([1, 2, 3]))
    assert found.nodes.tolist() == [4, 8, 16]
    for i, count in enumerate([4, 8, 16]):
        alone = IntegratedGradients(curved, count, batch_size=8)
        expected = alone(IMAGES[i : i + 1], TARGETS[i : i + 1]).heatmaps[0]
        scale = np.abs(expected).max()
        np.testing.assert_allclose(found.heatmaps[i], expected, atol=1e-5 * scale)


def test_each_gradient_is_taken_once(curved):
    explain = IntegratedGradients(curved, batch_size=4)
    replica = explain._replicas[0]
    sizes, along = [], replica.along
    replica.along = lambda tasks: sizes.append(len(tasks)) or along(tasks)
    found = explain(IMAGES[:3], TARGETS[:3], after([1, 3, 2]))
    assert sum(sizes) == found.nodes.sum() == 4 + 16 + 8
    assert all(size == 4 for size in sizes)  # calls are full though images leave


def test_a_fixed_number_of_steps_asks_nobody(curved):
    def never(index, heatmap, error):
        raise AssertionError

    assert IntegratedGradients(curved, 3)(IMAGES, TARGETS, never).nodes.tolist() == [3] * 4


def test_idgi_shares_each_step_out_by_the_squared_gradient(curved):
    image, target = IMAGES[:1], np.array([1])
    found = IntegratedGradients(curved, 3, variant="idgi")(image, target).heatmaps[0]
    logits = [float(curved.logits(a * image)[0, 1]) for a in (0, 0.25, 1)]
    expected = 0
    for alpha, change in zip((0, 0.25), np.diff(logits), strict=True):
        gradient = gradient_at(curved, np.float32(alpha) * image, 1)
        squared = (gradient**2).sum(axis=-1)
        expected = expected + change * squared / squared.sum()
    np.testing.assert_allclose(found, expected, atol=0.02 * np.abs(expected).max())


@pytest.mark.parametrize("steps", [2, 5])
def test_idgi_is_complete_whatever_the_steps(curved, steps):
    found = IntegratedGradients(curved, steps, variant="idgi", batch_size=3)(IMAGES, TARGETS)
    assert found.completeness_error.max() < 1e-4
    assert found.nodes.tolist() == [steps] * 4


@pytest.mark.parametrize("rules", [1, 2, 3, 6])
def test_idgi_starts_anew_with_twice_as_many_nodes(curved, rules):
    last = FIRST * 2 ** (rules - 1)
    image, target = IMAGES[:1], TARGETS[:1]
    found = IntegratedGradients(curved, variant="idgi", batch_size=8)(image, target, after([rules]))
    expected = IntegratedGradients(curved, last, variant="idgi")(image, target).heatmaps
    np.testing.assert_allclose(found.heatmaps, expected, atol=1e-5 * np.abs(expected).max())
    assert found.nodes[0] == 2 * last - FIRST


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_classs_explanation_does_not_depend_on_the_others_order(variant):
    order = np.array([2, 0, 1])
    maps = []
    for classes in (np.arange(3), order):
        keras.utils.set_random_seed(0)
        inputs = keras.Input((SIZE, SIZE, 3))
        features = layers.Flatten()(layers.Conv2D(4, 3, activation="gelu")(inputs / 255))
        end = layers.Dense(3, activation="softmax")
        model = keras.Model(inputs, end(features))
        end.set_weights([weights[..., classes] for weights in end.get_weights()])
        targets = np.argsort(classes)[TARGETS]
        explain = IntegratedGradients(FrozenClassifier(model), 5, variant=variant)
        maps.append(explain(IMAGES, targets).heatmaps)
    np.testing.assert_allclose(maps[0], maps[1], atol=1e-6 * np.abs(maps[0]).max())


def test_an_image_that_never_settles_ends(linear):
    found = IntegratedGradients(linear, batch_size=64)(IMAGES[:1], TARGETS[:1], lambda *_: False)
    assert found.nodes.tolist() == [MOST]


def test_without_a_judge_the_first_rule_will_do(linear):
    assert IntegratedGradients(linear)(IMAGES, TARGETS).nodes.tolist() == [FIRST] * 4


@given(st.permutations(range(4)), st.integers(1, 9))
@settings(max_examples=15, deadline=None)
def test_order_and_batch_size_change_nothing(order, batch_size):
    explain = EXPLAIN.setdefault("explain", IntegratedGradients(classifier_of(), 3))
    explain.batch_size = 4
    expected = explain(IMAGES, TARGETS)
    explain.batch_size = batch_size
    found = explain(IMAGES[order], TARGETS[order])
    scale = np.abs(expected.heatmaps).max()
    np.testing.assert_allclose(found.heatmaps, expected.heatmaps[order], atol=1e-5 * scale)


EXPLAIN = {}


def test_scaled_logits_scale_the_heatmaps():
    once, thrice = (classifier_of(layers.Rescaling(scale)) for scale in (1, 3))
    maps = [IntegratedGradients(c, 3)(IMAGES, TARGETS).heatmaps for c in (once, thrice)]
    np.testing.assert_allclose(maps[1], 3 * maps[0], rtol=1e-3, atol=1e-4 * maps[1].max())


def test_nothing_is_traced_twice(curved):
    explain = IntegratedGradients(curved, batch_size=4)
    for count in (1, 3, 4):
        explain(IMAGES[:count], TARGETS[:count], after([2] * count))
    assert explain._replicas[0].gradients.experimental_get_tracing_count() == 1


@pytest.mark.parametrize(("seconds", "expected"), [((0.06, 0.08), 6), ((0.03, 0.12), 3)])
def test_calibration_doubles_while_calls_get_cheaper(seconds, expected, monkeypatch):
    spent, now = dict(zip((3, 6), seconds, strict=True)), [0.0]
    clock = SimpleNamespace(perf_counter=lambda: now[0])
    monkeypatch.setattr(integrated_gradients, "time", clock)

    def gradients(batch):
        now[0] += spent[len(batch)]

    assert calibrate(gradients, IMAGES[0]) == expected


TWO_DEVICES = """
import numpy as np, tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
import test_integrated_gradients as t
classifier = t.classifier_of()
images, targets = t.IMAGES, t.TARGETS
one = t.IntegratedGradients(classifier, 5, batch_size=2)(images, targets)
both = t.IntegratedGradients(classifier, 5, batch_size=2, devices=["/CPU:0", "/CPU:1"])
used = []
for replica in both._replicas:
    along = replica.along
    replica.along = lambda tasks, a=along, r=replica: used.append(r._device) or a(tasks)
np.testing.assert_allclose(both(images, targets).heatmaps, one.heatmaps, rtol=1e-4, atol=1e-4)
assert sorted(set(used)) == ["/CPU:0", "/CPU:1"], used
graph = both._replicas[1].gradients.get_concrete_function().graph
placed = {node.device for node in graph.as_graph_def().node}
assert any("CPU:1" in device for device in placed), placed
print("both worked")
"""


def test_devices_share_the_calls(forks):
    done = forks.start(TWO_DEVICES)
    assert done.wait() == 0, done.err.read_text()[-2000:]
    assert "both worked" in done.out.read_text()
