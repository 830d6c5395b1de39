"""From what a model and its explainers said of one image to a record and its maps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audit.data.dataset import FLOWER, UNKNOWN, Item
from audit.runfolder import EXPLAINERS, RECORD_SCHEMA, Maps
from audit.score.geometry import resize_trimap
from audit.score.localisation import NAN, Localisation, area, localise
from audit.score.verdict import judge

Record = dict[str, Any]


@dataclass(frozen=True)
class Sample:
    """One test image as the sweep reads it.

    Attributes
    ----------
    image : uint8 ``(H, W, 3)``
        The model's input, RGB.
    trimap : uint8 ``(H, W)``
        255 flower, 0 background, 128 unknown; all unknown without a mask.
    """

    item: Item
    image: NDArray[np.uint8]
    trimap: NDArray[np.uint8]
    mask_source: str
    mask_doubt: str


@dataclass(frozen=True)
class Finding:
    """What the model and the explainers said: heatmaps of class ``prediction``."""

    logits: NDArray[np.float32]
    prediction: int
    gradcam: NDArray[np.float32]
    ig: NDArray[np.float32]
    ig_steps: int
    ig_completeness_error: float
    prediction_without_shortcut: int


def fit_trimap(trimap: NDArray[np.uint8] | None, size: int) -> NDArray[np.uint8]:
    """Bring a trimap to the model's input size; all unknown where there is none."""
    if trimap is None:
        return np.full((size, size), UNKNOWN, np.uint8)
    return resize_trimap(trimap, (size, size))


def maps_of(sample: Sample, finding: Finding) -> Maps:
    """What the report draws this image from."""
    coarse = finding.gradcam.astype(np.float16)
    return Maps(sample.item.name, sample.image, sample.trimap, coarse, finding.ig)


def record_of(
    sample: Sample,
    finding: Finding,
    classes: tuple[str, ...],
    *,
    on_flower_skill: float,
    subject: str,
    named: Mapping[str, str],
) -> Record:
    """The record of an explained image; see ``RECORD_SCHEMA`` for the columns."""
    mask, valid = sample.trimap == FLOWER, sample.trimap != UNKNOWN
    maps = maps_of(sample, finding)
    scores = {name: localise(maps.heatmap(name), mask, valid) for name in EXPLAINERS}
    chance = area(mask, valid)
    correct = finding.prediction == sample.item.label
    verdict = judge(
        correct, scores, chance, on_flower_skill=on_flower_skill, subject=subject, named=named
    )
    return {
        **_identity(sample.item, classes),
        "skipped": "",
        "prediction": finding.prediction,
        "prediction_name": classes[finding.prediction],
        "correct": correct,
        "confidence": float(softmax(finding.logits)[finding.prediction]),
        "logit": float(finding.logits[finding.prediction]),
        "mask_source": sample.mask_source,
        "mask_doubt": sample.mask_doubt,
        "chance": chance,
        "valid_share": float(valid.mean()),
        **_columns(scores),
        "ig_steps": finding.ig_steps,
        "ig_completeness_error": finding.ig_completeness_error,
        "verdict": verdict.word,
        "verdict_reason": verdict.reason,
        "prediction_without_shortcut": finding.prediction_without_shortcut,
    }


def skipped_record(item: Item, reason: str, classes: tuple[str, ...]) -> Record:
    """The record of an image that could not be read: counted, never scored."""
    undefined: Record = dict.fromkeys(RECORD_SCHEMA.names, NAN)
    texts = [f.name for f in RECORD_SCHEMA if str(f.type) == "string"]
    return {
        **undefined,
        **dict.fromkeys(texts, ""),
        **_identity(item, classes),
        "skipped": reason,
        "prediction": -1,
        "correct": False,
        "row": -1,
        "ig_steps": 0,
        "verdict": "undecided",
        "verdict_reason": reason,
        "prediction_without_shortcut": -1,
    }


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    """Probabilities of logits ``(classes,)``, for display only: scores are taken on logits."""
    shifted = np.exp(logits.astype(np.float64) - logits.max())
    return np.asarray(shifted / shifted.sum())


def _identity(item: Item, classes: tuple[str, ...]) -> Record:
    return {
        "name": item.name,
        "split": item.split,
        "label": item.label,
        "label_name": classes[item.label],
        "shortcut": item.shortcut,
        "shortcut_class": item.shortcut_class,
    }


def _columns(scores: dict[str, Localisation]) -> Record:
    return {
        f"{name}_{column}": value
        for name, score in scores.items()
        for column, value in asdict(score).items()
    }
