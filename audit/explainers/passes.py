"""Images that are shown to a model in full passes, several at once where it bears that."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audit.core.abreast import abreast, streams
from audit.datasets.batches import in_batches
from audit.explainers.base import PASS
from audit.models.base import Classifier


def logits_of(
    classifier: Classifier, images: Iterable[NDArray[Any]]
) -> Iterator[NDArray[np.float32]]:
    """Yield float32 logits ``(classes,)`` of each image ``(H, W, 3)`` in 0..255."""
    return _shown(classifier, classifier.logits, images)


def features_of(
    classifier: Classifier, images: Iterable[NDArray[Any]]
) -> Iterator[NDArray[np.float32]]:
    """Yield the float32 feature map ``(h, w, c)`` of each image ``(H, W, 3)`` in 0..255."""
    return _shown(classifier, classifier.features, images)


def _shown(
    classifier: Classifier, ask: Callable[..., Any], images: Iterable[NDArray[Any]]
) -> Iterator[NDArray[np.float32]]:
    def asked(some: list[NDArray[Any]]) -> NDArray[np.float32]:
        return np.asarray(ask(np.stack(some).astype(np.float32)), np.float32)

    count = streams() if classifier.concurrent else 1
    for found in abreast(asked, in_batches(images, PASS), count, stop=lambda: None):
        yield from found
