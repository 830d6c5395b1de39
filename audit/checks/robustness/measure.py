"""Measures of how answers and heatmaps stand up to corruptions, on a sample of test images."""

from __future__ import annotations

import io
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

from audit.checks.context import Context
from audit.checks.robustness.corruptions import CORRUPTIONS, SEVERITIES, corrupt, map_back
from audit.checks.robustness.outputs import PICTURE, TABLE
from audit.checks.robustness.statistics import Stability, stability
from audit.core.abreast import abreast
from audit.core.ahead import ahead
from audit.core.errors import BrokenImageError
from audit.core.geometry import upsample
from audit.core.track import Track
from audit.datasets.dataset import FOREGROUND, UNKNOWN, Dataset, Item, stratified
from audit.datasets.decode import resize
from audit.execution.engine import Engine
from audit.masks.masks import Masks
from audit.masks.sample import Sample, fit_trimap
from audit.settings import Config
from audit.storage.records import NOT_AVAILABLE
from audit.storage.run import write_whole

IG_IMAGES = 12  # Integrated Gradients cost ten times what Grad-CAM does: few images, one severity
IG_SEVERITY = 3  # the middle one of five
IG_STEPS = 8  # ranks settle sooner than scores
THUMBNAIL = 96  # pixels a side: a multiple of WebP's 16-pixel blocks, so that rows do not bleed
_VERSIONS = [(key, severity) for key in CORRUPTIONS for severity in SEVERITIES]
_CHANGED = Stability(rank_reason="the answer changed", mass_reason="the answer changed")
_NOT_SAMPLED = Stability(rank_reason="not sampled", mass_reason="not sampled")
_CLEAN = Stability(rank_reason="the clean image itself", mass_reason="the clean image itself")
Picture = NDArray[np.uint8]
Row = dict[str, Any]


@dataclass(frozen=True)
class Measured:
    """Effects of corruptions.

    Attributes
    ----------
    table : DataFrame
        One row an image, corruption and severity, in this order, each image's clean version first
        (corruption "", severity 0). Columns: name, label, corruption, severity, prediction,
        correct, holds (the answer is that to the clean image), and for ``gradcam`` and ``ig``
        those of `Stability`, which are undefined where the answer does not hold, and of an
        explainer that the model lacks.
    pictured : tuple or None
        Name and image, uint8 ``(H, W, 3)``, of the first one that the model names rightly, else of
        the first; None where no image could be read.
    facts : dict
        How it was measured, for the manifest.
    """

    table: pd.DataFrame
    pictured: tuple[str, Picture] | None
    facts: dict[str, Any]


def measure(
    engine: Engine,
    dataset: Dataset,
    masks: Masks,
    items: Sequence[Item],
    config: Config,
    track: Track,
) -> Measured:
    """Try every corruption at every severity on ``items``; broken images are left out.

    Images are streamed, so memory does not grow with their number.
    """
    few = 0 if "ig" in engine.lacks else IG_IMAGES
    attributed = {item.name for item in stratified(items, few, config.run.seed)}
    rows: list[Row] = []
    pictured, right = None, False
    stream = _samples(dataset, masks, items, engine.size, config.run.workers)
    read = ahead(with_versions(stream), 1)

    def of_image(read: tuple[Sample, Picture]) -> tuple[Sample, list[Row]]:
        return read[0], _of_image(engine, *read, read[0].item.name in attributed)

    shown = track(read, "robustness", len(items))
    for sample, found in abreast(of_image, shown, engine.streams, engine.halt):
        if pictured is None or (found[0]["correct"] and not right):
            pictured, right = (sample.item.name, sample.image), found[0]["correct"]
        rows += found
    facts = {
        "images": len(rows) // (len(_VERSIONS) + 1),
        "pictured": pictured[0] if pictured else "",
        "ig_images": len({row["name"] for row in rows} & attributed),
        "ig_severity": IG_SEVERITY,
        "ig_steps": IG_STEPS,
    }
    return Measured(pd.DataFrame(rows), pictured, facts)


def write(context: Context) -> None:
    """Measure on a sample of the tested images, and write it into the run folder."""
    config, folder = context.config, context.folder
    sample = stratified(context.tested, config.checks.robustness, config.run.seed)
    masks, track = context.masks, context.track
    found = measure(context.engine, context.dataset, masks, sample, config, track)
    if found.pictured:
        write_whole(PICTURE.file(folder), contact_sheet(*found.pictured))
        folder.update_manifest(robustness=found.facts)
        folder.keep(TABLE.file(folder), found.table.to_parquet(index=False))


