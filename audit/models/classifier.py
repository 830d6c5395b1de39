"""Any classifier as features -> head -> float32 logits, without touching the user's model."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Mapping, Sequence
from copy import copy
from types import MappingProxyType
from typing import Any, TypeVar, cast

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from audit.core.errors import ModelError, first_line
from audit.core.observation import Observation
from audit.models.anatomy import pooled_kernel, seen_range, with_pooled_head
from audit.models.backend import bears_threads
from audit.models.base import Differentiable, FeatureGradient, refuse_other_head
from audit.models.cuts import choose_cut
from audit.models.ends import without_squashing
from audit.models.frozen import Graph, fold_scales, freeze
from audit.models.gradients import reaches_image
from audit.models.inputs import ImageInput, image_input
from audit.models.layerpaths import layer_paths
from audit.models.observations import observe, outputs_in_words
from audit.models.outputs import each_alone, finished
from audit.models.probes import finite_share, is_alike, probes
from audit.models.scaling import treated
from audit.models.smooth import smoothed
from audit.models.specs import specs_of

R = TypeVar("R")
_DRAWS = re.compile(r"\bRng|Rng[A-Z]|stateful_uniform|RandomUniform|seed_generator")
_SAME = 1e-3  # how far two answers of one model may differ; half precision is allowed more
_SAME_IN_HALF = 2e-2  # half precision has three digits, fewer after many layers
_ALIKE = 1e-4  # how far apart two classes' answers may be and still tie


class FrozenClassifier(Differentiable):
    """A model cut at a feature map, as one frozen graph that ends in float32 logits.

    Batch normalisation is folded into the convolutions before it. The model given is neither
    changed nor needed afterwards: weights changed later do not count.

    Parameters
    ----------
    model : keras.Model, tf_keras.Model or SavedModel
        Functional, Sequential or subclassed, backbones nested or flat; RGB or grey images in,
        classes out.
    feature_layer : str, optional
        Layer whose output Grad-CAM reads, by name or by path (``backbone/top_relu``).
        Default: the last 4-D feature map with H, W > 1 that all later layers read alone, behind
        at least half of the weights; with parallel branches, their last maps joined.
    image_size : int, optional
        Side of the input where the model leaves it open.
    scaling : str
        What the model wants, as `treated` takes it; images come as RGB in 0..255.

    Attributes
    ----------
    input : ImageInput
        What the model itself takes.
    input_size : int
        Side of the square input in pixels.
    classes : int
        Number of logits.
    units : int
        Number of the model's own outputs: 1 for one unit that tells two classes apart, whose
        logits are ``[-z/2, z/2]``.
    feature_layer : str
        Path of the layer found; those of joined maps with `` + `` between.
    feature_shape : tuple[int, ...]
        Height, width and channels of its map.
    end : str
        What was taken off to reach the logits, outermost first: ``softmax``, ``softmax of
        softmax``, ``linear`` (nothing), ...; ``probabilities (log)`` where the logits are their
        logarithms.
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
        The model has no such layer, or another form than an image classifier's, or its logits have
        no gradient.
    """

    lacks: Mapping[str, str] = MappingProxyType({})

    def __init__(
        self,
        model: Any,
        feature_layer: str | None = None,
        image_size: int | None = None,
        scaling: str = "0..255",
    ) -> None:
        self.model = model
        self.input = image_input(model, image_size)
        self.input_size, self.scaling = self.input.size, scaling
        images = probes(self.input_size)
        graph, paths, answers = _read(model, self.input, scaling, images)
        specs = specs_of(graph, self.input_size)
        logits = without_squashing(graph, specs)
        own, values = graph.values(images, [graph.output, logits.graph.output])
        _refuse_if_not_the_model(own, answers, half=graph.was_half)
        self.cut = choose_cut(logits.graph, specs, paths, feature_layer, self.input_size)
        self.answer = finished(logits._replace(graph=self.cut.graph), values)
        self.end, self.units = self.answer.end, self.answer.units
        self.features_at, self.feature_layer = self.cut.tensor, self.cut.path
        self.feature_shape = self.cut.shape
        self.seen_range = seen_range(self.answer.graph, self.input_size)
        self.kernel = pooled_kernel(self.answer.graph, self.features_at)
        self.graph = fold_scales(self.answer.graph, [self.features_at])
        self._try(images, answers)
        self.concurrent = bears_threads()
        self._compile()

    def observations(self) -> list[Observation]:
        """Observe what the model was taken for: end, input and feature layer, for a preflight."""
        return observe(self)

    def untrained(self, seed: int) -> FrozenClassifier:
        """Return a classifier of the same form with weights drawn anew, each layer's apart."""
        other = copy(self)
        other.graph = self.graph.untrained(seed)
        other.kernel = pooled_kernel(other.graph, other.features_at)
        other._compile()
        return other

    def with_head(self, kernel: NDArray[np.float32], bias: NDArray[np.float32]) -> FrozenClassifier:
        """Return a classifier of the same features under another head: pooling and a dense layer.

        Parameters
        ----------
        kernel, bias : float32 ``(channels, classes)``, ``(classes,)``
            Of the dense layer; what it gives are logits.

        Raises
        ------
        ModelError
            They are not for this feature map.
        """
        refuse_other_head(self, kernel, bias)
        other = copy(self)
        given = np.asarray(kernel, np.float32), np.asarray(bias, np.float32)
        other.graph = with_pooled_head(self.graph, self.features_at, *given)
        other.kernel = pooled_kernel(other.graph, other.features_at)
        other.cut = self.cut._replace(whole=True)
        other.end, other.classes, other.units = "linear", len(bias), len(bias)
        other._compile()
        return other

    def each_alone(self) -> FrozenClassifier:
        """Return the classifier whose outputs are read each by itself: of several labels."""
        other = copy(self)
        values = self.answer.graph.values(probes(self.input_size), [self.answer.graph.output])
        other.answer = each_alone(self.answer, *values)
        other.graph = fold_scales(other.answer.graph, [self.features_at])
        if self.kernel is not None and not self.answer.bounded:
            other.kernel = np.concatenate([self.kernel / 2, self.kernel / -2], axis=1)
        other.end, other.classes, other.several = other.answer.end, 2 * self.classes, True
        other._compile()
        return other

    def _try(self, images: NDArray[np.float32], answers: NDArray[np.float32]) -> None:
        """See what the logits are for the trial images, and whether they have a gradient."""
        (logits,) = self.graph.values(images, [self.graph.output])
        self.classes = int(logits.shape[-1])
        (alone,) = self.graph.values(images[-1:], [self.graph.output])
        self.alike_alone, self.finite = is_alike(alone[0], logits[-1]), finite_share(logits)
        _refuse_another_order(answers.reshape(len(answers), -1), logits, self.end)
        changing = bool(np.ptp(logits, axis=0).any())  # NaN counts: it is told elsewhere
        # Noise and blots: a plain image may lie where every ReLU is flat.
        self.has_gradient = changing and reaches_image(self.graph, images[:4:3])

    def compiled(self, key: Hashable, make: Callable[[], R]) -> R:
        """Return what ``make`` compiles for this model, made once: its weights take memory."""
        if key not in self._made:
            self._made[key] = make()
        return cast("R", self._made[key])

    def _compile(self) -> None:
        self._made: dict[Hashable, Any] = {}
        sides = (self.input_size, self.input_size, 3)
        self._both = self._compiled(self.forward, sides)
        self._head = self._compiled(self._head_of, self.feature_shape, sides)

    @staticmethod
    def _compiled(function: Any, *shapes: tuple[int, ...]) -> Any:
        specs = [tf.TensorSpec((None, *shape), tf.float32) for shape in shapes]
        return tf.function(function, input_signature=specs)

    def both(self, images: Any) -> tuple[tf.Tensor, tf.Tensor]:
        """Return feature maps and logits, as `features` and `logits` do, of one forward pass."""
        found: tuple[tf.Tensor, tf.Tensor] = self._both(tf.convert_to_tensor(images, tf.float32))
        return found

    def features(self, images: Any) -> tf.Tensor:
        """Return feature maps ``(n, h, w, c)`` of float32 images ``(n, H, W, 3)`` in 0..255."""
        return self.both(images)[0]

    def head(self, features: Any, images: Any = None) -> tf.Tensor:
        """Return float32 logits ``(n, classes)`` of feature maps.

        Parameters
        ----------
        features : float32 ``(n, h, w, c)``
        images : float32 ``(n, H, W, 3)``, optional
            Needed where the map lies on one of several branches: what the others see.

        Raises
        ------
        ModelError
            They are needed and not given.
        """
        if images is None and not self.cut.whole:
            raise ModelError(f"The head reads more of the image than {self.feature_layer}.")
        if images is None:  # all comes through the map: a black image has the shape alone
            images = tf.zeros((len(features), self.input_size, self.input_size, 3))
        given = (tf.convert_to_tensor(values, tf.float32) for values in (features, images))
        return self._head(*given)

    def logits(self, images: Any) -> tf.Tensor:
        """Return float32 logits ``(n, classes)`` of float32 images ``(n, H, W, 3)`` in 0..255."""
        return self.both(images)[1]

    def gradient(
        self, images: Any, targets: NDArray[np.int64]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return gradients ``(n, H, W, 3)`` of targets' logits by images, and all logits."""
        given = tf.convert_to_tensor(images, tf.float32)
        with tf.GradientTape() as tape:
            tape.watch(given)
            logits = self.logits(given)
            score = tf.gather(logits, targets, batch_dims=1)
        return np.asarray(tape.gradient(score, given)), np.asarray(logits)

    def feature_gradient(
        self, images: Any, targets: NDArray[np.int64] | None = None
    ) -> FeatureGradient:
        """Return feature maps and gradients of a class's logit by them; see `FeatureGradient`."""
        given = tf.convert_to_tensor(images, tf.float32)
        features = self.features(given)
        with tf.GradientTape() as tape:
            tape.watch(features)
            logits = self.head(features, given)
            answers = np.asarray(logits)
            explained = answers.argmax(axis=-1) if targets is None else targets
            score = tf.gather(logits, explained, batch_dims=1)
        found = np.asarray(features), np.asarray(tape.gradient(score, features))
        return FeatureGradient(answers, explained, *found)

    def describe(self) -> str:
        """Return one line that says what was found."""
        height, width, channels = self.feature_shape
        low, high = self.seen_range
        outside = "" if self.scaling == "0..255" else f" scaled to {self.scaling} before it,"
        grey = " grey," if self.input.grey else ""
        units = "one unit read as " if self.units == 1 else ""
        head = "pooled dense" if self.kernel is not None else "other"
        return (
            f"features {self.feature_layer} ({height}x{width}x{channels}), input "
            f"{self.input_size}x{self.input_size},{grey} 0..255{outside} read as "
            f"{low:.3g}..{high:.3g}, {head} head, {units}{outputs_in_words(self)}"
        )

    def forward(self, images: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Compute feature maps and float32 logits of images inside a `tf.function`."""
        features, logits = self.graph.run(images, [self.features_at, self.graph.output])
        return features, tf.cast(logits, tf.float32)

    def _head_of(self, features: tf.Tensor, images: tf.Tensor) -> tf.Tensor:
        given = {self.features_at: features}
        return tf.cast(self.graph.run(images, [self.graph.output], given)[0], tf.float32)


def _read(
    model: Any, given: ImageInput, scaling: str, probe: NDArray[np.float32]
) -> tuple[Graph, dict[str, str], NDArray[np.float32]]:
    """Return the model's graph, its layers' paths by the tensors they make, and its own answers."""
    answer = _answering(model, given, scaling)
    try:
        with layer_paths(model) as paths:
            graph = freeze(answer, given.size)
        if not graph.reads_image():
            raise ModelError("The model's output does not depend on the image.")
        # Not eagerly: that keeps several hundred megabytes for as long as the process lives.
        own = tf.function(answer, autograph=False)(tf.constant(probe))
        answers = np.asarray(tf.cast(own, tf.float32))
        graph = _smoothed(graph, given.size, probe, answers)
    except (ValueError, TypeError, NotImplementedError, tf.errors.OpError) as error:
        if _DRAWS.search(str(error)):
            raise ModelError(
                "The model draws random numbers while it predicts, as dropout and augmentation do: "
                "save it with them switched off (training=False)."
            ) from None
        raise ModelError(
            f"The model does not run on a {given.size}x{given.size} image: {first_line(error)}."
        ) from None
    named: dict[str, str] = {}
    for tensor, path in paths.items():
        named.setdefault(graph.named(tensor), path)
    return graph, named, answers


def _answering(model: Any, given: ImageInput, scaling: str) -> Callable[[tf.Tensor], tf.Tensor]:
    """Return the model's own answer to RGB images in 0..255."""

    def answer(images: tf.Tensor) -> tf.Tensor:
        scaled = treated(scaling, images)
        made = tf.nest.flatten(model(given.fed(scaled), training=False))
        if len(made) != 1:
            raise ModelError(
                f"The model has {len(made)} outputs ({_named(model, made)}), but an audit needs "
                "one of classes: keras.Model(model.input, model.outputs[0]) keeps the first."
            )
        return made[0]

    return answer


def _named(model: Any, made: Sequence[tf.Tensor]) -> str:
    """Return the names of a model's outputs, or their shapes where they have none."""
    names = getattr(model, "output_names", None) or []
    return ", ".join(names if len(names) == len(made) else [str(tuple(t.shape)) for t in made])


def _smoothed(
    graph: Graph, size: int, images: NDArray[np.float32], answers: NDArray[np.float32]
) -> Graph:
    """Return the graph with gradients of its first steps, where it answers the same with them."""
    found = smoothed(graph, size)
    if found is graph:
        return graph
    (values,) = found.values(images, [found.output])
    return found if _are_alike(values, answers, half=found.was_half) else graph


def _are_alike(own: NDArray[Any], answers: NDArray[np.float32], *, half: bool) -> bool:
    same = _SAME_IN_HALF if half else _SAME
    return bool(
        own.shape == answers.shape
        and np.allclose(own, answers, atol=same, rtol=same, equal_nan=True)
    )


def _refuse_if_not_the_model(
    own: NDArray[Any], answers: NDArray[np.float32], *, half: bool
) -> None:
    if not _are_alike(own, answers, half=half):
        raise ModelError(
            "The model's graph does not give its own answer "
            "(does one of its layers draw random numbers?): it cannot be explained."
        )


def _refuse_another_order(
    answers: NDArray[np.float32], logits: NDArray[np.float32], end: str
) -> None:
    """Raise unless the logits put first what the model's own answers ``(n, units)`` do."""
    known = np.isfinite(answers).all(axis=1) & np.isfinite(logits).all(axis=1)
    answers, logits = answers[known], logits[known]
    if answers.shape[1] > 1:
        first = answers[np.arange(len(answers)), logits.argmax(axis=1)]
        wrong = answers.max(axis=1) - first > _ALIKE * np.ptp(answers, axis=1) + _ALIKE**2
    else:
        ordered = logits[np.lexsort((logits[:, 1], answers[:, 0])), 1]
        wrong = np.diff(ordered) < -_ALIKE * (1 + np.abs(ordered[1:]))
    if wrong.any():
        raise ModelError(
            f"The logits found before the model's end ({end}) do not give its own order of "
            "classes: it cannot be explained."
        )


Classifier = FrozenClassifier  # its name before; `audit.models.base.Classifier` is the protocol
