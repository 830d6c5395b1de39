"""Test-time augmentation: a classifier that averages its answer over views of an image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from audit.core.errors import ModelError
from audit.models.base import Differentiable
from audit.models.classifier import FrozenClassifier
from audit.models.views import View, draw_views

_PASS = 8  # views a forward pass, if one image has no more


class Averaged(FrozenClassifier):
    """A classifier whose logits are the mean over views of the log-probabilities.

    They are a softmax's logits of the geometric mean of the views' probabilities, and differ from
    the mean of the views' own logits by one number an image: the same answer, the same log-odds.
    ``features`` and ``head`` are those of an image as it is.

    Parameters
    ----------
    each : Classifier
        What sees each view.
    views : sequence of View
        The image itself among them.

    Attributes
    ----------
    at_once : int
        Images a forward pass, so that their views fill it.
    """

    def __init__(self, each: FrozenClassifier, views: Sequence[View]) -> None:
        vars(self).update(vars(each))
        self.each = each
        self.views = tuple(views)
        self.at_once = max(1, _PASS // len(self.views))
        sampling = [view.sampling(self.input_size) for view in self.views]
        self._rows, self._columns = (np.stack(axis) for axis in zip(*sampling, strict=True))
        self._compile()

    def untrained(self, seed: int) -> Averaged:
        """Return the same views seen with weights drawn anew."""
        return Averaged(self.each.untrained(seed), self.views)

    def with_head(self, kernel: NDArray[np.float32], bias: NDArray[np.float32]) -> Averaged:
        """Return the same views seen by the same features under another head."""
        return Averaged(self.each.with_head(kernel, bias), self.views)

    def logits(self, images: Any) -> tf.Tensor:
        """Return float32 mean log-probabilities ``(n, classes)`` of images ``(n, H, W, 3)``."""
        starts = range(0, len(images), self.at_once)
        return tf.concat([self._mean(images[i : i + self.at_once]) for i in starts], axis=0)

    def describe(self) -> str:
        """Return one line that says what was found."""
        return f"{super().describe()}, mean of {len(self.views)} views"

    def seen(self, images: tf.Tensor) -> tf.Tensor:
        """Return all views of images ``(n, H, W, 3)``, view by view: ``(views n, H, W, 3)``."""
        views = tf.einsum("vip,npqc,vjq->vnijc", self._rows, images, self._columns)
        return tf.reshape(views, (-1, *images.shape[1:]))

    def mean(self, logits: tf.Tensor) -> tf.Tensor:
        """Return mean log-probabilities ``(n, classes)`` of logits ``(views n, classes)``."""
        likely = tf.reshape(tf.nn.log_softmax(logits), (len(self.views), -1, self.classes))
        return tf.reduce_mean(likely, axis=0)

    def _compile(self) -> None:
        super()._compile()
        self._mean = self._compiled(self._mean_of, (self.input_size, self.input_size, 3))

    def _mean_of(self, images: tf.Tensor) -> tf.Tensor:
        return self.mean(self.forward(self.seen(images))[1])


def averaged(classifier: Differentiable, count: int, seed: int) -> Differentiable:
    """Return the classifier averaged over ``count`` views of each image; itself where that is 1.

    Raises
    ------
    ModelError
        It is none of Keras or TensorFlow.
    """
    if count == 1:
        return classifier
    if not isinstance(classifier, FrozenClassifier):
        raise ModelError("Views are averaged of Keras models alone: leave --tta out.")
    return Averaged(classifier, draw_views(count, seed))
