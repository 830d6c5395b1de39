"""Checks of the explainers on a sample, for the report to weigh up."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from audit.checks.context import Context
from audit.checks.explainer_sanity.outputs import FILE
from audit.checks.robustness.statistics import rank_correlation
from audit.core.logits import seen_by
from audit.core.registries import EXPLAINERS, JUDGED
from audit.datasets.batches import batched, in_batches
from audit.datasets.dataset import stratified
from audit.execution.optional import explain_one, explainers
from audit.explainers.base import PASS, Explainer
from audit.explainers.localisation import NAN, centre_gaussian
from audit.interventions.causal import log_odds
from audit.interventions.composites import softened
from audit.models.askedabout import of_target
from audit.models.base import Classifier
from audit.settings import Config

SAMPLE = 24  # images
EACH = 3  # optional explainers cost a thousand passes an image: only every third one is checked
FRACTIONS = (0.0, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0)  # of the pixels, hottest first
Images = NDArray[np.float32]
Heatmaps = dict[str, Images]


def write(context: Context) -> None:
    """Check the explainers on a sample of the explained images, and write what is found."""
    config, folder, classifier = context.config, context.folder, context.classifier
    images = context.dataset.images(stratified(context.explained, SAMPLE, config.run.seed))
    readable = next(batched(images, classifier.input_size, SAMPLE, []), [])
    if readable:
        pixels = np.stack([image for _, image in readable])
        names = [item.image for item, _ in readable]
        labels = [item.label for item, _ in readable]
        found = examine(classifier, pixels, names, config, labels)
        folder.keep(FILE.file(folder), json.dumps(found).encode())


def examine(
    classifier: Classifier,
    images: NDArray[np.uint8],
    names: Sequence[str],
    config: Config,
    labels: Sequence[int] = (),
) -> dict[str, Any]:
    """Compare the explainers with those of an untrained model, with chance and with the middle.

    Parameters
    ----------
    images : uint8 ``(n, H, W, 3)``
    names : sequence of str
        Of the images.
    labels : sequence of int
        The label that each is asked about, where there may be several.

    Returns
    -------
    dict
        ``randomised``: by explainer, rank correlation and SSIM of each image's heatmap with that
        of the model with random weights for the same class (Adebayo et al. 2018,
        arXiv 1810.03292). ``deletion`` and ``insertion``: by explainer, each image's probability
        (softmax of two classes) of its predicted class with the hottest ``fractions`` of pixels
        taken out of focus, or alone in focus (Petsiuk et al. 2018, arXiv 1806.07421). NaN for
        images that an explainer was not asked about. ``seconds``, with optional explainers: what
        an image takes each.
    """
    floats = images.astype(np.float32)
    logits, seen = _logits(classifier, floats), seen_by(independent=classifier.several)
    of = labels if classifier.several else [0] * len(images)
    targets = np.array([seen(*each).argmax() for each in zip(logits, of, strict=True)])
    trained, seconds = _heatmaps(classifier, floats, targets, names, config)
    untrained, _ = _heatmaps(classifier.untrained(config.run.seed), floats, targets, names, config)
    ranked = trained | _baselines(floats.shape, config.run.seed)
    return {
        "images": len(images),
        "fractions": list(FRACTIONS),
        "randomised": {
            name: {
                "rank": [
                    rank_correlation(a, b)[0] for a, b in zip(maps, untrained[name], strict=True)
                ],
                "ssim": [_ssim(a, b) for a, b in zip(maps, untrained[name], strict=True)],
            }
            for name, maps in trained.items()
        },
        **{
            kind: {
                name: curves(classifier, floats, targets, maps, kept)
                for name, maps in ranked.items()
            }
            for kind, kept in (("deletion", False), ("insertion", True))
        },
        **({"seconds": seconds} if config.explain.optional else {}),
    }


def _heatmaps(
    classifier: Classifier,
    images: Images,
    targets: NDArray[np.int64],
    names: Sequence[str],
    config: Config,
) -> tuple[Heatmaps, dict[str, float]]:
    """Return heatmaps at the images' size, and seconds an image, by explainer."""
    settings = config.flat()
    given = images, targets, classifier, names
    found = {key: _timed(EXPLAINERS[key].for_ranks(settings), *given) for key in JUDGED}
    found |= {key: _of_some(explainer, *given) for key, explainer in explainers(config).items()}
    return {k: maps for k, (maps, _) in found.items()}, {k: s for k, (_, s) in found.items()}


