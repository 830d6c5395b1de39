"""Any classifier as features -> head -> float32 logits, without touching the user's model."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from audit.errors import ModelError, first_line
from audit.models.frozen import Graph, base, fold_scales, freeze
from audit.models.layerpaths import layer_paths
from audit.models.scaling import SCALINGS

_ENDS = {"Softmax": "softmax", "Sigmoid": "sigmoid", "LogSoftmax": "log-softmax"}
_AGAIN = {
    "softmax": tf.nn.softmax,
    "sigmoid": tf.sigmoid,
    "log-softmax": tf.nn.log_softmax,
    "linear": tf.identity,
}
_BENDING = ("Relu", "Relu6", "LeakyRelu", "Elu", "Selu", "Tanh", "Softplus", "Softsign")
_WEIGHED = ("Conv2D", "DepthwiseConv2dNative", "MatMul", "Einsum", "Conv3D")
_SAME = 1e-3  # how far two answers of one model may differ; half precision is allowed more
_SAME_IN_HALF = 2e-2


class Classifier:
    """A model cut at a feature map, as one frozen graph that ends in float32 logits.

    Batch normalisation is folded into the convolutions before it. The model given is neither
    changed nor needed afterwards: weights changed later do not count.

    Parameters
    ----------
    model : keras.Model, tf_keras.Model or SavedModel
        Functional, Sequential or subclassed, backbones nested or flat; RGB images in, classes out.
    feature_layer : str, optional
        Layer whose output Grad-CAM reads, by name or by path (``backbone/top_relu``).
        Default: the last 4-D feature map with H, W > 1 that all later layers read alone.
    image_size : int, optional
        Side of the input where the model leaves it open.
    scaling : str
        What the model wants: a key of `SCALINGS`; images come in 0..255.

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
        What was taken off to reach the logits: ``softmax``, ``log-softmax``, ``sigmoid`` or
        ``linear`` (nothing).
    scaling : str
        As given.
    seen_range : tuple[float, float]
        What the first convolution or dense layer reads for black and white images: inside scaling
        shows here.
    kernel : float32 ``(channels, classes)`` or None
        Of the dense layer where the head is global average pooling and one dense layer.

    Raises
    ------
    ModelError
        The model has no such layer, or another form than an image classifier's.
    """

    def __init__(
        self,
        model: Any,
        feature_layer: str | None = None,
        image_size: int | None = None,
        scaling: str = "0..255",
    ) -> None:
        self.model = model
        self.input_size = _input_size(model, image_size)
        self.scaling = scaling
        graph, paths = _traced(model, self.input_size, scaling)
        graph, self.end = _without_squashing(graph)
        probe = _probe(self.input_size)
        cuts = graph.cuts()
        try:
            *maps, logits = graph.values(probe, [*cuts, graph.output])
        except (ValueError, tf.errors.OpError) as error:
            raise _does_not_run(self.input_size, error) from None
        _refuse_if_not_the_model(model, probe, logits, self.end, scaling)
        if logits.ndim != 2:
            raise ModelError(
                f"The model's output is {logits.shape[1:]} for an image: "
                "an audit needs one number a class."
            )
        shapes = {t: m.shape[1:] for t, m in zip(cuts, maps, strict=True) if _is_map(m.shape)}
        self.features_at, self.feature_layer = _choose_cut(shapes, paths, feature_layer)
        self.feature_shape = shapes[self.features_at]
        self.classes = int(logits.shape[-1])
        self.seen_range = _seen_range(graph, self.input_size)
        self.kernel = _pooled_kernel(graph, self.features_at)
        self.graph = fold_scales(graph, [self.features_at])
        image = tf.TensorSpec((None, self.input_size, self.input_size, 3), tf.float32)
        self._features = tf.function(self._features_of, input_signature=[image])
        self._logits = tf.function(self._logits_of, input_signature=[image])
        self._head = tf.function(
            self._head_of, input_signature=[tf.TensorSpec((None, *self.feature_shape), tf.float32)]
        )

    def features(self, images: Any) -> tf.Tensor:
        """Feature maps ``(n, h, w, c)`` of float32 images ``(n, H, W, 3)`` in 0..255."""
        return self._features(tf.convert_to_tensor(images, tf.float32))

    def head(self, features: Any) -> tf.Tensor:
        """Float32 logits ``(n, classes)`` of feature maps."""
        return self._head(tf.convert_to_tensor(features, tf.float32))

    def logits(self, images: Any) -> tf.Tensor:
        """Float32 logits ``(n, classes)`` of float32 images ``(n, H, W, 3)`` in 0..255."""
        return self._logits(tf.convert_to_tensor(images, tf.float32))

    def describe(self) -> str:
        """One line that says what was found."""
        height, width, channels = self.feature_shape
        low, high = self.seen_range
        outside = "" if self.scaling == "0..255" else f" scaled to {self.scaling} before it,"
        return (
            f"features {self.feature_layer} ({height}x{width}x{channels}), input "
            f"{self.input_size}x{self.input_size}, 0..255{outside} read as {low:.3g}..{high:.3g}, "
            f"{'pooled dense' if self.kernel is not None else 'other'} head, "
            f"{self.classes} classes, {self.end} end"
        )

    def _features_of(self, images: tf.Tensor) -> tf.Tensor:
        return self.graph.run(images, [self.features_at])[0]

    def _logits_of(self, images: tf.Tensor) -> tf.Tensor:
        return tf.cast(self.graph.run(images, [self.graph.output])[0], tf.float32)

    def _head_of(self, features: tf.Tensor) -> tf.Tensor:
        side = self.input_size
        shape_only = tf.zeros((tf.shape(features)[0], side, side, 3))
        given = {self.features_at: features}
        return tf.cast(self.graph.run(shape_only, [self.graph.output], given)[0], tf.float32)


def _input_size(model: Any, image_size: int | None) -> int:
    shape = _input_shape(model)
    if isinstance(shape, list) and len(shape) > 1:
        raise ModelError(f"The model has {len(shape)} inputs: an audit needs one image.")
    shape = shape[0] if isinstance(shape, list) else shape
    if not isinstance(shape, tuple) or len(shape) != 4:
        if shape is None and image_size:
            return image_size
        mend = "; say its size with --image-size" if shape is None else ""
        raise ModelError(
            f"The model's input is {shape}: an audit needs one image (n, H, W, 3){mend}."
        )
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


def _input_shape(model: Any) -> Any:
    """Shape that a model was made for, or built with; None where it was never said."""
    shape = getattr(model, "input_shape", None)
    if shape is None and hasattr(model, "get_build_config"):
        shape = (model.get_build_config() or {}).get("input_shape")
    return tuple(shape) if isinstance(shape, tuple | list) and shape[0] is None else shape


def _traced(model: Any, size: int, scaling: str) -> tuple[Graph, dict[str, str]]:
    """The model's graph, and the paths of the layers by the tensors that they make."""

    def answer(images: tf.Tensor) -> tf.Tensor:
        made = tf.nest.flatten(model(SCALINGS[scaling](images), training=False))
        if len(made) != 1:
            raise ModelError(
                f"The model has {len(made)} outputs: an audit needs one class vector out."
            )
        return made[0]

    try:
        with layer_paths(model) as paths:
            graph = freeze(answer, size)
    except (ValueError, TypeError, NotImplementedError, tf.errors.OpError) as error:
        raise _does_not_run(size, error) from None
    named: dict[str, str] = {}
    for tensor, path in paths.items():
        named.setdefault(graph.named(tensor), path)
    return graph, named


