"""Any classifier as features -> head -> float32 logits, without touching the user's model."""

from __future__ import annotations

from copy import copy
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from audit.errors import ModelError, first_line
from audit.models.anatomy import choose_cut, is_map, pooled_kernel, seen_range, without_squashing
from audit.models.frozen import Graph, fold_scales, freeze
from audit.models.inputs import input_size
from audit.models.layerpaths import layer_paths
from audit.models.scaling import SCALINGS

_AGAIN = {
    "softmax": tf.nn.softmax,
    "sigmoid": tf.sigmoid,
    "log-softmax": tf.nn.log_softmax,
    "linear": tf.identity,
}
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
        self.input_size = input_size(model, image_size)
        self.scaling = scaling
        graph, paths = _traced(model, self.input_size, scaling)
        graph, self.end = without_squashing(graph)
        shapes, logits = _shapes_and_logits(model, graph, self.end, self.input_size, scaling)
        self.features_at, self.feature_layer = choose_cut(shapes, paths, feature_layer)
        self.feature_shape = shapes[self.features_at]
        self.classes = int(logits.shape[-1])
        self.seen_range = seen_range(graph, self.input_size)
        self.kernel = pooled_kernel(graph, self.features_at)
        self.graph = fold_scales(graph, [self.features_at])
        self._compile()

    def untrained(self, seed: int) -> Classifier:
        """A classifier of the same form with weights drawn anew, each layer's apart."""
        other = copy(self)
        other.graph = self.graph.untrained(seed)
        other.kernel = pooled_kernel(other.graph, other.features_at)
        other._compile()
        return other

    def _compile(self) -> None:
        self._features = self._compiled(self._features_of, (self.input_size, self.input_size, 3))
        self._logits = self._compiled(self._logits_of, (self.input_size, self.input_size, 3))
        self._head = self._compiled(self._head_of, self.feature_shape)

    @staticmethod
    def _compiled(function: Any, shape: tuple[int, ...]) -> Any:
        return tf.function(function, input_signature=[tf.TensorSpec((None, *shape), tf.float32)])

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


def _shapes_and_logits(
    model: Any, graph: Graph, end: str, size: int, scaling: str
) -> tuple[dict[str, tuple[int, ...]], NDArray[np.float32]]:
    """Shapes of the maps where the graph can be cut, and its logits for a probe, both checked."""
    probe, cuts = _probe(size), graph.cuts()
    try:
        *maps, logits = graph.values(probe, [*cuts, graph.output])
    except (ValueError, tf.errors.OpError) as error:
        raise _does_not_run(size, error) from None
    _refuse_if_not_the_model(model, graph, probe, logits, end, scaling)
    if logits.ndim != 2:
        raise ModelError(
            f"The model's output is {logits.shape[1:]} for an image: "
            "an audit needs one number a class."
        )
    shapes = {t: m.shape[1:] for t, m in zip(cuts, maps, strict=True) if is_map(m.shape)}
    return shapes, logits


def _does_not_run(size: int, error: Exception) -> ModelError:
    return ModelError(f"The model does not run on a {size}x{size} image: {first_line(error)}.")


def _probe(size: int) -> NDArray[np.float32]:
    """One image of noise ``(1, size, size, 3)``: unlike a black one, it wakes every layer."""
    noise = np.random.default_rng(0).uniform(0, 255, (1, size, size, 3))
    return noise.astype(np.float32)


def _refuse_if_not_the_model(
    model: Any,
    graph: Graph,
    image: NDArray[np.float32],
    logits: NDArray[np.float32],
    end: str,
    scaling: str,
) -> None:
    """Raise unless the logits, squashed again, are the model's answer, and no probabilities."""
    answer = tf.nest.flatten(model(SCALINGS[scaling](tf.constant(image)), training=False))[0]
    same = _SAME_IN_HALF if graph.was_half else _SAME
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
