"""Predictions for a whole split: cheap beside explanations, so accuracy rests on every image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from audit.data.batches import batched
from audit.data.dataset import Dataset, Item
from audit.sweep.engine import Engine
from audit.sweep.record import softmax
from audit.track import Track

COLUMNS = ("name", "label", "prediction", "confidence")


def predict(
    engine: Engine, dataset: Dataset, items: Sequence[Item], batch_size: int, track: Track
) -> pd.DataFrame:
    """Predict every readable image; columns name, label, prediction, confidence (softmax)."""
    rows: list[tuple[Any, ...]] = []
    stream = track(dataset.images(items), "predict", len(items))
    for batch in batched(stream, engine.size, batch_size, []):
        logits = engine.predict(np.stack([image for _, image in batch]))
        for (item, _), scores in zip(batch, logits, strict=True):
            prediction = int(scores.argmax())
            rows.append((item.name, item.label, prediction, float(softmax(scores)[prediction])))
    return pd.DataFrame(rows, columns=list(COLUMNS))
