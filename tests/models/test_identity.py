"""Models are told apart by all that their answers rest on."""

import shutil
import zipfile

import keras
import pytest

from audit.models.identity import difference, identity
from audit.models.load import load_model

CLASSES = ("rose", "tulip")


def build(activation="relu", **more):
    x = keras.Input((8, 8, 3), name="image")
    seen = keras.layers.Conv2D(2, 3, activation=activation, name="seen", **more)(x)
    pooled = keras.layers.GlobalAveragePooling2D(name="pool")(seen)
    return keras.Model(x, keras.layers.Dense(2, name="head")(pooled), name="small")


@pytest.fixture
def save(tmp_path):
    weights = build().get_weights()

    def make(name="model.keras", scaling="0..255", classes=CLASSES, **layers):
        model, file = build(**layers), tmp_path / name
        model.set_weights(weights)
        if "." in name:
            model.save(file)
        else:
            model.export(file, verbose=False)
        return identity(load_model(file, trust=True), file, scaling, classes)

    return make


@pytest.mark.parametrize("name", ["model.keras", "model.h5", "saved"])
def test_the_same_weights_under_another_activation_are_another_model(save, name):
    relu, tanh = save(name), save(name.replace("m", "other_m", 1), activation="tanh")
    assert relu["weights_sha256"] == tanh["weights_sha256"]
    assert difference(relu, tanh) == "architecture"


@pytest.mark.parametrize("name", ["model.keras", "model.h5"])
def test_a_model_that_is_saved_again_is_the_same(tmp_path, save, name):
    found = save(name)
    load_model(tmp_path / name, trust=False).save(tmp_path / f"again_{name}")
    model = load_model(tmp_path / f"again_{name}", trust=False)
    again = identity(model, tmp_path / f"again_{name}", "0..255", CLASSES)
    assert difference(found, again) == ""


def test_a_copied_folder_is_the_same_model(tmp_path, save):
    found = save("saved")
    shutil.copytree(tmp_path / "saved", tmp_path / "copy")
    model = load_model(tmp_path / "copy", trust=True)
    assert difference(found, identity(model, tmp_path / "copy", "0..255", CLASSES)) == ""


@pytest.mark.parametrize("other", [{"scaling": "0..1"}, {"classes": CLASSES[::-1]}])
def test_other_pixels_and_another_order_of_classes_are_another_model(save, other):
    assert difference(save(), save("other.keras", **other)).startswith("scaling of pixels or order")


def test_other_weights_are_another_model(tmp_path, save):
    model = build()
    model.save(tmp_path / "other.keras")
    found = identity(model, tmp_path / "other.keras", "0..255", CLASSES)
    assert difference(save(), found) == "weights"


def test_what_a_file_holds_beside_its_config_counts(tmp_path, save):
    found = save()
    with zipfile.ZipFile(tmp_path / "model.keras", "a") as archive:
        archive.writestr("assets/words.txt", "rose")
    model = load_model(tmp_path / "model.keras", trust=True)
    other = identity(model, tmp_path / "model.keras", "0..255", CLASSES)
    assert difference(found, other) == "architecture"


def test_runs_of_earlier_versions_know_weights_alone(save):
    relu, tanh = save(), save("other.keras", activation="tanh")
    assert difference({"sha256": relu["weights_sha256"]}, tanh) == ""
    assert difference({"sha256": "ab" * 32}, tanh) == "weights"
    assert difference({}, tanh) == ""
