"""Images that are shown to a model in full passes, several at once where it bears that."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from audit.core.abreast import abreast, streams
from audit.datasets.batches import in_batches
from audit.explainers.base import PASS
from audit.models.base import Classifier

T = TypeVar("T")
R = TypeVar("R")


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


def pooled_of(
    classifier: Classifier, images: Iterable[NDArray[Any]]
) -> Iterator[NDArray[np.float32]]:
    """Yield the float32 mean ``(c,)`` over the feature map of each image ``(H, W, 3)``."""
    return (features.mean(axis=(0, 1)) for features in features_of(classifier, images))


def in_passes(
    classifier: Classifier, ask: Callable[[list[T]], R], items: Iterable[T]
) -> Iterator[R]:
    """Yield what ``ask`` has of a classifier for `PASS` items after the other, the last fewer."""
    count = streams() if classifier.concurrent else 1
    return abreast(ask, in_batches(items, PASS), count)


def _shown(
    classifier: Classifier, ask: Callable[..., Any], images: Iterable[NDArray[Any]]
) -> Iterator[NDArray[np.float32]]:
    def asked(some: list[NDArray[Any]]) -> NDArray[np.float32]:
        return np.asarray(ask(np.stack(some).astype(np.float32)), np.float32)

    for found in in_passes(classifier, asked, images):
        yield from found
