"""One backbone of every family: what it reads, its blocks, its files, and that it can be cut."""

import functools

import keras
import numpy as np
import pytest
from keras.applications.imagenet_utils import preprocess_input
from keras.src.applications.convnext import ConvNeXt  # of any depth; public are its sizes alone
from keras.src.applications.efficientnet_v2 import EfficientNetV2

from audit.core.errors import ModelError
from audit.models.backbones import build_backbone
from audit.models.catalogue import CATALOGUE
from audit.models.classifier import FrozenClassifier
from audit.models.load import load_model
from audit.training.blocks import blocks, last_blocks

SIZE = 64
RNG = np.random.default_rng(0)
IMAGES = RNG.uniform(0, 255, (2, SIZE, SIZE, 3)).astype(np.float32)


def half_range(x):
    return x / 128 - 1


READS = {
    "efficientnetb0": functools.partial(preprocess_input, mode="torch"),
    "efficientnetv2-b0": functools.partial(preprocess_input, mode="torch"),
    "efficientnetv2-s": half_range,
    "convnext-tiny": functools.partial(preprocess_input, mode="torch"),
    "resnet50": functools.partial(preprocess_input, mode="caffe"),
    "mobilenetv3-small": functools.partial(preprocess_input, mode="tf"),
    "regnetx-002": lambda x: x / 255,
    "regnety-002": lambda x: x / 255,
    "efficientnet-lite0": lambda x: (x - 127) / 128,
}
# the first block's first weights, the last block's last convolution, number of blocks
BLOCKS = {
    "efficientnetb0": ("block1a_dwconv", "top_conv", 16),
    "efficientnetv2-b0": ("block1a_project_conv", "top_conv", 21),
    "convnext-tiny": (
        "convnext_tiny_stage_0_block_0_depthwise_conv",
        "convnext_tiny_stage_3_block_2_pointwise_conv_2",
        3 + 3 + 9 + 3,
    ),
    "resnet50": ("conv2_block1_1_conv", "conv5_block3_3_conv", 3 + 4 + 6 + 3),
    "mobilenetv3-small": ("expanded_conv_depthwise", "conv_1", 11),
    "regnetx-002": (
        "regnetx002_Stage_0_XBlock_0_conv_1x1_1",
        "regnetx002_Stage_3_XBlock_6_conv_1x1_2",
        1 + 1 + 4 + 7,
    ),
    "regnety-002": (
        "regnety002_Stage_0_YBlock_0_conv_1x1_1",
        "regnety002_Stage_3_YBlock_6_conv_1x1_2",
        1 + 1 + 4 + 7,
    ),
    "efficientnet-lite0": ("block0_depth_conv", "top_conv", 16),
}
readings = pytest.mark.parametrize("name", READS)
families = pytest.mark.parametrize("name", BLOCKS)


@functools.cache
def drawn(name):
    """The backbone with weights of which each counts in what it answers."""
    keras.utils.set_random_seed(0)
    return weighed(build_backbone(name, "random", SIZE))


def shallow(name):
    """The backbone with a block of each kind, where all of them would take half a minute."""
    keras.utils.set_random_seed(0)
    given = {"include_top": False, "weights": None, "input_shape": (SIZE, SIZE, 3)}
    if name == "convnext-tiny":
        widths = {"depths": (1, 1, 1, 1), "projection_dims": (24, 48, 96, 192)}
        return weighed(ConvNeXt(**widths, name="convnext_tiny", **given))
    if name == "efficientnetv2-b0":
        depths = {"width_coefficient": 1, "depth_coefficient": 0.1, "default_size": SIZE}
        return weighed(EfficientNetV2(**depths, name=name, **given))
    return drawn(name)


def weighed(backbone):
    for weight in backbone.weights:
        if weight.name != "kernel" and "normalization" not in weight.path.split("/")[0]:
            weight.assign(RNG.uniform(0.5, 1.5, weight.shape))
    return backbone


def same(found, expected):
    """Equal but for what rounding makes of the largest values on their way."""
    np.testing.assert_allclose(found, expected, atol=1e-3 * np.abs(expected).max())


