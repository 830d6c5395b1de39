"""TensorFlow as an audit needs it, whatever the environment or a notebook asked for."""

from __future__ import annotations

import importlib
import json
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from audit.core.errors import AuditError

log = logging.getLogger("audit")
_NEEDED = "tensorflow"


@contextmanager
def tensorflow_ready() -> Iterator[None]:
    """Run Keras on TensorFlow, channels last, in float32 and in graphs; a decorator, too.

    What the process had set otherwise is as it was afterwards, but for the backend, which Keras
    chooses once, at its import.

    Raises
    ------
    AuditError
        Keras runs on another backend already, or TensorFlow without eager execution.
    """
    use_tensorflow()
    import tensorflow as tf

    if not tf.executing_eagerly():
        raise AuditError(
            "Eager execution is off in this process (tf.compat.v1.disable_eager_execution or "
            "disable_v2_behavior): run the audit in one where it is on."
        )
    eagerly = tf.config.functions_run_eagerly()
    before = _keras_settings()
    try:
        if eagerly:
            tf.config.run_functions_eagerly(False)
        _set("channels_last", "float32", "float32")
        yield
    finally:
        _set(*before)
        if eagerly:
            tf.config.run_functions_eagerly(True)


def bears_threads() -> bool:
    """Return whether several threads may ask a model at once.

    Not on a GPU: batches are measured to fill its memory.
    """
    import tensorflow as tf

    return not tf.config.list_logical_devices("GPU")


def use_tensorflow() -> None:
    """Make Keras choose TensorFlow, where it has not chosen yet.

    To be called before the first import of TensorFlow, which imports Keras. Triton, which PyTorch's
    builds for GPUs bring and import at some time, comes before both: after TensorFlow it ends the
    process.

    Raises
    ------
    AuditError
        It has chosen another backend.
    """
    if "tensorflow" not in sys.modules:
        with suppress(ImportError):
            importlib.import_module("triton")
    if "keras" in sys.modules:
        import keras

        if keras.config.backend() != _NEEDED:
            raise AuditError(
                f"Keras runs on {keras.config.backend()} in this process, but an audit needs "
                f"TensorFlow: start it anew with KERAS_BACKEND={_NEEDED}."
            )
        return
    asked, where = _asked()
    if asked not in ("", _NEEDED):
        log.warning("Keras runs on TensorFlow here, not on %s as %s says.", asked, where)
    os.environ["KERAS_BACKEND"] = _NEEDED
    # An import that failed for want of the backend asked for leaves its choice behind.
    for name in [name for name in sys.modules if name.startswith("keras.")]:
        del sys.modules[name]


def _asked() -> tuple[str, str]:
    """Return the backend that the environment or Keras' own file asks for, and which of them."""
    named = os.environ.get("KERAS_BACKEND", "")
    if named:
        return named, "KERAS_BACKEND"
    folder = os.environ.get("KERAS_HOME")
    file = (Path(folder) if folder else Path.home() / ".keras") / "keras.json"
    try:
        return str(json.loads(file.read_text(encoding="utf-8")).get("backend", "")), str(file)
    except (OSError, ValueError, AttributeError):
        return "", ""


def _keras_settings() -> tuple[Any, Any, Any]:
    import keras

    config = keras.config
    return config.image_data_format(), config.floatx(), config.dtype_policy()


def _set(layout: Any, floatx: Any, policy: Any) -> None:
    import keras

    keras.config.set_image_data_format(layout)
    keras.config.set_floatx(floatx)
    keras.config.set_dtype_policy(policy)
