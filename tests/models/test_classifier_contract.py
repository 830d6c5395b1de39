"""What every classifier keeps to, whatever it is made of."""

import importlib.util

import keras
import numpy as np
import pytest

from audit.core.errors import ModelError
from audit.core.registries import JUDGED
from audit.explainers.over_views import grad_cam, integrated_gradients
from audit.models.answering.model import Function
from audit.models.classify import classify

SIDE = 32
needs_torch = pytest.mark.skipif(
    importlib.util.find_spec("torch") is None, reason="PyTorch is missing: '.[torch]' has it"
)


def of_keras(_):
    keras.utils.set_random_seed(0)
    x = keras.Input((SIDE, SIDE, 3))
    seen = keras.layers.Conv2D(8, 5, 2, activation="swish")(keras.layers.Rescaling(1 / 255)(x))
    pooled = keras.layers.GlobalAveragePooling2D()(seen)
    model = keras.Model(x, keras.layers.Dense(3)(pooled))
    return model, lambda images: np.asarray(model(images)), "0..255"


def of_torch(kind):
    def make(folder):
        import torch
        import torchnets

        from audit.models.load import load_model

        module = torchnets.seeded(getattr(torchnets, kind))
        file = torchnets.exported(module, folder / f"{kind}.pt2")

        def own(images):
            given = torch.from_numpy(images / 127.5 - 1).permute(0, 3, 1, 2)
            return module(given).detach().numpy()

        from audit.models.pytorch.model import TorchModel

        model = load_model(file, trust=True) if make.exported else TorchModel(module, kind)
        return model, own, "-1..1"

    make.exported = kind == "Residual"
    return make


def of_torchscript(folder):
    import torch
    import torchnets

    from audit.models.load import load_model

    module = torchnets.residual()
    torch.jit.save(torch.jit.script(module), str(folder / "net.pt"))

    def own(images):
        given = torch.from_numpy(images / 127.5 - 1).permute(0, 3, 1, 2)
        return module(given).detach().numpy()

    return load_model(folder / "net.pt", trust=True), own, "-1..1"


def of_function(folder):
    _, own, scaling = of_keras(folder)

    def whole(images):
        return own(images.astype(np.float32))

    return Function(whole, SIDE), whole, scaling


MAKERS = {
    "keras": of_keras,
    "function": of_function,
    "exported": pytest.param(of_torch("Residual"), marks=needs_torch),
    "tokens": pytest.param(of_torch("Transformer"), marks=needs_torch),
    "channels last": pytest.param(of_torch("Last"), marks=needs_torch),
    "torchscript": pytest.param(of_torchscript, marks=needs_torch),
}


@pytest.fixture(scope="module", params=list(MAKERS.values()), ids=list(MAKERS))
def made(request, tmp_path_factory):
    model, own, scaling = request.param(tmp_path_factory.mktemp("model"))
    return classify(model, None, None if scaling == "0..255" else SIDE, scaling), own


def having(made, key):
    """Return what can be asked for what an explainer needs; skip otherwise."""
    if key in made[0].lacks:
        pytest.skip(made[0].lacks[key])
    return made


@pytest.fixture(scope="module")
def inside(made):
    return having(made, "gradcam")


@pytest.fixture(scope="module")
def differentiable(made):
    return having(made, "ig")


@pytest.fixture(scope="module")
def images():
    random = np.random.default_rng(1)
    return random.integers(0, 256, (5, SIDE, SIDE, 3)).astype(np.float32)


def test_what_it_lacks_it_says_and_refuses(made, images):
    classifier, _ = made
    assert set(classifier.lacks) in (set(), {"gradcam"}, set(JUDGED))
    if not classifier.lacks:
        assert len(classifier.feature_shape) == 3 and classifier.feature_layer
        return
    assert not classifier.feature_layer and not classifier.feature_shape
    asked = {
        "gradcam": (
            lambda: classifier.features(images),
            lambda: classifier.feature_gradient(images),
            lambda: classifier.untrained(seed=1),
            lambda: classifier.with_head(np.zeros((1, 3), np.float32), np.zeros(3, np.float32)),
        ),
        "ig": (lambda: classifier.gradient(images, np.zeros(5, np.int64)),),
    }
    for key, why in classifier.lacks.items():
        for ask in asked[key]:
            with pytest.raises(ModelError, match=f" to look at: {why}.$"):
                ask()