def prepared(backbone):
    """The backbone up to where its preprocessing ends."""
    own = (keras.layers.InputLayer, keras.layers.Rescaling, keras.layers.Normalization)
    first = next(
        layer
        for layer in backbone.layers
        if not isinstance(layer, own) and type(layer).__name__ != "Flip"
    )
    return keras.Model(backbone.input, first.input)


@readings
def test_reads_0_to_255_as_its_imagenet_weights_want_it(name):
    read = prepared(drawn(name))(IMAGES)
    np.testing.assert_allclose(read, READS[name](IMAGES.copy()), rtol=1e-4, atol=1e-4)


@readings
def test_has_the_number_of_weights_in_the_catalogue(name):
    assert drawn(name).count_params() == CATALOGUE[name].parameters


@families
def test_blocks_hold_all_weights_but_the_stems(name):
    backbone, (_, _, count) = drawn(name), BLOCKS[name]
    found = blocks(backbone)
    own = {id(layer) for block in found for layer in block}
    weighed = [layer for layer in backbone.layers if layer.weights]
    outside = [layer for layer in weighed if id(layer) not in own]
    assert all("stem" in x.name or x.name.startswith(("conv", "normal")) for x in outside)
    assert sum(layer.count_params() for layer in outside) < 20_000
    assert len(found) == count
    assert all(any(layer.weights for layer in block) for block in found)


@families
def test_blocks_go_from_input_to_output(name):
    backbone, (first, last, _) = drawn(name), BLOCKS[name]
    found = blocks(backbone)
    assert first in [layer.name for layer in found[0]]
    assert last in [layer.name for layer in found[-1]]
    indices = [backbone.layers.index(layer) for block in found for layer in block]
    assert indices == sorted(set(indices))
    assert last_blocks(backbone, 2) == found[-2] + found[-1]


# test_backbones.py does this for EfficientNetB0; ResNet50 and RegNetX have no layer that RegNetY
# lacks.
ALIKE = ("efficientnetb0", "resnet50", "regnetx-002")


@pytest.mark.parametrize("name", [name for name in BLOCKS if name not in ALIKE])
def test_saved_it_loads_in_safe_mode_and_can_be_cut(name, tmp_path):
    backbone = shallow(name)
    x = keras.Input((SIZE, SIZE, 3))
    pooled = keras.layers.GlobalAveragePooling2D()(backbone(x))
    model = keras.Model(x, keras.layers.Dense(3)(pooled))
    model.save(tmp_path / "model.keras")
    classifier = FrozenClassifier(load_model(tmp_path / "model.keras", trust=False))
    path = f"{backbone.name}/{backbone.layers[-1].name}"
    assert classifier.feature_layer == path
    assert classifier.kernel is not None
    maps, logits = (np.asarray(m(IMAGES, training=False)) for m in (backbone, model))
    same(classifier.features(IMAGES), maps)
    same(classifier.head(maps), logits)
    assert np.ptp(maps) > 0.1


# Blocks


def test_halving_of_convnext_belongs_to_the_block_after_it():
    names = [layer.name for layer in blocks(drawn("convnext-tiny"))[3]]
    assert names[:2] == [
        "convnext_tiny_downsampling_block_0",
        "convnext_tiny_stage_1_block_0_depthwise_conv",
    ]


def test_no_blocks_are_no_layers():
    assert last_blocks(drawn("efficientnet-lite0"), 0) == []


def test_more_blocks_than_there_are_is_refused():
    message = r"^efficientnet_lite0 has 16 blocks, not 17: ask for fewer\.$"
    with pytest.raises(ModelError, match=message):
        last_blocks(drawn("efficientnet-lite0"), 17)


# ResNet50's preprocessing is put before Keras' model here


def test_resnet50_is_that_of_keras_on_preprocessed_images():
    plain = keras.applications.ResNet50(
        include_top=False, weights=None, input_shape=(SIZE, SIZE, 3)
    )
    plain.set_weights(drawn("resnet50").get_weights())
    expected = plain(keras.applications.resnet.preprocess_input(IMAGES.copy()), training=False)
    maps = drawn("resnet50")(IMAGES, training=False)
    same(np.asarray(maps), np.asarray(expected))
