"""A look at all that a run reads, on samples: seconds, before anything is trained or swept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from audit.checks.preflight.answers import Answers, observe, observe_numbers
from audit.checks.preflight.matching import Indices
from audit.core.observation import Observation, Strength
from audit.core.wording import plural
from audit.datasets.batches import Readable, readable
from audit.datasets.dataset import SPLITS, Dataset, Item, label_sets, stratified
from audit.masks.evidence import mask_observations
from audit.masks.masks import Masks
from audit.settings import Config

if TYPE_CHECKING:
    from audit.models.base import Differentiable

TRIED = 128  # labelled images that a model is asked about
_PASS = 32  # of them a call
_SAME = 1e-2  # by how much logits may differ from call to call: rounding
FEW, HALF = 0.1, 0.5  # shares of images that cannot be read: worth a look; beyond doubt
Orders = Mapping[str, Sequence[str]]


class Sample(NamedTuple):
    """Labelled images that a model is asked about.

    Attributes
    ----------
    pixels : uint8 ``(n, size, size, 3)``
    labels : int64 ``(n,)``
    broken : list of (item, reason)
        Further images, which cannot be read.
    """

    pixels: NDArray[np.uint8]
    labels: Indices
    broken: list[tuple[Item, str]]


def sample(dataset: Dataset, size: int, config: Config) -> Sample:
    """Sample test images at a model's size, by class; where few can be read, others besides.

    Of images with several labels those with one alone: only of these the first answer is known.
    """
    broken: list[tuple[Item, str]] = []
    found: list[Readable] = []
    for split in reversed(SPLITS):
        items = _of_one_label(dataset, split) if len(found) < TRIED else []
        some = stratified(items, TRIED - len(found), config.run.seed)
        found += readable(dataset.images(some), size, broken)
    pixels = np.zeros((len(found), size, size, 3), np.uint8)
    for i, (_, image) in enumerate(found):
        pixels[i] = image
    return Sample(pixels, np.array([item.label for item, _ in found], np.int64), broken)


def _of_one_label(dataset: Dataset, split: str) -> list[Item]:
    sets = label_sets(dataset)
    return [item for item in dataset.items(split) if len(sets.get(item.image, ())) < 2]


def observe_one_label(dataset: Dataset, images: Sample) -> list[Observation]:
    """Observe where no image with one label alone tells how a model of several is read; else []."""
    if not label_sets(dataset) or len(images.labels):
        return []
    words = (
        "No image has one label alone, so answers tell neither of the pixels that the model wants "
        "nor of the order of its outputs"
    )
    mend = "give --input-scaling and --class-order, or add images of one label"
    return [Observation("one-label", "Images of one label", words, "weak", mend)]


def look_at_broken(images: Sample) -> Observation:
    """Observe how many of the sampled images cannot be read, and the first of them."""
    broken = images.broken
    n, title = len(broken) + len(images.labels), "Images that cannot be read"
    if not broken:
        return Observation("broken-images", title, f"All of {plural(n, 'sampled image')} are read")
    words = f"{len(broken):,} of {n:,} sampled images cannot be read, as {broken[0][1].rstrip('.')}"
    share = len(broken) / n
    strength: Strength = "strong" if share > HALF else "weak" if share > FEW else "fine"
    return Observation("broken-images", title, words, strength,
                       "see whether their files are whole")  # fmt: skip


def look_at_data(
    dataset: Dataset, masks: Masks, splits: Sequence[str], config: Config
) -> list[Observation]:
    """Observe what was taken for what among images, labels and masks, before a model is asked."""
    items = dataset.items("test" if "test" in splits else splits[-1])
    return [
        *(_for_training(o) if config.model.model is None else o for o in dataset.observations()),
        *masks.observations(),
        *mask_observations(dataset, masks, items),
    ]


def _for_training(seen: Observation) -> Observation:
    """Clear the mend of splits that are fine: what is learnt from must not be audited."""
    return replace(seen, mend="") if seen.key == "splits" and seen.strength == "fine" else seen


def logits_of(classifier: Differentiable, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return logits ``(n, classes)`` of images ``(n, H, W, 3)`` of a model's own size."""
    logits = np.zeros((len(pixels), classifier.classes), np.float32)
    for i in range(0, len(pixels), _PASS):
        logits[i : i + _PASS] = classifier.logits(pixels[i : i + _PASS].astype(np.float32))
    return logits


def repeated(
    classifier: Differentiable, pixels: NDArray[np.uint8], first: NDArray[np.float32]
) -> list[Observation]:
    """Observe whether a model that gave images the logits ``first`` does so again; [] of none."""
    if not len(pixels):
        return []
    again = logits_of(classifier, pixels[:_PASS])
    apart = first[:_PASS] - again
    most = float(np.abs(apart).max(initial=0.0, where=np.isfinite(apart)))
    title, n = "Answers stay the same", len(again)
    if most < _SAME:
        words = f"Asked twice, the model gives the same logits for {n:,} images"
        return [Observation("repeated", title, words)]
    words = (
        f"Asked twice, the model's logits for {n:,} images differ by up to {most:.2g}: one of its "
        "layers draws random numbers"
    )
    mend = "save the model with dropout and augmentation switched off (training=False)"
    return [Observation("repeated", title, words, "strong", mend)]


def look_at_predictions(
    table: pd.DataFrame, dataset: Dataset, orders: Orders | None
) -> list[Observation]:
    """Hold the answers to all test images, as `execution.predict` gives them, against labels.

    Answers about labels that are there tell nothing of chance or order: that they are numbers is
    all that is looked at.
    """
    predictions, labels = (table[key].to_numpy(np.int64) for key in ("prediction", "label"))
    if label_sets(dataset):
        return [observe_numbers(predictions >= 0)]
    return observe(Answers(predictions, labels, dataset.classes), orders)
