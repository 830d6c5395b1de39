"""Models of every kind: .keras, .h5 of Keras 2 and 3, SavedModel folders, PyTorch's and ONNX."""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from audit.core.errors import ModelError, first_line
from audit.models import hdf5
from audit.models.answering.onnxfile import SUFFIX, load_onnx
from audit.models.kinds import refusal
from audit.models.origin import Origin, missing_part, origin_of
from audit.models.permitted import forbidden
from audit.models.pytorch.source import is_torch, load_torch


class _Depthwise(keras.layers.DepthwiseConv2D):  # type: ignore[misc]
    """Depthwise layer without ``groups``, which Keras 2 wrote into its files and Keras 3 lacks."""

    def __init__(self, *args: Any, groups: int = 1, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)  # without groups: Keras 2 never wrote another than 1


class SavedModel:
    """A SavedModel's signature with the face of a Keras model."""

    def __init__(self, folder: Path) -> None:
        self._loaded = tf.saved_model.load(str(folder))
        signatures = self._loaded.signatures
        if "serving_default" not in signatures and len(signatures) != 1:
            raise ValueError(
                f"it has the signatures {', '.join(signatures) or '(none)'}, no serving_default"
            )
        self.name = folder.name
        self._call = signatures.get("serving_default") or next(iter(signatures.values()))
        specs = self._call.structured_input_signature[1]
        self.input_shape: Any = [tuple(spec.shape) for spec in specs.values()]
        self._input = next(iter(specs))
        self.dtype = specs[self._input].dtype

    def __call__(self, images: Any, training: bool = False) -> Any:
        """Return the outputs of the signature."""
        return self._call(**{self._input: tf.cast(images, self.dtype)})

    def get_weights(self) -> list[Any]:
        """Return the values of all variables."""
        return [variable.numpy() for variable in self._loaded.variables]

    def count_params(self) -> int:
        """Return the number of values in all variables."""
        return sum(weight.size for weight in self.get_weights())


def load_model(file: Path, *, trust: bool) -> Any:
    """Load a model made of parts that only compute, or any with its own code where ``trust``.

    ``.keras`` files of Keras 2, and ``.h5`` files that Keras 3 cannot read, are read with
    `tf_keras` (Keras 2), where it is installed. A SavedModel is a program of its own, so it needs
    ``trust``; so has a PyTorch model, which a file of torch.export or a function
    ``PACKAGE.MODULE:FUNCTION`` gives.

    Raises
    ------
    ModelError
        The file is missing, of another format, torn, holds no architecture, or asks to run code of
        its own or for classes that are not there.
    """
    if file.suffix.lower() == SUFFIX:
        return load_onnx(file)
    if is_torch(file):
        return load_torch(file, trust=trust)
    if file.is_dir() and (file / "saved_model.pb").is_file():
        return _load_saved(file, trust)
    if not file.exists():
        raise ModelError(f"No model file {file}.")
    other = refusal(file)
    if other:
        raise ModelError(f"Cannot load {file}: {other}.")
    hdf5.refuse_damaged(file)
    origin = origin_of(file)
    if not origin.config:
        raise ModelError(
            f"{file} holds weights alone, without a model's architecture: save the whole model, "
            "model.save('FILE.keras'), and give that."
        )
    if not trust:
        _refuse_what_needs_trust(file, origin)
    if file.suffix == ".keras" and origin.version.startswith("2"):
        return _load_older(file, origin, trust)
    try:
        return keras.models.load_model(
            file, custom_objects={"DepthwiseConv2D": _Depthwise}, compile=False, safe_mode=not trust
        )
    except Exception as error:  # Keras raises many kinds for a torn, old or unsafe file
        if origin.version.startswith("2"):
            return _load_older(file, origin, trust)
        raise _unreadable(file, origin, error) from None


def _unreadable(file: Path, origin: Origin, error: Exception) -> ModelError:
    """Return the error that says what keeps Keras from reading a file."""
    missing = missing_part(str(error), origin)
    if missing:
        return ModelError(f"Cannot load {file}: {missing}.")
    if _is_newer(origin.version):
        return ModelError(
            f"Cannot load {file}: Keras {origin.version} wrote it, but {keras.__version__} is "
            "installed: pip install -U keras."
        )
    return ModelError(f"Cannot load {file}, is it whole? {first_line(error)}.")


def _is_newer(version: str) -> bool:
    def parts(of: str) -> list[int]:
        return [int(number) for number in re.findall(r"\d+", of)[:2]]

    return parts(version) > parts(keras.__version__)


def _load_saved(folder: Path, trust: bool) -> SavedModel:
    if not trust:
        raise ModelError(
            f"{folder} is a SavedModel, which is a program of its own: "
            "add --trust-model if you trust it."
        )
    try:
        return SavedModel(folder)
    except Exception as error:  # TensorFlow raises many kinds for a torn folder
        raise ModelError(f"Cannot load {folder}, is it whole? {first_line(error)}.") from None


def _load_older(file: Path, origin: Origin, trust: bool) -> Any:
    """Load a file of Keras 2 by `tf_keras`."""
    try:
        tf_keras = importlib.import_module("tf_keras")
    except ImportError:
        raise ModelError(
            f"Keras 3 cannot read {file}, which an older Keras wrote: "
            "pip install 'flower-audit[tf-keras]' reads it."
        ) from None
    safe = {"safe_mode": not trust} if file.suffix == ".keras" else {}
    try:
        return tf_keras.models.load_model(file, compile=False, **safe)
    except Exception as error:  # as many kinds as Keras 3 raises
        missing = missing_part(str(error), origin)
        why = f": {missing}" if missing else f", is it whole? {first_line(error)}"
        raise ModelError(f"Cannot load {file}{why}.") from None


def _refuse_what_needs_trust(file: Path, origin: Origin) -> None:
    try:
        why = forbidden(origin.config)
    except RecursionError:
        why = "its layers are nested too deeply"
    if why:
        raise ModelError(f"Cannot load {file}: {why}.")
