import json
import sys

import h5py
import keras
import numpy as np
import pytest
import tensorflow as tf

from audit.errors import ModelError
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


def test_saved_model_of_whole_numbers_is_refused(tmp_path):
    spec = tf.TensorSpec((None, 8, 8, 3), tf.uint8)
    folder = signed(tmp_path / "whole", spec, "serving_default")
    assert "its input is uint8, not a float image" in refused(folder, trust=True)


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
    assert "Lambda layers or calls of its own" in refused(tmp_path / "old.h5")


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_without_tf_keras_the_mend_is_named(tmp_path, keras2, monkeypatch):
    x = keras2.Input((8, 8, 3))
    keras2.Model(x, x / 255.0).save(tmp_path / "old.h5")
    monkeypatch.setitem(sys.modules, "tf_keras", None)
    assert "pip install 'flower-audit[tf-keras]' reads it" in refused(tmp_path / "old.h5")


def test_custom_class_that_nobody_registered_is_one_line(tmp_path):
    class Own(keras.layers.Layer):
        def call(self, x):
            return x

    x = keras.Input((8, 8, 3))
    keras.Model(x, Own()(x)).save(tmp_path / "own.keras")
    assert refused(tmp_path / "own.keras").startswith("Cannot load")
