"""Looks at all that a run reads, on samples: seconds, before anything is trained or swept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from audit.checks.preflight.answers import Answers, observe
from audit.checks.preflight.matching import Indices
from audit.config import Config
from audit.data.batches import Readable, readable
from audit.data.dataset import SPLITS, Dataset, Item, stratified
from audit.data.maskevidence import mask_observations
from audit.data.masks import Masks
from audit.observation import Observation, Strength
from audit.wording import plural

TRIED = 128  # labelled images that a model is asked about
_PASS = 32  # of them a call
_SAME = 1e-2  # by how much logits may differ from call to call: rounding
FEW, HALF = 0.1, 0.5  # shares of images that cannot be read: worth a look; beyond doubt
Orders = Mapping[str, Sequence[str]]


def sample(
    dataset: Dataset, size: int, config: Config, broken: list[tuple[Item, str]]
) -> list[Readable]:
    """Readable test images at a model's size, sampled by class; where few, others besides.

    Those that cannot be read are noted in ``broken``, with the reason.
    """
    found: list[Readable] = []
    for split in reversed(SPLITS):
        items = dataset.items(split) if len(found) < TRIED else []
        some = stratified(items, TRIED - len(found), config.seed)
        found += readable(dataset.images(some), size, broken)
    return found


def look_at_broken(broken: Sequence[tuple[Item, str]], readable: int) -> Observation:
    """How many of the sampled images cannot be read, and the first of them."""
    n, title = len(broken) + readable, "Images that cannot be read"
    if not broken:
        return Observation("broken-images", title, f"All of {plural(n, 'sampled image')} are read")
    words = f"{len(broken):,} of {n:,} sampled images cannot be read, as {broken[0][1].rstrip('.')}"
    share = len(broken) / n
    strength: Strength = "strong" if share > HALF else "weak" if share > FEW else "fine"
    return Observation("broken-images", title, words, strength,
                       "see whether their files are whole")  # fmt: skip


def stacked(images: Sequence[Readable], size: int) -> tuple[NDArray[np.uint8], Indices]:
    """Pixels ``(n, size, size, 3)`` and labels ``(n,)`` of labelled images."""
    pixels = [image for _, image in images]
    labels = np.array([item.label for item, _ in images], np.int64)
    return (np.stack(pixels) if pixels else np.zeros((0, size, size, 3), np.uint8)), labels


def look_at_data(
    dataset: Dataset, masks: Masks, splits: Sequence[str], config: Config
) -> list[Observation]:
    """What was taken for what among images, labels and masks, before a model is asked."""
    items = dataset.items("test" if "test" in splits else splits[-1])
    return [
        *(_for_training(o) if config.model is None else o for o in dataset.observations()),
        *masks.observations(),
        *mask_observations(dataset, masks, items),
    ]


def _for_training(seen: Observation) -> Observation:
    """What is learnt from must not be audited, so --splits all mends nothing there."""
    return replace(seen, mend="") if seen.key == "splits" and seen.strength == "fine" else seen


def repeated(classifier: Any, images: Sequence[Readable]) -> list[Observation]:
    """Whether a model answers the same images alike when it is asked again; [] of none."""
    if not images:
        return []
    pixels = stacked(images[:_PASS], classifier.input_size)[0].astype(np.float32)
    first, again = (np.asarray(classifier.logits(pixels)) for _ in range(2))
    most = float(np.abs(first - again).max(initial=0.0, where=np.isfinite(first - again)))
    title, n = "Answers stay the same", len(pixels)
    if most < _SAME:
        words = f"Asked twice, the model gives the same logits for {n:,} images"
        return [Observation("repeated", title, words)]
    words = (
        f"Asked twice, the model's logits for {n:,} images differ by up to {most:.2g}: one of its "
        "layers draws random numbers"
    )
    mend = "save the model with dropout and augmentation switched off (training=False)"
    return [Observation("repeated", title, words, "strong", mend)]


def answers_to(classifier: Any, images: Sequence[Readable], classes: tuple[str, ...]) -> Answers:
    """A model's answers to labelled images of its own size."""
    pixels, labels = stacked(images, classifier.input_size)
    batches = (pixels[i : i + _PASS] for i in range(0, len(pixels), _PASS))
    logits = [np.asarray(classifier.logits(batch.astype(np.float32))) for batch in batches]
    told = np.concatenate([np.zeros((0, len(classes))), *logits])
    predictions = np.where(np.isfinite(told).all(axis=1), told.argmax(axis=1), -1)
    return Answers(predictions.astype(np.int64), labels, classes)


def look_at_predictions(
    table: pd.DataFrame, classes: tuple[str, ...], orders: Orders | None
) -> list[Observation]:
    """Hold the answers to all test images, as `audit.sweep.predict` gives them, against labels."""
    predictions, labels = (table[key].to_numpy(np.int64) for key in ("prediction", "label"))
    return observe(Answers(predictions, labels, classes), orders)
