"""Class activation maps from one forward pass: Grad-CAM and its kin, gradient of the head only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from audit.explainers.base import PASS
from audit.models.classifier import FrozenClassifier

Explain = Callable[..., Any]  # images, and targets where they are given, to the parts of Explained


class Explained(NamedTuple):
    """Predictions and their class activation maps.

    Attributes
    ----------
    logits : float32 ``(n, classes)``
    targets : int64 ``(n,)``
        The explained class.
    heatmaps : float32 ``(n, h, w)``
        Non-negative, at the feature map's own size; in logits per unit of mean activation
        (Grad-CAM), in logits (HiResCAM), without unit (Grad-CAM++).
    """

    logits: NDArray[np.float32]
    targets: NDArray[np.int64]
    heatmaps: NDArray[np.float32]


class GradCAM:
    """Prediction and explanation of batches in one compiled call.

    Parameters
    ----------
    classifier : Classifier
    kind : str
        ``gradcam`` (Selvaraju et al. 2017, arXiv 1610.02391), ``gradcam++`` (Chattopadhay et al.
        2018, arXiv 1710.11063) or ``hirescam`` (Draelos and Carin 2020, arXiv 2011.08891).
    closed_form : bool
        Read the gradient off the kernel where the head is global pooling and one dense layer.
    """

    def __init__(
        self, classifier: FrozenClassifier, kind: str = "gradcam", *, closed_form: bool = True
    ) -> None:
        self._classifier = classifier
        self._at_once = PASS
        self._combine = KINDS[kind]
        self._kernel = classifier.kernel if closed_form else None
        key = GradCAM, kind, closed_form
        self._of_predicted, self._of_targets = classifier.compiled(key, self._compiled)

    def _compiled(self) -> tuple[Explain, Explain]:
        if self._kernel is None:
            return self._with_the_model()
        at = self._classifier
        features = tf.TensorSpec((None, *at.feature_shape), tf.float32)
        logits = tf.TensorSpec((None, at.classes), tf.float32)
        targets = tf.TensorSpec((None,), tf.int64)
        read = tf.function(self._maps, input_signature=[features, logits, targets])

        def of_predicted(images: Any) -> Any:
            features, logits = at.both(images)
            return read(features, logits, tf.argmax(logits, axis=-1))

        return of_predicted, lambda images, targets: read(*at.both(images), targets)

    def _with_the_model(self) -> tuple[Explain, Explain]:
        """Compile graphs that hold the model, each with weights of its own, for its gradients."""
        size = self._classifier.input_size
        images = tf.TensorSpec((None, size, size, 3), tf.float32)
        targets = tf.TensorSpec((None,), tf.int64)
        return (
            tf.function(self._explain_predicted, input_signature=[images]),
            tf.function(self._explain, input_signature=[images, targets]),
        )

    def __call__(
        self, images: NDArray[np.float32], targets: NDArray[np.int64] | None = None
    ) -> Explained:
        """Explain the predicted class, or ``targets`` ``(n,)``, of images ``(n, H, W, 3)``."""
        call = self._of_predicted if targets is None else self._of_targets
        given = (images,) if targets is None else (images, targets)
        starts = range(0, len(images), self._at_once)
        parts = [call(*(array[i : i + self._at_once] for array in given)) for i in starts]
        return Explained(*(np.concatenate(part) for part in zip(*parts, strict=True)))

    def _explain_predicted(self, images: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        features, logits = self._classifier.forward(images)
        return self._maps(features, logits, tf.argmax(logits, axis=-1))

    def _explain(
        self, images: tf.Tensor, targets: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        return self._maps(*self._classifier.forward(images), targets)

    def _maps(
        self, features: tf.Tensor, logits: tf.Tensor, targets: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        if self._kernel is not None:
            gradients = pooled_gradients(features, self._kernel, targets)
        else:
            score = tf.gather(logits, targets, batch_dims=1)
            (gradients,) = tf.gradients(score, features)
        return logits, targets, self._combine(features, gradients)


def pooled_gradients(features: Any, kernel: Any, targets: Any) -> tf.Tensor:
    """Return the gradient behind pooling and a dense layer: ``(n, 1, 1, c)``, alike everywhere."""
    positions = tf.cast(tf.shape(features)[1] * tf.shape(features)[2], tf.float32)
    return (tf.gather(tf.transpose(kernel), targets) / positions)[:, None, None, :]


def channel_weights(gradients: Any) -> tf.Tensor:
    """Return the mean gradient of each channel: ``(n, h, w, c)`` to float32 ``(n, c)``."""
    return tf.reduce_mean(tf.cast(gradients, tf.float32), axis=(1, 2))


def weighted_sum(features: Any, weights: Any) -> tf.Tensor:
    """Return the positive part of the channels' weighted sum: float32 ``(n, h, w)``."""
    return tf.nn.relu(tf.einsum("nhwc,nc->nhw", tf.cast(features, tf.float32), weights))


def _gradcam(features: tf.Tensor, gradients: tf.Tensor) -> tf.Tensor:
    return weighted_sum(features, channel_weights(gradients))


def _gradcam_plus_plus(features: tf.Tensor, gradients: tf.Tensor) -> tf.Tensor:
    """Return the weights of Grad-CAM++ for the score ``exp(logit)``, whose own factor cancels."""
    gradients = tf.broadcast_to(gradients, tf.shape(features))
    total = tf.reduce_sum(features, axis=(1, 2), keepdims=True)
    below = 2 * gradients**2 + total * gradients**3
    alphas = tf.math.divide_no_nan(gradients**2, below)
    return weighted_sum(features, tf.reduce_sum(alphas * tf.nn.relu(gradients), axis=(1, 2)))


def _hirescam(features: tf.Tensor, gradients: tf.Tensor) -> tf.Tensor:
    return tf.nn.relu(tf.reduce_sum(features * gradients, axis=-1))


KINDS: dict[str, Callable[[tf.Tensor, tf.Tensor], tf.Tensor]] = {
    "gradcam": _gradcam,
    "gradcam++": _gradcam_plus_plus,
    "hirescam": _hirescam,
}
