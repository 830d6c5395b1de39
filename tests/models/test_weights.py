"""Weights of backbones: downloaded, from files of Keras 2 and 3, missing, torn or another's."""

import hashlib
import importlib

import keras
import numpy as np
import pytest
from keras.src.applications import efficientnet
from keras.src.backend import config as keras_config
from localserver import LocalServer

from audit.core.errors import ModelError
from audit.models import regnet, weightfiles
from audit.models.backbones import build_backbone
from audit.models.weightfiles import FILES, WeightsFile
from audit.storage.download import MIRROR

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
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setattr(keras_config, "_KERAS_DIR", str(tmp_path / "keras"))
    return tmp_path / "keras" / "models"


@pytest.fixture
def serve(cache, tmp_path, monkeypatch):
    """Serve a model's weights as those of a backbone, with their own checksum; gives the server."""
    server = LocalServer({})
    monkeypatch.setenv(MIRROR, server.url)

    def start(name, model):
        model.save_weights(tmp_path / "served.h5")
        content = (tmp_path / "served.h5").read_bytes()
        url = FILES[name].url
        server.files[url.removeprefix("https://")] = content
        known = f"md5:{hashlib.md5(content).hexdigest()}"
        monkeypatch.setitem(FILES, name, WeightsFile(url, known))
        return server

    yield start
    server.close()


def draw(model):
    """Draw all weights anew, so that each counts."""
    for weight in model.weights:
        if "kernel" not in weight.name and "normalization" not in weight.name:
            weight.assign(RNG.uniform(0.5, 1.5, weight.shape))
    return model


def answer(model, images=IMAGES):
    """What a model says; compiling it, as `predict` does, would take longer than that."""
    return np.asarray(model(images, training=False))


def same(found, expected):
    np.testing.assert_allclose(found, expected, atol=1e-4 * np.abs(expected).max())
    assert np.ptp(expected) > 0.1


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
    assert FILES["regnetx-002"].url == f"{theirs.BASE_WEIGHTS_PATH}regnetx002_notop.h5"


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


# Downloads


def of_keras_2(variant, applications):
    build = getattr(applications, variant)
    return draw(build(include_top=False, weights=None, input_shape=(SIZE, SIZE, 3)))


def test_downloaded_efficientnetb0_is_that_of_keras(keras_2, monkeypatch, cache, serve):
    old = of_keras_2("EfficientNetB0", keras_2)
    (normalisation,) = (x for x in old.layers if x.name.startswith("normalization"))
    # so it is in Keras' file: deviations where variances should be
    values = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225], 0)
    normalisation.set_weights([np.array(value) for value in values])
    serve("efficientnetb0", old)
    found = build_backbone("efficientnetb0", "imagenet", SIZE)
    file = cache / "efficientnetb0_notop.h5"
    # the same file is what Keras itself takes, with nothing to download
    md5 = hashlib.md5(file.read_bytes()).hexdigest()
    monkeypatch.setitem(efficientnet.WEIGHTS_HASHES, "b0", ("", md5))
    monkeypatch.setattr(efficientnet, "BASE_WEIGHTS_PATH", "http://127.0.0.1:9/")
    own = keras.applications.EfficientNetB0(include_top=False, input_shape=(SIZE, SIZE, 3))
    same(answer(found), answer(own))
    same(answer(build_backbone("efficientnetb0", str(file), SIZE)), answer(own))


def test_downloaded_resnet50_is_that_of_keras_2(keras_2, serve):
    old = of_keras_2("ResNet50", keras_2)
    serve("resnet50", old)
    found = build_backbone("resnet50", "imagenet", SIZE)
    prepared = keras.applications.resnet.preprocess_input(IMAGES.copy())
    same(answer(found), answer(old, prepared))


def test_downloaded_weights_are_kept_and_checked(keras_2, cache, serve):
    old = of_keras_2("MobileNetV3Small", keras_2)
    server = serve("mobilenetv3-small", old)
    same(answer(build_backbone("mobilenetv3-small", "imagenet", SIZE)), answer(old))
    asked = list(server.asked)
    build_backbone("mobilenetv3-small", "imagenet", SIZE)
    assert server.asked == asked
    (file,) = cache.iterdir()
    file.unlink()
    (name,) = server.files
    server.files[name] = b"torn on its way"
    with pytest.raises(ModelError, match=r"_v2\.h5 is not the file it should be \(its md5 is not "):
        build_backbone("mobilenetv3-small", "imagenet", SIZE)


def test_no_network_names_the_ways_without(monkeypatch, cache):
    monkeypatch.setenv(MIRROR, "http://127.0.0.1:9")
    with pytest.raises(ModelError, match="ImageNet weights of mobilenetv3-small: ") as error:
        build_backbone("mobilenetv3-small", "imagenet")
    assert "\n" not in str(error.value)
    for way in ("--backbone efficientnet-lite0", "--weights FILE.h5", "--preset planted"):
        assert way in str(error.value)


def test_a_folder_for_weights_that_cannot_be_made_names_the_setting(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "file"))
    with pytest.raises(ModelError, match=r"^Cannot write .*\. KERAS_HOME=FOLDER names another pl"):
        weightfiles.imagenet("efficientnetb0")


@pytest.mark.parametrize(
    ("module", "names"),
    [
        ("efficientnet", {f"efficientnetb{i}": f"b{i}" for i in range(8)}),
        ("efficientnet_v2", {f"efficientnetv2-b{i}": f"b{i}" for i in range(4)}),
        ("efficientnet_v2", {f"efficientnetv2-{size}": f"-{size}" for size in "sml"}),
        (
            "convnext",
            {
                f"convnext-{size}": f"convnext_{size}"
                for size in ("tiny", "small", "base", "large", "xlarge")
            },
        ),
        ("resnet", {"resnet50": "resnet50"}),
        (
            "mobilenet_v3",
            {f"mobilenetv3-{size}": f"{size}_224_1.0_float" for size in ("small", "large")},
        ),
    ],
)
def test_files_and_checksums_are_those_of_keras(module, names):
    theirs = importlib.import_module(f"keras.src.applications.{module}")
    base = getattr(theirs, "BASE_WEIGHTS_PATH", None) or theirs.BASE_WEIGHT_PATH
    for name, key in names.items():
        assert FILES[name].url.rpartition("/")[0] == base.rstrip("/")
        assert FILES[name].known.partition(":")[2] == theirs.WEIGHTS_HASHES[key][1]
