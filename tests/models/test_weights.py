"""Weights of backbones: downloaded, from files of Keras 2 and 3, missing, torn or another's."""

import hashlib

import numpy as np
import pytest
from keras.src.applications import efficientnet, mobilenet_v3
from keras.src.backend import config as keras_config

from audit.errors import ModelError
from audit.models import regnet
from audit.models.backbones import build_backbone

SIZE = 64
RNG = np.random.default_rng(0)
IMAGES = RNG.uniform(0, 255, (2, SIZE, SIZE, 3)).astype(np.float32)


@pytest.fixture
def keras_2():
    return pytest.importorskip("tf_keras").applications


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty folder where Keras keeps what it downloads."""
    (tmp_path / "keras").mkdir()
    monkeypatch.setattr(keras_config, "_KERAS_DIR", str(tmp_path / "keras"))
    return tmp_path / "keras" / "models"


def draw(model):
    """Draw all weights anew, so that each counts."""
    for weight in model.weights:
        if "kernel" not in weight.name and "normalization" not in weight.name:
            weight.assign(RNG.uniform(0.5, 1.5, weight.shape))
    return model


def answer(model):
    return model.predict(IMAGES, verbose=0)


def same(found, expected):
    np.testing.assert_allclose(found, expected, atol=1e-4 * np.abs(expected).max())
    assert np.ptp(expected) > 0.1


def digest(file):
    return hashlib.sha256(file.read_bytes()).hexdigest()


# Files


def test_own_weights_come_back(tmp_path):
    file = tmp_path / "own.weights.h5"
    made = draw(build_backbone("mobilenetv3-small", "random", SIZE))
    made.save_weights(file)
    same(answer(build_backbone("mobilenetv3-small", str(file), SIZE)), answer(made))


def test_efficientnetb0s_own_weights_come_back(tmp_path):
    file = tmp_path / "own.weights.h5"
    made = build_backbone("efficientnetb0", "random", SIZE)
    made.save_weights(file)
    found = build_backbone("efficientnetb0", str(file), SIZE).get_weights()
    assert all(np.array_equal(a, b) for a, b in zip(found, made.get_weights(), strict=True))


@pytest.mark.parametrize("variant", ["x002", "y002"])
def test_regnet_is_that_of_keras_2(keras_2, tmp_path, variant):
    old = getattr(keras_2.regnet, f"RegNet{variant.upper()}")(
        include_top=False, weights=None, input_shape=(SIZE, SIZE, 3)
    )
    draw(old).save_weights(tmp_path / "old.h5")
    name = f"regnet{variant[0]}-{variant[1:]}"
    same(answer(build_backbone(name, str(tmp_path / "old.h5"), SIZE)), answer(old))


def test_every_regnet_has_the_form_and_the_files_of_keras_2(keras_2):
    from tf_keras.src.applications import regnet as theirs

    forms = {
        name: (tuple(form["depths"]), tuple(form["widths"]), form["group_width"])
        for name, form in theirs.MODEL_CONFIGS.items()
    }
    assert forms == regnet.VARIANTS
    assert {name: pair[1] for name, pair in theirs.WEIGHTS_HASHES.items()} == regnet.HASHES
    assert regnet.BASE_URL == theirs.BASE_WEIGHTS_PATH


def test_missing_file_is_named():
    with pytest.raises(ModelError, match=r"^No weights file none\.h5\.$"):
        build_backbone("resnet50", "none.h5")


@pytest.mark.parametrize("suffix", [".weights.h5", ".h5"])
def test_torn_file_is_one_line(tmp_path, suffix):
    file = tmp_path / f"torn{suffix}"
    file.write_bytes(b"torn")
    with pytest.raises(ModelError, match=r"torn.*is it whole\?") as e:
        build_backbone("efficientnet-lite0", str(file), SIZE)
    assert "\n" not in str(e.value) and str(file) in str(e.value)


def test_weights_of_another_backbone_are_refused(tmp_path, keras_2):
    build_backbone("efficientnet-lite0", "random", SIZE).save_weights(tmp_path / "a.weights.h5")
    keras_2.MobileNetV3Small(
        include_top=False, weights=None, input_shape=(SIZE, SIZE, 3)
    ).save_weights(tmp_path / "b.h5")
    for file, name in (("a.weights.h5", "mobilenetv3-small"), ("b.h5", "efficientnet-lite0")):
        with pytest.raises(ModelError, match=f"are not those of {name} without a top: ") as error:
            build_backbone(name, str(tmp_path / file), SIZE)
        assert "\n" not in str(error.value)


# Downloads, from a folder


def test_efficientnetb0_is_the_same_by_download_and_by_file(keras_2, tmp_path, monkeypatch, cache):
    old = keras_2.EfficientNetB0(include_top=False, weights=None, input_shape=(SIZE, SIZE, 3))
    (normalisation,) = (x for x in old.layers if x.name.startswith("normalization"))
    # so it is in Keras' file: deviations where variances should be
    values = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225], 0)
    normalisation.set_weights([np.array(value) for value in values])
    file = tmp_path / "efficientnetb0_notop.h5"
    draw(old).save_weights(file)
    md5 = hashlib.md5(file.read_bytes()).hexdigest()
    monkeypatch.setattr(efficientnet, "BASE_WEIGHTS_PATH", f"{tmp_path.as_uri()}/")
    monkeypatch.setitem(efficientnet.WEIGHTS_HASHES, "b0", ("", md5))
    downloaded = build_backbone("efficientnetb0", "imagenet", SIZE)
    assert (cache / file.name).is_file()
    same(answer(build_backbone("efficientnetb0", str(file), SIZE)), answer(downloaded))


def test_regnet_is_downloaded_and_checked(keras_2, tmp_path, monkeypatch, cache):
    old = keras_2.regnet.RegNetX002(include_top=False, weights=None, input_shape=(SIZE, SIZE, 3))
    file = tmp_path / "regnetx002_notop.h5"
    old.save_weights(file)
    monkeypatch.setattr(regnet, "BASE_URL", f"{tmp_path.as_uri()}/")
    monkeypatch.setitem(regnet.HASHES, "x002", digest(file))
    found = build_backbone("regnetx-002", "imagenet", SIZE).get_weights()
    assert all(np.array_equal(a, b) for a, b in zip(found, old.get_weights(), strict=True))
    (cache / file.name).unlink()
    file.write_bytes(b"torn on its way")
    with pytest.raises(ModelError, match="the ImageNet weights of regnetx-002: "):
        build_backbone("regnetx-002", "imagenet", SIZE)


def test_no_network_names_the_ways_without(monkeypatch, cache):
    monkeypatch.setattr(mobilenet_v3, "BASE_WEIGHT_PATH", "http://127.0.0.1:9/")
    with pytest.raises(ModelError, match="ImageNet weights of mobilenetv3-small: ") as error:
        build_backbone("mobilenetv3-small", "imagenet")
    assert "\n" not in str(error.value)
    for way in ("--backbone efficientnet-lite0", "--weights FILE.h5", "--preset planted"):
        assert way in str(error.value)