def contact_sheet(name: str, image: Picture) -> bytes:
    """Draw one image as WebP: a row a corruption, the clean image first, then all severities."""
    rows = [
        np.concatenate(
            [_small(image), *(_small(corrupt(image, k, s, name)) for s in SEVERITIES)], 1
        )
        for k in CORRUPTIONS
    ]
    buffer = io.BytesIO()
    Image.fromarray(np.concatenate(rows)).save(buffer, "WEBP", quality=80)
    return buffer.getvalue()


def _small(image: Picture) -> Picture:
    side = (THUMBNAIL, THUMBNAIL)
    return np.asarray(cv2.resize(image, side, interpolation=cv2.INTER_AREA))


def _samples(
    dataset: Dataset, masks: Masks, items: Sequence[Item], size: int, workers: int
) -> Iterator[Sample]:
    for item, image, trimap, source in masks.stream(dataset.images(items), workers):
        if not isinstance(image, BrokenImageError):
            yield Sample(item, resize(image, size), fit_trimap(trimap, size), source, "")


def with_versions(samples: Iterable[Sample]) -> Generator[tuple[Sample, Picture], None, None]:
    """Yield each sample with its image and all corruptions of it, the clean one first."""
    for sample in samples:
        name, image = sample.item.name, sample.image
        yield sample, np.stack([image, *(corrupt(image, k, s, name) for k, s in _VERSIONS)])


def _of_image(engine: Engine, sample: Sample, versions: Picture, attribute: bool) -> list[Row]:
    """Return the rows of one image, the clean one first."""
    found = engine.gradcam(versions)
    answer, *targets = found.targets.tolist()
    rows = [_row(sample, "", 0, answer, answer)]
    for (key, severity), target in zip(_VERSIONS, targets, strict=True):
        rows.append(_row(sample, key, severity, target, answer))
    if "gradcam" not in engine.lacks:
        _compare(sample, found.heatmaps, rows)
    if attribute:
        _attribute(engine, sample, answer, rows, versions)
    return [row | _undefined(engine.lacks) for row in rows]


def _compare(sample: Sample, heatmaps: NDArray[np.float32], rows: list[Row]) -> None:
    """Add the stability of Grad-CAM to the rows whose answer holds."""
    clean = _enlarged(heatmaps[0], sample)
    for row, heatmap in zip(rows[1:], heatmaps[1:], strict=True):
        if row["holds"]:
            place = row["corruption"], row["severity"]
            row |= _columns("gradcam", _alike(sample, clean, _enlarged(heatmap, sample), *place))


def _undefined(lacks: Mapping[str, str]) -> Row:
    """Return the columns of explainers that the model lacks, by key, with why."""
    found: Row = {}
    for key, why in lacks.items():
        said = f"{NOT_AVAILABLE} {why}"
        found |= _columns(key, Stability(rank_reason=said, mass_reason=said))
    return found


def _attribute(
    engine: Engine, sample: Sample, answer: int, rows: list[Row], versions: Picture
) -> None:
    """Add the stability of Integrated Gradients to the rows of its one severity."""
    at = [i for i, row in enumerate(rows) if row["severity"] == IG_SEVERITY and row["holds"]]
    images = versions[[0, *at]]
    clean, *others = engine.attribute(images, np.full(len(images), answer), IG_STEPS)
    for row, heatmap in zip([rows[i] for i in at], others, strict=True):
        row |= _columns("ig", _alike(sample, clean, heatmap, row["corruption"], IG_SEVERITY))


def _alike(
    sample: Sample, clean: NDArray[Any], corrupted: NDArray[Any], key: str, severity: int
) -> Stability:
    back, seen = map_back(corrupted, key, severity, sample.item.name)
    return stability(clean, back, seen, sample.trimap == FOREGROUND, sample.trimap != UNKNOWN)


def _enlarged(heatmap: NDArray[Any], sample: Sample) -> NDArray[np.float32]:
    return upsample(heatmap, sample.trimap.shape)


def _row(sample: Sample, key: str, severity: int, prediction: int, answer: int) -> Row:
    """Return a row before heatmaps are compared."""
    alike = _CLEAN if not severity else _CHANGED if prediction != answer else _NOT_SAMPLED
    return {
        "name": sample.item.name,
        "label": sample.item.label,
        "corruption": key,
        "severity": severity,
        "prediction": prediction,
        "correct": prediction == sample.item.label,
        "holds": prediction == answer,
        **_columns("gradcam", alike),
        **_columns("ig", alike),
    }


def _columns(explainer: str, alike: Stability) -> Row:
    return {f"{explainer}_{column}": value for column, value in asdict(alike).items()}
