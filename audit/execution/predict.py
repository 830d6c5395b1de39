"""Predictions for a whole split: cheap beside explanations, so accuracy rests on every image."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from audit.core.abreast import abreast
from audit.core.ahead import ahead
from audit.core.errors import BrokenImageError
from audit.core.logits import predicted
from audit.core.track import Track
from audit.datasets.batches import Readable, batched
from audit.datasets.dataset import Dataset, Decoded, Item
from audit.datasets.decode import resize
from audit.execution.engine import Engine
from audit.execution.record import softmax

AHEAD = 32  # images read while the model is at work
COLUMNS = ("name", "label", "prediction", "confidence")
Logits = NDArray[np.float32]


class OfLabels:
    """What is said of every label of each image, of those that may have several.

    Parameters
    ----------
    sets : mapping
        All labels of each image by its name.
    """

    def __init__(self, sets: Mapping[str, frozenset[int]]) -> None:
        self._sets = sets
        self._logits: dict[str, NDArray[np.float32]] = {}

    def add(self, items: Sequence[Item], logits: NDArray[np.float32]) -> None:
        """Keep logits ``(n, 2 labels)`` of images, as `audit.core.logits` has them."""
        for item, told in zip(items, logits[:, : logits.shape[1] // 2], strict=True):
            if item.image not in self._logits:  # each of its labels is an item
                self._logits[item.image] = 2 * told

    def table(self) -> pd.DataFrame:
        """Return one row an image and label: name, label, present and logit; NaN where it is."""
        logits = np.array([*self._logits.values()], np.float64, ndmin=2)
        images, labels = len(self._logits), logits.shape[1]
        present = [label in self._sets[name] for name in self._logits for label in range(labels)]
        columns = {
            "name": np.repeat(np.array([*self._logits], object), labels),
            "label": np.tile(np.arange(labels), images),
            "present": present,
            "logit": np.where(np.isfinite(logits), logits, np.nan).ravel(),
        }
        return pd.DataFrame(columns)


def predict(
    engine: Engine,
    dataset: Dataset,
    items: Sequence[Item],
    batch_size: int,
    track: Track,
    of_labels: OfLabels | None = None,
) -> tuple[pd.DataFrame, list[tuple[Item, str]]]:
    """Predict every readable image.

    Parameters
    ----------
    of_labels : OfLabels, optional
        Is given the logits of all images.

    Returns
    -------
    DataFrame
        Columns name, label, prediction, confidence (softmax). Where a model answers NaN or
        infinity the prediction is -1, which no label is, and the confidence NaN.
    list of (item, reason)
        Images that could not be read.
    """
    rows: list[tuple[Any, ...]] = []
    skipped: list[tuple[Item, str]] = []
    read = engine.clock.each("decode", _fitted(dataset, items, engine.size))
    stream = track(ahead(read, AHEAD), "predict", len(items))

    def answered(batch: list[Readable]) -> tuple[list[Item], Logits]:
        with engine.clock("predict"):
            logits = engine.predict(np.stack([image for _, image in batch]))
        return [item for item, _ in batch], logits

    batches = batched(stream, engine.size, batch_size, skipped)
    for found, logits in abreast(answered, batches, engine.streams, engine.halt):
        if of_labels is not None:
            of_labels.add(found, logits)
        answers = engine.answering(logits, [item.label for item in found])
        for item, scores in zip(found, answers, strict=True):
            rows.append((item.name, item.label, *_answer(scores)))
    return pd.DataFrame(rows, columns=list(COLUMNS)), skipped


def _answer(logits: NDArray[np.float32]) -> tuple[int, float]:
    """Return the predicted class and its confidence; -1 and NaN of logits that are no numbers."""
    prediction = int(predicted(logits))
    return prediction, float(softmax(logits)[prediction]) if prediction >= 0 else float("nan")


def _fitted(
    dataset: Dataset, items: Sequence[Item], size: int
) -> Generator[tuple[Item, Decoded], None, None]:
    """Yield images at the model's size, so that those read ahead take little memory."""
    for item, image in dataset.images(items):
        yield item, image if isinstance(image, BrokenImageError) else resize(image, size)
