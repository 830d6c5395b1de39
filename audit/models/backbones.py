"""Backbones by name: RGB in 0..255 to a feature map, preprocessing inside."""

from __future__ import annotations

import difflib
import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import keras

from audit.core.errors import ModelError, first_line
from audit.models import hdf5, weightfiles
from audit.models.catalogue import CATALOGUE
from audit.models.lite0 import build_lite0
from audit.models.regnet import build_regnet

_MEAN = (0.485, 0.456, 0.406)
_DEVIATION = (0.229, 0.224, 0.225)
_CAFFE_MEAN = (103.939, 116.779, 123.68)  # blue, green, red


@dataclass(frozen=True)
class Backbone:
    """One entry of the registry; ``build(size, weights)`` makes the model.

    Its weights are ``random``, or ``imagenet`` where those come with pip.
    """

    build: Callable[[int, str], Any]
    size: int
    source: str


def _application(variant: str, size: int, _: str, **given: Any) -> Any:
    build = getattr(keras.applications, variant)
    return build(include_top=False, weights=None, input_shape=(size, size, 3), **given)


def _efficientnet(variant: str, size: int, weights: str) -> Any:
    model = _application(variant, size, weights)
    return keras.models.clone_model(model, call_function=_normalised_as_by_imagenet)


def _normalised_as_by_imagenet(layer: Any, *args: Any, **kwargs: Any) -> Any:
    """Add the division by the deviation's root that Keras adds for its own download alone."""
    made = layer(*args, **kwargs)
    if not isinstance(layer, keras.layers.Normalization):
        return made
    layer.load_own_variables({"0": _MEAN, "1": _DEVIATION, "2": 0})
    return keras.layers.Rescaling([1 / math.sqrt(d) for d in _DEVIATION])(made)


def _resnet(variant: str, size: int, weights: str) -> Any:
    image = keras.Input((size, size, 3), name="image")
    centred = keras.layers.Normalization(mean=_CAFFE_MEAN, variance=(1, 1, 1), name="centred")
    bgr = keras.ops.flip(image, axis=-1)
    model = _application(variant, size, weights, input_tensor=centred(bgr))
    return keras.Model(image, model.output, name=model.name)  # Keras' own takes a list of images


def _regnet(variant: str, size: int, _: str) -> Any:
    return build_regnet(variant, size)


def _lite0(variant: str, size: int, weights: str) -> Any:
    return build_lite0(size, weights)


_FAMILIES: dict[str, Callable[[str, int, str], Any]] = {
    "application": _application,
    "efficientnet": _efficientnet,
    "resnet": _resnet,
    "regnet": _regnet,
    "lite0": _lite0,
}

BACKBONES: dict[str, Backbone] = {
    name: Backbone(partial(_FAMILIES[entry.family], entry.variant), entry.size, entry.source)
    for name, entry in CATALOGUE.items()
}


def known_backbone(name: str) -> Backbone:
    """Return the registry's entry of this name; `ModelError` where there is none."""
    if name not in BACKBONES:
        near = difflib.get_close_matches(name.lower(), BACKBONES, n=3)
        hint = f"did you mean {' or '.join(near)}? " if near else ""
        raise ModelError(f"Unknown backbone {name!r}: {hint}`flower-audit backbones` lists all.")
    return BACKBONES[name]


def known_weights(name: str, weights: str) -> Path | None:
    """Return the file that a backbone starts from, downloaded where its ImageNet weights are.

    Returns
    -------
    Path or None
        None for random weights, and for those that come with pip.

    Raises
    ------
    ModelError
        There is no such file, or it cannot be downloaded.
    """
    if weights == "random":
        return None
    if weights == "imagenet":
        return weightfiles.imagenet(name)
    if not Path(weights).is_file():
        raise ModelError(f"No weights file {weights}.")
    return Path(weights)


def build_backbone(name: str, weights: str = "imagenet", size: int | None = None) -> Any:
    """Build a backbone by name.

    Parameters
    ----------
    name : str
        A key of `BACKBONES`.
    weights : str
        ``imagenet``, ``random``, or a file of this backbone's weights without a top:
        ``.weights.h5`` of Keras 3, or ``.h5`` of Keras 2, such as those that Keras downloads.
    size : int, optional
        Side of the input in pixels (default: the backbone's own).

    Returns
    -------
    keras.Model
        Float32 images ``(n, size, size, 3)`` in 0..255 to feature maps ``(n, h, w, c)``.

    Raises
    ------
    ModelError
        The name is unknown, or the weights cannot be had (no network, no wheel, no such file) or
        do not fit.
    """
    backbone = known_backbone(name)
    file = known_weights(name, weights)
    size = size or backbone.size
    if file is None:
        return backbone.build(size, weights)
    return _loaded(backbone.build(size, "random"), name, file)


def _loaded(model: Any, name: str, file: Path) -> Any:
    hdf5.refuse_damaged(file)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what does not fit is raised as well
            model.load_weights(file)
    except Exception as error:  # Keras and HDF5 raise many kinds for a torn or other file
        raise ModelError(
            f"The weights in {file} are not those of {name} without a top: {first_line(error)}."
        ) from None
    return model