def test_without_feature_maps_class_activation_maps_are_undefined(made, images):
    classifier, own = made
    if "gradcam" not in classifier.lacks:
        pytest.skip("it has feature maps")
    seen = grad_cam(classifier)(images)
    np.testing.assert_allclose(seen.logits, own(images), atol=2e-5)
    np.testing.assert_array_equal(seen.targets, seen.logits.argmax(axis=1))
    assert np.isnan(seen.heatmaps).all()


def test_without_gradients_integrated_gradients_are_undefined(made, images):
    classifier, _ = made
    if "ig" not in classifier.lacks:
        pytest.skip("it has gradients")
    found = integrated_gradients(classifier)(images, np.zeros(5, np.int64))
    assert np.isnan(found.heatmaps).all() and found.heatmaps.shape == images.shape[:3]
    assert np.isnan(found.completeness_error).all() and not found.nodes.any()


def test_logits_are_those_of_the_framework_itself(made, images):
    classifier, own = made
    np.testing.assert_allclose(np.asarray(classifier.logits(images)), own(images), atol=2e-5)


def test_the_gradient_is_what_finite_differences_say(differentiable, images):
    classifier, _ = differentiable
    targets = np.arange(5) % 3
    gradients, logits = classifier.gradient(images, targets)
    way = np.random.default_rng(2).normal(size=images.shape).astype(np.float32)
    ends = (np.asarray(classifier.logits(images + s * way)) for s in (0.5, -0.5))
    after, before = (end[np.arange(5), targets] for end in ends)
    expected = (gradients * way).sum(axis=(1, 2, 3))
    np.testing.assert_allclose(after - before, expected, atol=0.02 * np.abs(expected).max() + 1e-5)
    np.testing.assert_allclose(logits, np.asarray(classifier.logits(images)), atol=1e-5)


def test_class_activation_maps_are_made_of_the_feature_gradient(inside, images):
    classifier, _ = inside
    found = classifier.feature_gradient(images)
    weights = found.gradients.mean(axis=(1, 2))
    expected = np.maximum(np.einsum("nhwc,nc->nhw", found.features, weights), 0)
    explained = grad_cam(classifier)(images)
    np.testing.assert_allclose(explained.heatmaps, expected, atol=1e-5 * expected.max())
    np.testing.assert_array_equal(found.targets, np.asarray(classifier.logits(images)).argmax(1))
    np.testing.assert_allclose(found.features, np.asarray(classifier.features(images)), atol=1e-5)


def test_integrated_gradients_add_up_to_what_the_logit_gains(differentiable, images):
    classifier, _ = differentiable
    found = integrated_gradients(classifier, 64)(images, np.arange(5) % 3)
    gained = np.abs(found.heatmaps.sum(axis=(1, 2)) - found.gains)
    assert (gained <= 0.02 * np.abs(found.gains) + 1e-3).all()


def test_neither_batch_nor_order_changes_an_answer(made, images):
    classifier, _ = made
    together = np.asarray(classifier.logits(images))
    alone = np.concatenate([np.asarray(classifier.logits(image[None])) for image in images[::-1]])
    np.testing.assert_allclose(alone[::-1], together, atol=1e-5)


def test_weights_drawn_anew_answer_otherwise_and_leave_its_own(inside, images):
    classifier, own = inside
    other = classifier.untrained(seed=1)
    assert not np.allclose(np.asarray(other.logits(images)), own(images), atol=1e-3)
    np.testing.assert_array_equal(
        np.asarray(other.logits(images)), np.asarray(classifier.untrained(seed=1).logits(images))
    )
    np.testing.assert_allclose(np.asarray(classifier.logits(images)), own(images), atol=2e-5)


def test_another_head_reads_the_same_pooled_features(inside, images):
    classifier, _ = inside
    kernel = np.random.default_rng(3).normal(size=(classifier.feature_shape[-1], 4))
    other = classifier.with_head(kernel.astype(np.float32), np.arange(4, dtype=np.float32))
    pooled = np.asarray(classifier.features(images)).mean(axis=(1, 2))
    expected = pooled @ kernel + np.arange(4)
    np.testing.assert_allclose(np.asarray(other.logits(images)), expected, atol=1e-4)
    explained = grad_cam(other)(images, np.full(5, 3))
    assert explained.logits.shape == (5, 4) and (explained.heatmaps >= 0).all()