def _does_not_run(size: int, error: Exception) -> ModelError:
    return ModelError(f"The model does not run on a {size}x{size} image: {first_line(error)}.")


def _without_squashing(graph: Graph) -> tuple[Graph, str]:
    """Take a softmax or sigmoid off the end; explanations are taken on logits."""
    last = graph.node(graph.output)
    while last is not None and last.op == "Cast":
        last = graph.node(last.input[0])
    if last is None:
        raise ModelError("The model's output does not depend on the image.")
    if last.op in _BENDING:
        raise ModelError(
            f"The model ends in {last.op} ({last.name}), so it has no logits to explain: "
            "let softmax, sigmoid or a linear layer be its last."
        )
    if last.op not in _ENDS:
        return graph, "linear"
    return graph.ending_at(last.input[0]), _ENDS[last.op]


def _probe(size: int) -> NDArray[np.float32]:
    """One image of noise ``(1, size, size, 3)``: unlike a black one, it wakes every layer."""
    noise = np.random.default_rng(0).uniform(0, 255, (1, size, size, 3))
    return noise.astype(np.float32)


def _refuse_if_not_the_model(
    model: Any, image: NDArray[np.float32], logits: NDArray[np.float32], end: str, scaling: str
) -> None:
    """Raise unless the logits, squashed again, are the model's answer, and no probabilities."""
    answer = tf.nest.flatten(model(SCALINGS[scaling](tf.constant(image)), training=False))[0]
    same = (
        _SAME if tf.as_dtype(answer.dtype) == tf.float32 and not _in_half(model) else _SAME_IN_HALF
    )
    answer = np.asarray(tf.cast(answer, tf.float32))
    squashed = np.asarray(_AGAIN[end](tf.cast(logits, tf.float32)))
    if not np.allclose(squashed, answer, atol=same, rtol=same, equal_nan=True):
        raise ModelError(
            "The model's graph does not give its own answer "
            "(does one of its layers draw random numbers?): it cannot be explained."
        )
    adds_up = np.isclose(answer.sum(), 1, atol=same) and (answer >= 0).all()
    if end == "linear" and answer.size > 1 and adds_up:
        raise ModelError(
            "The model ends in probabilities, but not in a softmax that can be taken off: "
            "let Dense, Softmax or Activation with softmax be its last layer."
        )


