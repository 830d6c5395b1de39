import json
import sys
import zipfile

import h5py
import keras
import numpy as np
import pytest
import tensorflow as tf

from audit.core.errors import ModelError
from audit.models.load import load_model

IMAGES = np.ones((1, 8, 8, 3), np.float32)


def refused(file, trust=False):
    with pytest.raises(ModelError) as error:
        load_model(file, trust=trust)
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.fixture
def keras2():
    return pytest.importorskip("tf_keras", reason="the extra tf-keras is not installed")


@pytest.fixture
def saved(tmp_path):
    x = keras.Input((8, 8, 3))
    y = keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(4, 1)(x))
    keras.Model(x, keras.layers.Dense(3)(y)).export(tmp_path / "saved", verbose=False)
    return tmp_path / "saved"


def test_saved_model_needs_trust(saved):
    assert "add --trust-model if you trust it" in refused(saved)


def test_torn_saved_model_is_one_line(saved):
    file = saved / "saved_model.pb"
    file.write_bytes(file.read_bytes()[:100])
    assert refused(saved, trust=True).startswith(f"Cannot load {saved}, is it whole?")


def test_folder_that_is_no_saved_model_is_refused(tmp_path):
    assert "a SavedModel folder" in refused(tmp_path, trust=True)


def signed(folder, spec, *signatures):
    module = tf.Module()
    module.of = tf.function(lambda x: {"y": tf.cast(x, tf.float32)}, input_signature=[spec])
    made = dict.fromkeys(signatures, module.of)
    tf.saved_model.save(module, str(folder), signatures=made)
    return folder


def test_saved_model_without_a_default_signature_names_those_it_has(tmp_path):
    spec = tf.TensorSpec((None, 8, 8, 3), tf.float32)
    folder = signed(tmp_path / "two", spec, "one", "two")
    assert "it has the signatures one, two, no serving_default" in refused(folder, trust=True)


def test_its_only_signature_will_do(tmp_path):
    spec = tf.TensorSpec((None, 8, 8, 3), tf.float32)
    model = load_model(signed(tmp_path / "one", spec, "only"), trust=True)
    np.testing.assert_array_equal(model(tf.constant(IMAGES))["y"], IMAGES)


def test_saved_model_of_whole_numbers_is_given_them(tmp_path):
    spec = tf.TensorSpec((None, 8, 8, 3), tf.uint8)
    model = load_model(signed(tmp_path / "whole", spec, "serving_default"), trust=True)
    assert model.dtype == tf.uint8
    np.testing.assert_array_equal(model(tf.constant(3 * IMAGES))["y"], 3 * IMAGES)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_keras_2_lambda_layer_needs_trust(tmp_path, keras2):
    x = keras2.Input((8, 8, 3))
    keras2.Model(x, keras2.layers.Lambda(lambda y: y * 2)(x)).save(tmp_path / "old.h5")
    assert "add --trust-model" in refused(tmp_path / "old.h5")


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_keras_2_call_that_reaches_outside_needs_trust(tmp_path, keras2):
    x = keras2.Input((8, 8, 3))
    keras2.Model(x, x / 255.0).save(tmp_path / "old.h5")
    with h5py.File(tmp_path / "old.h5", "r+") as file:
        config = file.attrs["model_config"].replace("math.truediv", "io.write_file")
        assert "io.write_file" in json.dumps(json.loads(config))
        file.attrs["model_config"] = config
    assert "calls io.write_file" in refused(tmp_path / "old.h5")


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_without_tf_keras_the_mend_is_named(tmp_path, keras2, monkeypatch):
    x = keras2.Input((8, 8, 3))
    keras2.Model(x, x / 255.0).save(tmp_path / "old.h5")
    monkeypatch.setitem(sys.modules, "tf_keras", None)
    assert "pip install 'flower-audit[tf-keras]' reads it" in refused(tmp_path / "old.h5")


class Own(keras.layers.Layer):
    def call(self, x):
        return x


def own_activation(x):
    return x


