"""The last layer of a model: what it reads, and the model with another one in its place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from audit.core.errors import ModelError
from audit.core.wording import why_closed
from audit.models.anatomy import last_dense
from audit.models.base import Differentiable
from audit.models.classifier import FrozenClassifier

Features = NDArray[np.float32]
_SAME = 1e-2  # relative: half precision rounds what the graph holds


class LastLayer:
    """The dense layer whose outputs are a model's logits.

    Parameters
    ----------
    classifier : FrozenClassifier
        Of a model of Keras 3.

    Attributes
    ----------
    classifier : FrozenClassifier
        As given.
    layer : keras.Layer
        The layer itself.
    kernel, bias : float32 ``(channels, classes)``, ``(classes,)``
        That give logits, whatever number of units the model has.

    Raises
    ------
    ModelError
        The model ends otherwise, or it cannot be written by Keras 3.
    """

    def __init__(self, classifier: Differentiable) -> None:
        model = classifier.model
        if why := why_closed(classifier.lacks):
            raise ModelError(f"{model.name} has no last layer to teach again: {why}.")
        if not isinstance(model, keras.Model) or not isinstance(classifier, FrozenClassifier):
            raise ModelError(
                f"{model.name} was not made by Keras 3, which alone writes what is mended: save "
                "it by Keras 3, as a .keras file."
            )
        found = last_dense(classifier.graph)
        if found is None or found.bias is None:
            raise ModelError(
                f"The head of {model.name} cannot be cut off: its logits are not those of one "
                "dense layer with a bias at its end."
            )
        self.model, self.reads, self._halves = model, found.reads, found.halves
        self.layer = _owner(model, found.kernel, found.bias)
        self.classifier = classifier
        self.kernel, self.bias = self._of_classes(found.kernel), self._of_classes(found.bias)
        spec = tf.TensorSpec((None, classifier.input_size, classifier.input_size, 3), tf.float32)
        self._features = tf.function(
            lambda images: classifier.graph.run(images, [self.reads])[0], input_signature=[spec]
        )

    def features(self, images: NDArray[Any]) -> Features:
        """Return what the layer reads, float32 ``(n, channels)``, of images in 0..255."""
        return np.asarray(self._features(tf.convert_to_tensor(images, tf.float32)), np.float32)

    def replaced(self, kernel: Features, bias: Features) -> Any:
        """Return the model with other weights in this layer, and no other change.

        Parameters
        ----------
        kernel, bias : float32 ``(channels, classes)``, ``(classes,)``
        """
        for variable, value in zip(self.layer.weights, (kernel, bias), strict=True):
            # One unit tells two classes apart by the difference of their logits.
            own = value if self._halves is None else value[..., 1:] - value[..., :1]
            variable.assign(own)
        return self.model

    def _of_classes(self, values: Features) -> Features:
        return np.asarray(values if self._halves is None else values * self._halves, np.float32)


def _owner(model: Any, kernel: Features, bias: Features) -> Any:
    """Find the layer that has these weights; both are asked for, as a bias may be all zeros."""
    for layer in _layers(model):
        own = layer.weights
        if len(own) == 2 and _is(own[0], kernel) and _is(own[1], bias):
            return layer
    raise ModelError(
        f"The head of {model.name} cannot be cut off: none of its layers holds the kernel and the "
        "bias that its logits come from."
    )


def _layers(model: Any) -> Iterator[Any]:
    """Yield the layers of a model that have weights, from its end, those within others too."""
    layers = list(model._flatten_layers(include_self=False))
    yield from (layer for layer in reversed(layers) if not getattr(layer, "layers", None))


def _is(variable: Any, value: Features) -> bool:
    if tuple(variable.shape) != value.shape:
        return False
    return bool(np.allclose(np.asarray(variable), value, rtol=_SAME, atol=_SAME * _SAME))
