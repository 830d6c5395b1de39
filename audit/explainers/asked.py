"""Explainers of classifiers of any framework, which are asked for their gradients."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audit.explainers.gradcam import KINDS, Explained
from audit.explainers.integrated_gradients import Gradients, IntegratedGradients
from audit.explainers.passes import in_passes
from audit.models.base import Differentiable


class AskedGradCAM:
    """Prediction and class activation maps of batches, by feature maps and their gradients.

    Parameters
    ----------
    classifier : Differentiable
    kind : str
        As for `audit.explainers.gradcam.GradCAM`.
    """

    def __init__(self, classifier: Differentiable, kind: str = "gradcam") -> None:
        self._classifier = classifier
        self._combine = KINDS[kind]

    def __call__(
        self, images: NDArray[np.float32], targets: NDArray[np.int64] | None = None
    ) -> Explained:
        """Explain the predicted class, or ``targets`` ``(n,)``, of images ``(n, H, W, 3)``."""

        def explained(rows: list[int]) -> Explained:
            asked = None if targets is None else targets[rows]
            found = self._classifier.feature_gradient(images[rows], asked)
            heatmaps = np.asarray(self._combine(found.features, found.gradients))
            return Explained(found.logits, found.targets, heatmaps)

        found = in_passes(self._classifier, explained, range(len(images)))
        return Explained(*(np.concatenate(part) for part in zip(*found, strict=True)))


class AskedIntegratedGradients(IntegratedGradients):
    """Integrated Gradients whose paths are made here, node by node."""

    def _replicas_of(self, classifier: Any, devices: Sequence[str]) -> list[Any]:
        return [_Asked(classifier, self._sum.share)]


class _Asked(Gradients):
    """A classifier's gradients along paths."""

    def __init__(self, classifier: Differentiable, share: Callable[..., Any]) -> None:
        super().__init__(classifier.input_size)
        self._classifier, self._share = classifier, share

    def along(self, tasks: Sequence[Any]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return what each node adds, before its weight, and its logit."""
        paths = np.stack([task.owner.path for task in tasks])
        alphas = np.array([task.alpha for task in tasks], np.float32)
        points = alphas[:, None, None, None] * paths
        points += np.stack([task.owner.baseline for task in tasks])
        targets = np.array([task.owner.target for task in tasks])
        gradients, logits = self._classifier.gradient(points, targets)
        shares = np.asarray(self._share(gradients, paths))
        return shares, logits[np.arange(len(tasks)), targets]

    def once(self, images: NDArray[np.float32]) -> None:
        """Take a gradient at each image, whatever it is."""
        self._classifier.gradient(images, np.zeros(len(images), np.int64))