EXPORT = (
    "which is not part of Keras and not in the file: where it is defined, model.export('FOLDER') "
    "makes a SavedModel to audit with --trust-model; or import it in Python before audit.run."
)


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
@pytest.mark.parametrize("trust", [False, True])
@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
def test_a_class_that_is_not_there_is_named_with_its_layer(tmp_path, suffix, trust):
    file, x = tmp_path / f"own{suffix}", keras.Input((8, 8, 3))
    keras.Model(x, Own(name="mine")(x)).save(file)
    said = refused(file, trust)
    assert said == f"Cannot load {file}: its layer 'mine' needs the class Own, {EXPORT}"


def test_a_function_that_is_not_there_is_named_with_its_layer(tmp_path):
    file, x = tmp_path / "own.keras", keras.Input((8, 8, 3))
    keras.Model(x, keras.layers.Conv2D(2, 1, activation=own_activation, name="bent")(x)).save(file)
    said = refused(file)
    assert f"its layer 'bent' needs the function own_activation, {EXPORT}" in said


@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
@pytest.mark.parametrize("name", ["only.weights.h5", "only.h5"])
def test_weights_alone_are_called_so(tmp_path, name):
    x = keras.Input((8, 8, 3))
    model = keras.Model(x, keras.layers.Conv2D(2, 1)(x))
    model.save_weights(tmp_path / "only.weights.h5")
    (tmp_path / "only.weights.h5").rename(tmp_path / name)
    assert refused(tmp_path / name) == (
        f"{tmp_path / name} holds weights alone, without a model's architecture: save the whole "
        "model, model.save('FILE.keras'), and give that."
    )


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_keras_file_of_keras_2_is_read_by_it(tmp_path, keras2, monkeypatch):
    x, file = keras2.Input((8, 8, 3)), tmp_path / "old.keras"
    model = keras2.Model(x, keras2.layers.Conv2D(2, 1)(x))
    model.save(file)
    np.testing.assert_allclose(load_model(file, trust=False)(IMAGES), model(IMAGES), rtol=1e-6)
    monkeypatch.setitem(sys.modules, "tf_keras", None)
    assert "pip install 'flower-audit[tf-keras]' reads it" in refused(file)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_lambda_layer_in_a_keras_file_of_keras_2_needs_trust(tmp_path, keras2):
    x, file = keras2.Input((8, 8, 3)), tmp_path / "old.keras"
    keras2.Model(x, keras2.layers.Lambda(lambda y: y * 2)(x)).save(file)
    assert "add --trust-model" in refused(file)
    np.testing.assert_allclose(load_model(file, trust=True)(IMAGES), 2 * IMAGES)


def test_a_newer_keras_is_asked_for(tmp_path):
    x, file = keras.Input((8, 8, 3)), tmp_path / "new.keras"
    keras.Model(x, keras.layers.Conv2D(2, 1)(x)).save(file)
    with zipfile.ZipFile(file) as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
    held["metadata.json"] = json.dumps({"keras_version": "9.1.0"}).encode()
    held["config.json"] = held["config.json"].replace(b'"kernel_size"', b'"kernel_extent"')
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in held.items():
            archive.writestr(name, content)
    assert refused(file) == (
        f"Cannot load {file}: Keras 9.1.0 wrote it, but {keras.__version__} is installed: "
        "pip install -U keras."
    )


KINDS = {
    "m.pkl": "it is a pickled object, which runs code when it is read: save the whole model",
    "m.tflite": "it is a TensorFlow Lite model, made for inference alone: give",
    "m.safetensors": "it is weights alone: convert",
    "m.ckpt.index": "it is part of a TensorFlow checkpoint: weights alone: save the whole model",
    "m.json": "it is an architecture without weights: save the whole model",
    "saved_model.pb": "it is a TensorFlow graph: give the SavedModel folder that it lies in.",
    "m.zip": "it is an archive: unpack it and give",
    "m.txt": "give a .keras or .h5 file, a SavedModel folder, a .pt2 file of torch.export, or an "
    ".onnx file.",
}