def _in_half(model: Any) -> bool:
    layers: list[Any] = getattr(model, "_flatten_layers", list)()
    return any("16" in str(getattr(layer, "compute_dtype", "")) for layer in layers)


def _choose_cut(
    shapes: dict[str, tuple[int, ...]], paths: dict[str, str], name: str | None
) -> tuple[str, str]:
    """The tensor to cut at and its layer's path; layers' outputs before what is within them."""
    named = {t: paths[t] for t in shapes if t in paths}
    found = named or {t: base(t) for t in shapes}
    if not found:
        raise ModelError(
            "The model has no 4-D feature map with H, W > 1 that its head reads alone: "
            "Grad-CAM needs one."
        )
    if name is None:
        return list(found.items())[-1]
    for tensor, path in reversed(found.items()):
        if (
            name == path
            or f"/{path}/".endswith(f"/{name}/")
            or (not named and name in path.split("/"))
        ):
            return tensor, path
    some = ", ".join(list(found.values())[-4:])
    raise ModelError(f"No feature layer {name!r}; the last that would do: {some}.")


def _is_map(shape: tuple[int, ...]) -> bool:
    return len(shape) == 4 and min(shape[1:3]) > 1


def _seen_range(graph: Graph, size: int) -> tuple[float, float]:
    """Least and greatest value that the first weighed step reads for a black and a white image."""
    weighed = (node for node in graph.nodes if node.op in _WEIGHED)
    inputs = [name for node in weighed for name in node.input if graph.node(name) is not None]
    read = inputs[0] if inputs else graph.image
    ends = np.stack([np.full((size, size, 3), level, np.float32) for level in (0, 255)])
    (values,) = graph.values(ends, [read]) if base(read) != base(graph.image) else (ends,)
    return float(values.min()), float(values.max())


def _pooled_kernel(graph: Graph, features_at: str) -> NDArray[np.float32] | None:
    """Kernel of the dense layer, where the head is global average pooling and one dense layer."""
    last = graph.node(graph.output)
    if last is not None and last.op in ("BiasAdd", "AddV2", "Add"):
        moving = [name for name in last.input if base(name) not in graph.constants]
        last = graph.node(moving[0]) if len(moving) == 1 else last
    if last is None or last.op != "MatMul" or base(last.input[1]) not in graph.constants:
        return None
    turned = last.attr["transpose_a"].b or last.attr["transpose_b"].b
    pool = graph.node(last.input[0])
    if turned or pool is None or pool.op != "Mean" or pool.input[0] != features_at:
        return None
    axes = graph.constants.get(base(pool.input[1]))
    if axes is None or sorted(np.ravel(axes)) != [1, 2] or pool.attr["keep_dims"].b:
        return None
    return graph.constants[base(last.input[1])]
