"""Settings of Keras and TensorFlow around an audit; imports need processes of their own."""

import os
import subprocess
import sys
from pathlib import Path

import keras
import pytest
import tensorflow as tf

from audit.core.errors import AuditError
from audit.models import backend
from audit.models.backend import tensorflow_ready

ROOT = Path(__file__).parent.parent.parent


def in_a_process(code, **environment):
    """What a Python of its own prints on standard output and error."""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", **environment},
    )  # fmt: skip
    return done.stdout.strip(), done.stderr


ASK = """
import logging; logging.basicConfig()
import contextlib
with contextlib.suppress(ValueError):  # as TensorFlow does where a backend is not installed
    import keras
from audit.models.backend import use_tensorflow
use_tensorflow()
import keras
print(keras.config.backend())
"""


def test_another_backend_in_the_environment_gives_way_with_a_word():
    out, err = in_a_process(ASK, KERAS_BACKEND="theano")
    assert out == "tensorflow"
    assert "Keras runs on TensorFlow here, not on theano as KERAS_BACKEND says." in err


def test_another_backend_in_keras_own_file_gives_way_with_a_word(tmp_path, monkeypatch, caplog):
    (tmp_path / "keras.json").write_text('{"backend": "torch"}')
    for name in [name for name in sys.modules if name.split(".")[0] == "keras"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setenv("KERAS_BACKEND", "")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    backend.use_tensorflow()
    assert os.environ["KERAS_BACKEND"] == "tensorflow"
    assert f"not on torch as {tmp_path / 'keras.json'} says." in caplog.text


def test_a_backend_that_was_chosen_already_is_one_line(monkeypatch):
    monkeypatch.setattr(keras.config, "backend", lambda: "torch")
    with pytest.raises(AuditError) as error, tensorflow_ready():
        pass
    assert str(error.value) == (
        "Keras runs on torch in this process, but an audit needs TensorFlow: start it anew with "
        "KERAS_BACKEND=tensorflow."
    )


def test_the_module_itself_imports_neither():
    out, _ = in_a_process(
        "import sys, audit.models.backend; print({'keras', 'tensorflow'} & set(sys.modules))"
    )
    assert out == "set()"


def settings():
    config = keras.config
    return config.image_data_format(), config.floatx(), config.dtype_policy().name


@pytest.fixture
def unusual():
    keras.config.set_image_data_format("channels_first")
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("mixed_bfloat16")
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)
    keras.config.set_image_data_format("channels_last")
    keras.config.set_floatx("float32")
    keras.config.set_dtype_policy("float32")


def test_unusual_settings_are_put_aside_and_come_back(unusual):
    @tensorflow_ready()
    def audit():
        assert not tf.config.functions_run_eagerly()
        return settings()

    for _ in range(2):
        assert audit() == ("channels_last", "float32", "float32")
        assert settings() == ("channels_first", "float64", "mixed_bfloat16")
        assert tf.config.functions_run_eagerly()


def test_they_come_back_after_an_error(unusual):
    with pytest.raises(KeyError), tensorflow_ready():
        raise KeyError
    assert settings() == ("channels_first", "float64", "mixed_bfloat16")


def test_a_process_without_eager_execution_is_one_line():
    off = pytest.raises(AuditError, match="Eager execution is off")
    with tf.Graph().as_default(), off, tensorflow_ready():
        pass


def test_a_torn_file_of_keras_asks_for_nothing(tmp_path, monkeypatch):
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    (tmp_path / "keras.json").write_text("[")
    assert backend._asked() == ("", "")
