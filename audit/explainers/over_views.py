"""Explanations of a prediction that is averaged over views, in the image's own geometry."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from audit.explainers.asked import AskedGradCAM, AskedIntegratedGradients
from audit.explainers.gradcam import Explain, GradCAM
from audit.explainers.integrated_gradients import (
    Attributed,
    Enough,
    Images,
    IntegratedGradients,
    completeness_error,
)
from audit.explainers.lacking import NoGradCAM, NoIntegratedGradients
from audit.models.averaged import Averaged
from audit.models.base import Differentiable
from audit.models.classifier import FrozenClassifier


class AveragedGradCAM(GradCAM):
    """Class activation maps of each view, laid back on the image.

    At each place the mean over the views that see it. Predicted and explained in one forward pass
    a view; the class is that of the averaged prediction.
    """

    def __init__(self, classifier: Averaged, kind: str = "gradcam") -> None:
        super().__init__(classifier, kind)
        self._at = classifier
        self._at_once = classifier.at_once
        height, width = _sides(classifier)
        self._rows = np.stack([view.way_back(height)[0] for view in classifier.views])
        self._columns = np.stack([view.way_back(width)[1] for view in classifier.views])
        self._seen = self._rows.sum(axis=2).T @ self._columns.sum(axis=2)

    def _compiled(self) -> tuple[Explain, Explain]:
        return self._with_the_model()

    def _explain_predicted(self, images: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        features, logits = self._at.forward(self._at.seen(images))
        return self._averaged(features, logits, tf.argmax(self._at.mean(logits), axis=-1))

    def _explain(
        self, images: tf.Tensor, targets: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        return self._averaged(*self._at.forward(self._at.seen(images)), targets)

    def _averaged(
        self, features: tf.Tensor, logits: tf.Tensor, targets: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        views = len(self._at.views)
        _, _, heatmaps = self._maps(features, logits, tf.tile(targets, [views]))
        by_view = tf.reshape(heatmaps, (views, -1, *_sides(self._at)))
        laid_back = tf.einsum("vip,vnpq,vjq->nij", self._rows, by_view, self._columns)
        return self._at.mean(logits), targets, laid_back / self._seen


class AveragedIntegratedGradients(IntegratedGradients):
    """Mean over views of Integrated Gradients, given back to the pixels that each was made of.

    A view's pixels are weighted sums of the image's, so the heatmaps add up, as exactly as those
    of the views, to the mean over the views of the logit's gain. Nodes are counted over all views.
    ``enough`` is asked for index ``view * n + image``, with the view's heatmap in the image's
    geometry.
    """

    def __init__(self, classifier: Averaged, *settings: Any, **named: Any) -> None:
        super().__init__(classifier.each, *settings, **named)
        self._views = classifier.views

    def __call__(
        self,
        images: Images,
        targets: NDArray[np.int64],
        enough: Enough | None = None,
        logits: NDArray[np.float32] | None = None,
    ) -> Attributed:
        """Attribute ``targets`` ``(n,)`` for images ``(n, H, W, 3)`` in 0..255.

        Each view has logits of its own: those of the mean say nothing of them.
        """
        found = [self._of_view(v, images, targets, enough) for v in range(len(self._views))]
        returned = [v.give_back(f.heatmaps) for v, f in zip(self._views, found, strict=True)]
        heatmaps = np.mean(returned, axis=0)
        gains = np.mean([f.gains for f in found], axis=0)
        nodes = np.sum([f.nodes for f in found], axis=0)
        return Attributed(heatmaps, nodes, completeness_error(heatmaps, gains), gains)

    def _of_view(
        self, number: int, images: Images, targets: NDArray[np.int64], enough: Enough | None
    ) -> Attributed:
        view, first = self._views[number], number * len(images)
        here: Enough | None = enough and (
            lambda index, heatmap, error: enough(first + index, view.give_back(heatmap), error)
        )
        return super().__call__(view.show(images), targets, here)


def grad_cam(
    classifier: Differentiable, kind: str = "gradcam"
) -> GradCAM | AskedGradCAM | NoGradCAM:
    """Return a classifier's class activation maps, over its views where it has several."""
    if "gradcam" in classifier.lacks:
        return NoGradCAM(classifier)
    if isinstance(classifier, Averaged):
        return AveragedGradCAM(classifier, kind)
    if isinstance(classifier, FrozenClassifier):
        return GradCAM(classifier, kind)
    return AskedGradCAM(classifier, kind)


def integrated_gradients(
    classifier: Differentiable, *settings: Any
) -> IntegratedGradients | NoIntegratedGradients:
    """Return Integrated Gradients, over a classifier's views where it has several."""
    if "ig" in classifier.lacks:
        return NoIntegratedGradients()
    if isinstance(classifier, Averaged):
        return AveragedIntegratedGradients(classifier, *settings)
    if isinstance(classifier, FrozenClassifier):
        return IntegratedGradients(classifier, *settings)
    return AskedIntegratedGradients(classifier, *settings)


def _sides(classifier: FrozenClassifier) -> tuple[int, int]:
    """Return height and width of the feature map."""
    return classifier.feature_shape[0], classifier.feature_shape[1]
