"""Integrated Gradients (Sundararajan et al. 2017, arXiv 1703.01365), streamed as a running sum."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import cv2
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from audit.models.classifier import Classifier

Images = NDArray[np.float32]


class Attributed(NamedTuple):
    """Heatmaps of a batch.

    Attributes
    ----------
    heatmaps : float32 ``(n, H, W)``
        Signed, in logits, summed over the colour channels.
    completeness_error : float64 ``(n,)``
        ``|sum(IG) - (F(x) - F(x'))| / max(|F(x) - F(x')|, eps)``; 0 is exact, lower is better.
    """

    heatmaps: NDArray[np.float32]
    completeness_error: NDArray[np.float64]


class IntegratedGradients:
    """Attribute a class's logit to pixels along a straight path from a baseline image.

    Parameters
    ----------
    classifier : Classifier
    steps : int
        Nodes of the midpoint rule; cost is one gradient a node, memory does not depend on it.
    baseline : str
        ``black``, ``blurred`` (Gaussian, sigma a tenth of the side) or ``mean`` (the image's mean
        colour).
    """

    def __init__(self, classifier: Classifier, steps: int, baseline: str) -> None:
        size = classifier.input_size
        image = tf.TensorSpec((None, size, size, 3), tf.float32)
        target = tf.TensorSpec((None,), tf.int64)
        self.steps = steps
        self._classifier = classifier
        self._baseline = BASELINES[baseline]
        self._gradient = tf.function(self._gradient_at, input_signature=[image, target])
        self._logit = tf.function(self._logit_of, input_signature=[image, target])

    def __call__(self, images: Images, targets: NDArray[np.int64]) -> Attributed:
        """Attribute ``targets`` ``(n,)`` for images ``(n, H, W, 3)`` in 0..255."""
        baselines = self._baseline(images)
        path = images - baselines
        total = np.zeros_like(images)
        for alpha in midpoints(self.steps):
            total += np.asarray(self._gradient(baselines + alpha * path, targets))
        heatmaps = (path * (total / self.steps)).sum(axis=-1)
        gain = np.asarray(self._logit(images, targets)) - np.asarray(
            self._logit(baselines, targets)
        )
        return Attributed(heatmaps, completeness_error(heatmaps, gain))

    def _logit_of(self, images: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
        return tf.gather(self._classifier.logits(images), targets, batch_dims=1)

    def _gradient_at(self, images: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(images)
            logit = self._logit_of(images, targets)
        return tape.gradient(logit, images)


def midpoints(steps: int) -> NDArray[np.float32]:
    """Nodes of the midpoint rule on 0..1, equal weights: float32 ``(steps,)``."""
    return ((np.arange(steps) + 0.5) / steps).astype(np.float32)


def completeness_error(
    heatmaps: NDArray[np.float32], gain: NDArray[np.float32], eps: float = 1e-6
) -> NDArray[np.float64]:
    """How far each sum of attributions ``(n, H, W)`` is from ``gain`` ``(n,)``, relative to it."""
    total = heatmaps.sum(axis=(1, 2), dtype=np.float64)
    return np.abs(total - gain) / np.maximum(np.abs(gain.astype(np.float64)), eps)


def _black(images: Images) -> Images:
    return np.zeros_like(images)


def _blurred(images: Images) -> Images:
    sigma = images.shape[1] / 10
    blurred = [cv2.GaussianBlur(i, (0, 0), sigma, borderType=cv2.BORDER_REFLECT) for i in images]
    return np.stack(blurred).astype(np.float32)


def _mean(images: Images) -> Images:
    return np.broadcast_to(images.mean(axis=(1, 2), keepdims=True), images.shape).copy()


BASELINES: dict[str, Callable[[Images], Images]] = {
    "black": _black,
    "blurred": _blurred,
    "mean": _mean,
}