def _timed(
    explain: Explainer,
    images: Images,
    targets: NDArray[np.int64],
    classifier: Classifier,
    names: Sequence[str],
) -> tuple[Images, float]:
    """Return heatmaps, and seconds an image once all is compiled."""
    explain(images[:1], targets[:1], classifier, names[:1])
    start = time.perf_counter()
    heatmaps = explain(images, targets, classifier, names)
    return heatmaps, (time.perf_counter() - start) / len(images)


def _of_some(
    explain: Explainer,
    images: Images,
    targets: NDArray[np.int64],
    classifier: Classifier,
    names: Sequence[str],
) -> tuple[Images, float]:
    """Heatmaps of every `EACH` image, NaN for the others, and the median of seconds an image."""
    heatmaps, spent = np.full(images.shape[:3], np.nan, np.float32), []
    for i in range(0, len(images), EACH):
        start = time.perf_counter()
        target = int(targets[i])
        asked = of_target(classifier, target)
        heatmaps[i] = explain_one(explain, images[i], target, asked, names[i])
        spent.append(time.perf_counter() - start)
    return heatmaps, float(np.median(spent))  # the first one also compiles


def _baselines(shape: tuple[int, ...], seed: int) -> Heatmaps:
    random = np.random.default_rng(seed).random(shape[:3], dtype=np.float32)
    return {"random": random, "centre": np.stack([centre_gaussian(shape[1:3])] * shape[0])}


def _ssim(one: Images, other: Images) -> float:
    """Return the structural similarity of the positive relevance, each map scaled to maximum 1."""
    scaled = [np.maximum(m, 0) / max(float(m.max()), 1e-12) for m in (one, other)]
    first, second = (tf.constant(m[..., None], tf.float32) for m in scaled)
    return float(tf.image.ssim(first, second, max_val=1.0))


def curves(
    classifier: Classifier,
    images: Images,
    targets: NDArray[np.int64],
    heatmaps: Images,
    kept: bool,
) -> list[list[float]]:
    """Return each image's probability of its target with its hottest `FRACTIONS` out of focus.

    Or, where ``kept``, with those alone in focus. NaN where a heatmap is.
    """
    return [
        _curve(classifier, image, int(target), heatmap, kept)
        for image, target, heatmap in zip(images, targets, heatmaps, strict=True)
    ]


def _curve(
    classifier: Classifier, image: Images, target: int, heatmap: Images, kept: bool
) -> list[float]:
    if np.isnan(heatmap).all():
        return [NAN] * len(FRACTIONS)
    logits = _logits(of_target(classifier, target), _steps(image, heatmap, kept))
    return (1 / (1 + np.exp(-log_odds(logits, target)))).tolist()


def _logits(classifier: Classifier, images: Iterable[Images]) -> Images:
    """Return logits ``(n, classes)``, in full passes."""
    passes = in_batches(images, PASS)
    return np.concatenate([np.asarray(classifier.logits(np.stack(shown))) for shown in passes])


def _steps(image: Images, heatmap: Images, kept: bool) -> Iterator[Images]:
    """Yield the image with ever more of its hottest pixels out of focus, or alone in focus."""
    soft, order = softened(image), np.argsort(-heatmap, axis=None, kind="stable")
    for fraction in FRACTIONS:
        hot = np.zeros(heatmap.size, bool)
        hot[order[: round(fraction * heatmap.size)]] = True
        sharp = hot.reshape(heatmap.shape) == kept
        yield np.where(sharp[..., None], image, soft)