@pytest.mark.parametrize("name", KINDS)
def test_other_files_are_called_what_they_are(tmp_path, name):
    (tmp_path / name).write_bytes(b"x")
    assert refused(tmp_path / name).startswith(f"Cannot load {tmp_path / name}: {KINDS[name]}")


def test_files_of_the_other_format_are_to_be_renamed(tmp_path):
    x = keras.Input((8, 8, 3))
    keras.Model(x, keras.layers.Conv2D(2, 1)(x)).save(tmp_path / "zip.keras")
    (tmp_path / "zip.keras").rename(tmp_path / "zip.h5")
    assert refused(tmp_path / "zip.h5").endswith("a ZIP file: rename it to zip.keras.")
    h5py.File(tmp_path / "five.keras", "w").close()
    assert refused(tmp_path / "five.keras").endswith("an HDF5 file: rename it to five.h5.")


def test_a_folder_of_versions_names_the_newest(saved):
    folder = saved.parent / "served"
    (folder / "2").parent.mkdir()
    saved.rename(folder / "2")
    assert (
        refused(folder) == f"Cannot load {folder}: it is a folder of SavedModels: "
        f"give {folder / '2'}."
    )


@pytest.mark.filterwarnings("ignore")
def test_layers_of_attention_over_groups_need_no_trust(tmp_path):
    x = keras.Input((6, 8))
    layer = keras.layers.GroupQueryAttention(4, 4, 2)
    keras.Model(x, layer(x, x)).save(tmp_path / "groups.keras")
    keras.Model(x, layer(x, x)).save(tmp_path / "groups.h5")
    for file in tmp_path.iterdir():
        assert load_model(file, trust=False).output_shape == (None, 6, 8)


def rated(loss):
    """A compiled model with a compiled one inside, as training leaves them."""
    rate = keras.optimizers.schedules.CosineDecay(1e-3, 100)
    part = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Conv2D(2, 1)], name="part")
    part.compile(keras.optimizers.AdamW(rate), loss, metrics=["accuracy", keras.metrics.F1Score()])
    x = keras.Input((8, 8, 3))
    model = keras.Model(x, keras.layers.GlobalAveragePooling2D()(part(x)))
    model.compile("adam", loss, metrics=[keras.metrics.AUC()])
    return model


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "loss",
    [keras.losses.CategoricalCrossentropy(label_smoothing=0.1), keras.losses.categorical_hinge],
)
@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_compiled_models_need_no_trust(tmp_path, loss, suffix):
    file = tmp_path / f"compiled{suffix}"
    rated(loss).save(file)
    assert load_model(file, trust=False).output_shape == (None, 2)


@pytest.mark.filterwarnings("ignore")
def test_a_loss_of_the_makers_own_needs_no_trust_for_nobody_asks_for_it(tmp_path):
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    model.compile("adam", lambda wanted, given: wanted - given)
    model.save(tmp_path / "own.keras")
    assert load_model(tmp_path / "own.keras", trust=False).output_shape == (None, 2)


def test_no_module_that_a_keras_2_file_names_is_imported(tmp_path, keras2, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "planted_module.py").write_text("class TFOpLambda: pass\n")
    plain = keras2.Sequential([keras2.layers.Dense(2, activation="relu", input_shape=(4,))])
    plain.save(tmp_path / "plain.keras")
    with zipfile.ZipFile(tmp_path / "plain.keras") as kept:
        entries = {name: kept.read(name) for name in kept.namelist()}
    config = json.loads(entries["config.json"])
    config["config"]["layers"][1] |= {
        "module": "planted_module", "class_name": "TFOpLambda", "registered_name": "TFOpLambda",
        "config": {"name": "x", "function": "nn.relu"},
    }  # fmt: skip
    entries["config.json"] = json.dumps(config).encode()
    with zipfile.ZipFile(tmp_path / "forged.keras", "w") as forged:
        for name, content in entries.items():
            forged.writestr(name, content)
    assert "TFOpLambda" in refused(tmp_path / "forged.keras")
    assert "planted_module" not in sys.modules
