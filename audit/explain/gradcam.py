"""Grad-CAM (Selvaraju et al. 2017, arXiv 1610.02391): features once, gradient of the head only."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from audit.models.classifier import Classifier


class Explained(NamedTuple):
    """Predictions and their Grad-CAM.

    Attributes
    ----------
    logits : float32 ``(n, classes)``
    targets : int64 ``(n,)``
        The explained (predicted) class.
    heatmaps : float32 ``(n, h, w)``
        Non-negative, in logits per unit of mean activation, at the feature map's own size.
    """

    logits: NDArray[np.float32]
    targets: NDArray[np.int64]
    heatmaps: NDArray[np.float32]


class GradCAM:
    """Predict and explain batches in one compiled call."""

    def __init__(self, classifier: Classifier) -> None:
        size = classifier.input_size
        spec = tf.TensorSpec((None, size, size, 3), tf.float32)
        self._classifier = classifier
        self._compiled = tf.function(self._explain, input_signature=[spec])

    def __call__(self, images: NDArray[np.float32]) -> Explained:
        """Explain the predicted class of images ``(n, H, W, 3)`` in 0..255."""
        return Explained(*(np.asarray(t) for t in self._compiled(tf.constant(images))))

    def _explain(self, images: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        features = self._classifier.features(images)
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(features)
            logits = self._classifier.head(features)
            targets = tf.argmax(logits, axis=-1)
            score = tf.gather(logits, targets, batch_dims=1)
        gradients = tape.gradient(score, features)
        return logits, targets, weighted_sum(features, channel_weights(gradients))


def channel_weights(gradients: Any) -> tf.Tensor:
    """Mean gradient of each channel: ``(n, h, w, c)`` to float32 ``(n, c)``."""
    return tf.reduce_mean(tf.cast(gradients, tf.float32), axis=(1, 2))


def weighted_sum(features: Any, weights: Any) -> tf.Tensor:
    """Positive part of the channels' weighted sum: float32 ``(n, h, w)``."""
    return tf.nn.relu(tf.einsum("nhwc,nc->nhw", tf.cast(features, tf.float32), weights))
