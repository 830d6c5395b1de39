"""Any Keras classifier as features -> head -> float32 logits, without touching it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from audit.errors import ModelError, first_line
from audit.models.graph import Graph, Step, flatten, run_steps

_SQUASHING = ("softmax", "sigmoid")
_OWN_CODE = ("safe_mode", "unsafe", "Lambda", "custom", "Could not locate")
_BENDING = ("relu", "leakyrelu", "prelu", "elu")
_LOGITS = ("linear", "log_softmax")  # nothing to take off; probabilities are found by their sum
_SAME = 1e-3  # how far two answers of one model may differ, mixed precision included


class Classifier:
    """A model cut at a feature map.

    Parameters
    ----------
    model : keras.Model
        Functional or Sequential, backbones nested or flat; RGB images in 0..255 in, classes out.
    feature_layer : str, optional
        Layer whose output Grad-CAM reads, by name or by path (``backbone/top_relu``).
        Default: the last 4-D feature map with H, W > 1 that all later layers read alone.
    image_size : int, optional
        Side of the input where the model leaves it open.

    Attributes
    ----------
    input_size : int
        Side of the square input in pixels.
    classes : int
        Number of logits.
    feature_layer : str
        Path of the layer found.
    feature_shape : tuple[int, ...]
        Height, width and channels of its map.
    end : str
        What was taken off to reach the logits: ``softmax``, ``sigmoid`` or ``linear`` (nothing).

    Raises
    ------
    ModelError
        The model has no such layer, or another form than an image classifier's.
    """

    def __init__(
        self, model: Any, feature_layer: str | None = None, image_size: int | None = None
    ) -> None:
        self.model = model
        graph, self.end = _without_squashing(flatten(model))
        self.input_size = _input_size(model, image_size)
        probe = _probe(self.input_size)
        values = _run(graph, probe)
        _refuse_if_not_the_model(model, probe, np.asarray(values[graph.output]), self.end)
        shapes = {index: tuple(np.shape(value)) for index, value in values.items()}
        if len(shapes[graph.output]) != 2:
            raise ModelError(
                f"The model's output is {shapes[graph.output][1:]} for an image: "
                "an audit needs one number a class."
            )
        cut = _choose_cut(graph, shapes, feature_layer)
        step = graph.steps[cut]
        self.feature_layer = step.path
        self.feature_shape = shapes[step.outputs[0]][1:]
        self.classes = int(shapes[graph.output][-1])
        self._cut_index = step.outputs[0]
        self._output = graph.output
        self._body, self._head = graph.steps[: cut + 1], graph.steps[cut + 1 :]

    def features(self, images: tf.Tensor) -> tf.Tensor:
        """Feature maps ``(n, h, w, c)`` of float32 images ``(n, H, W, 3)`` in 0..255."""
        return run_steps(self._body, {0: images})[self._cut_index]

    def head(self, features: tf.Tensor) -> tf.Tensor:
        """Float32 logits ``(n, classes)`` of feature maps."""
        logits = run_steps(self._head, {self._cut_index: features})[self._output]
        return tf.cast(logits, tf.float32)

    def logits(self, images: tf.Tensor) -> tf.Tensor:
        """Float32 logits ``(n, classes)`` of float32 images ``(n, H, W, 3)`` in 0..255."""
        return self.head(self.features(images))

    def describe(self) -> str:
        """One line that says what was found."""
        height, width, channels = self.feature_shape
        return (
            f"features {self.feature_layer} ({height}x{width}x{channels}), input "
            f"{self.input_size}x{self.input_size}, {self.classes} classes, {self.end} end"
        )


def load_model(file: Path, *, trust: bool) -> Any:
    """Load a ``.keras`` or ``.h5`` model in safe mode, or with its own code where ``trust``.

    Raises
    ------
    ModelError
        The file is missing, of another format, torn, or asks to run code of its own.
    """
    if not file.is_file():
        raise ModelError(f"No model file {file}.")
    if file.suffix not in (".keras", ".h5"):
        raise ModelError(f"Cannot load {file}: give a .keras or .h5 file.")
    try:
        return keras.models.load_model(file, compile=False, safe_mode=not trust)
    except Exception as error:  # Keras raises many kinds for a torn, old or unsafe file
        own_code = not trust and any(word in str(error) for word in _OWN_CODE)
        mend = " If it holds code of its own that you trust, add --trust-model." if own_code else ""
        raise ModelError(f"Cannot load {file}, is it whole? {first_line(error)}.{mend}") from None


def _input_size(model: Any, image_size: int | None) -> int:
    shape = getattr(model, "input_shape", None)
    if not isinstance(shape, tuple) or len(shape) != 4:
        raise ModelError(f"The model's input is {shape}: an audit needs one image (n, H, W, 3).")
    _, height, width, channels = shape
    if channels != 3:
        raise ModelError(f"The model takes {channels} channels: an audit needs RGB, 3 channels.")
    if height != width:
        raise ModelError(f"The model takes {height}x{width} pixels: an audit needs a square.")
    if height and image_size and height != image_size:
        raise ModelError(
            f"The model takes {height} pixels, not {image_size}: give --image-size {height}."
        )
    if not (height or image_size):
        raise ModelError("The model takes images of any size: choose one with --image-size.")
    return int(height or image_size or 0)


def _without_squashing(graph: Graph) -> tuple[Graph, str]:
    """Take a softmax or sigmoid off the end; explanations are taken on logits."""
    last = graph.steps[-1]
    end = _end(last.operation)
    if end in _LOGITS:
        return graph, "linear"
    if end not in _SQUASHING:
        raise ModelError(
            f"The model ends in {end}, so it has no logits to explain: "
            "let softmax, sigmoid or a linear layer be its last."
        )
    if isinstance(last.operation, keras.layers.Dense):
        logits = Step(last.path, _Linear(last.operation), last.args, {}, last.outputs)
        return Graph((*graph.steps[:-1], logits), graph.output), end
    (source,) = last.inputs()
    return Graph(graph.steps[:-1], source), end


def _end(operation: Any) -> str:
    """Name of the function that a last step applies; ``linear`` for every unknown one."""
    if isinstance(operation, keras.layers.Dense | keras.layers.Activation):
        return str(getattr(operation.activation, "__name__", "an activation"))
    kind = type(operation).__name__.lower()
    return kind if kind in (*_SQUASHING, *_BENDING) else "linear"


class _Linear:
    """A dense layer without its activation, in float32."""

    def __init__(self, dense: Any) -> None:
        self.dense = dense

    def __call__(self, x: tf.Tensor) -> tf.Tensor:
        logits = tf.cast(x, tf.float32) @ tf.cast(self.dense.kernel, tf.float32)
        return logits + tf.cast(self.dense.bias, tf.float32) if self.dense.use_bias else logits


def _probe(size: int) -> NDArray[np.float32]:
    """One image of noise ``(1, size, size, 3)``: unlike a black one, it wakes every layer."""
    noise = np.random.default_rng(0).uniform(0, 255, (1, size, size, 3))
    return noise.astype(np.float32)


def _run(graph: Graph, image: NDArray[np.float32]) -> dict[int, Any]:
    """Values of all tensors for one image; static shapes may be left open, these are not."""
    try:
        return run_steps(graph.steps, {0: tf.constant(image)})
    except (ValueError, tf.errors.OpError) as error:
        size = f"{image.shape[1]}x{image.shape[2]}"
        reason = first_line(error)
        raise ModelError(f"The model does not run on a {size} image: {reason}.") from None


def _refuse_if_not_the_model(
    model: Any, image: NDArray[np.float32], logits: NDArray[np.float32], end: str
) -> None:
    """Raise unless the logits, squashed again, are the model's answer, and no probabilities."""
    again = {"softmax": tf.nn.softmax, "sigmoid": tf.sigmoid, "linear": tf.identity}[end]
    answer = np.asarray(model(image, training=False), dtype=np.float32)
    squashed = np.asarray(again(tf.cast(logits, tf.float32)))
    if not np.allclose(squashed, answer, atol=_SAME, rtol=_SAME, equal_nan=True):
        raise ModelError(
            "The model's layers, run one by one, do not give its own answer "
            "(does one of them draw random numbers?): it cannot be explained."
        )
    adds_up = np.isclose(answer.sum(), 1, atol=_SAME) and (answer >= 0).all()
    is_log = np.isclose(tf.reduce_logsumexp(answer), 0, atol=_SAME)
    if end == "linear" and answer.size > 1 and (adds_up or is_log):
        raise ModelError(
            "The model ends in probabilities, but not in a softmax that can be taken off: "
            "let Dense, Softmax or Activation with softmax be its last layer."
        )


def _choose_cut(graph: Graph, shapes: dict[int, tuple[int, ...]], name: str | None) -> int:
    maps = [i for i in graph.cuts() if _is_map(shapes[graph.steps[i].outputs[0]])]
    if name is None:
        if not maps:
            raise ModelError(
                "The model has no 4-D feature map with H, W > 1 that its head reads alone: "
                "Grad-CAM needs one."
            )
        return maps[-1]
    for i in reversed(maps):
        path = graph.steps[i].path
        if name in (path, path.rsplit("/", 1)[-1]):
            return i
    some = ", ".join(graph.steps[i].path for i in maps[-4:])
    raise ModelError(f"No feature layer {name!r}; the last that would do: {some or 'none'}.")


def _is_map(shape: tuple[int, ...]) -> bool:
    return len(shape) == 4 and min(shape[1:3]) > 1
