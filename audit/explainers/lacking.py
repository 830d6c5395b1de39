"""What stands where an explainer that verdicts rest on is not available: answers, no heatmap."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audit.core.registries import EXPLAINERS, STAND_IN
from audit.explainers.base import Explainer
from audit.explainers.gradcam import Explained
from audit.explainers.integrated_gradients import Attributed
from audit.explainers.passes import logits_of
from audit.models.base import Classifier

NAN = np.float32("nan")


class NoGradCAM:
    """Predictions of a classifier that has no feature map; heatmaps are NaN, ``(n, 1, 1)``."""

    def __init__(self, classifier: Classifier) -> None:
        self._classifier = classifier

    def __call__(
        self, images: NDArray[np.float32], targets: NDArray[np.int64] | None = None
    ) -> Explained:
        """Predict images ``(n, H, W, 3)``; the explained class is ``targets`` or the predicted."""
        logits = np.stack(list(logits_of(self._classifier, images)))
        explained = logits.argmax(axis=-1) if targets is None else targets
        return Explained(logits, explained, np.full((len(images), 1, 1), NAN))


class NoIntegratedGradients:
    """Heatmaps that are NaN, of no gradient, for a classifier that has none."""

    batch_size: int | None = None
    steps: int | None = None
    heed: Callable[[], None]

    def __call__(
        self, images: NDArray[np.float32], targets: NDArray[np.int64], *_: Any
    ) -> Attributed:
        """Return NaN for every image ``(n, H, W, 3)``."""
        undefined = np.full(len(images), np.nan)
        nothing = np.zeros(len(images), np.int64)
        return Attributed(np.full(images.shape[:3], NAN), nothing, undefined, undefined)

    def calibrated(self) -> int:
        """Return gradients a call: none are taken, so one at a time."""
        return 1


def stand_ins(classifier: Classifier) -> dict[str, Explainer]:
    """Return what explains every image in place of explainers that a classifier lacks, by key."""
    return {STAND_IN: EXPLAINERS[STAND_IN].of({})} if classifier.lacks else {}
