"""Checks of the explainers on a sample, for the report to weigh up."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from audit.checks.context import Context
from audit.checks.explainer_sanity.outputs import FILE
from audit.checks.robustness.statistics import rank_correlation
from audit.core.heap import give_back
from audit.core.logits import label_of, seen_by
from audit.core.registries import EXPLAINERS, JUDGED
from audit.datasets.batches import batched, in_batches
from audit.datasets.dataset import stratified
from audit.execution.optional import explain_one, explainers
from audit.explainers.base import Explainer
from audit.explainers.localisation import NAN, centre_gaussian
from audit.explainers.passes import logits_of
from audit.interventions.causal import log_odds
from audit.interventions.composites import softened
from audit.models.askedabout import of_target
from audit.models.base import Classifier
from audit.settings import Config

SAMPLE = 24  # images
EACH = 3  # optional explainers cost a thousand passes an image: only every third one is checked
FRACTIONS = (0.0, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0)  # of the pixels, hottest first
_KINDS = {"deletion": False, "insertion": True}  # whether the hottest stay in focus
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
    give_back()  # what was compiled of the untrained model


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
    logits, seen = logits_of(classifier, floats), seen_by(independent=classifier.several)
    of = labels if classifier.several else [0] * len(images)
    targets = np.array([seen(*each).argmax() for each in zip(logits, of, strict=True)])
    asked = _explainers(config)
    trained, seconds = _heatmaps(asked, classifier, floats, targets, names)
    random = classifier.untrained(config.run.seed)
    untrained, _ = _heatmaps(asked, random, floats, targets, names)
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
        **curves(classifier, floats, targets, ranked),
        **({"seconds": seconds} if config.explain.optional else {}),
    }


def _explainers(config: Config) -> dict[str, Explainer]:
    """Return the explainers that a run asked for, by key."""
    settings = config.flat()
    return {key: EXPLAINERS[key].for_ranks(settings) for key in JUDGED} | explainers(config)


def _heatmaps(
    asked: Mapping[str, Explainer],
    classifier: Classifier,
    images: Images,
    targets: NDArray[np.int64],
    names: Sequence[str],
) -> tuple[Heatmaps, dict[str, float]]:
    """Return heatmaps at the images' size, and seconds an image, by explainer."""
    found = {
        key: (_timed if explainer.judged else _of_some)(
            explainer, images, targets, classifier, names
        )
        for key, explainer in asked.items()
    }
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
    classifier: Classifier, images: Images, targets: NDArray[np.int64], ranked: Heatmaps
) -> dict[str, dict[str, list[list[float]]]]:
    """Return how each image's probability of its target goes with its hottest pixels.

    Returns
    -------
    dict
        By kind (``deletion``: the hottest `FRACTIONS` out of focus; ``insertion``: those alone in
        focus) and by heatmap, one curve an image; NaN where a heatmap is.
    """
    asked = [{k: maps[i] for k, maps in ranked.items()} for i in range(len(images))]
    shown = (_shown(image, maps) for image, maps in zip(images, asked, strict=True))
    logits = logits_of(classifier, chain.from_iterable(shown))
    seen = seen_by(independent=classifier.several)
    found = [
        _curves_of(
            (seen(each, label_of(int(target), len(each))) for each in logits), int(target), maps
        )
        for target, maps in zip(targets, asked, strict=True)
    ]
    return {
        kind: {name: [each[kind, name] for each in found] for name in ranked} for kind in _KINDS
    }


def _shown(image: Images, heatmaps: Heatmaps) -> Iterator[Images]:
    """Yield an image as it is, wholly out of focus, and what lies between by each heatmap."""
    soft = softened(image)
    yield from (image, soft)
    for kept in _KINDS.values():
        for heatmap in _defined(heatmaps).values():
            yield from _steps(image, soft, heatmap, kept)


def _defined(heatmaps: Heatmaps) -> Heatmaps:
    return {name: heatmap for name, heatmap in heatmaps.items() if not np.isnan(heatmap).all()}


def _curves_of(
    logits: Iterator[Images], target: int, heatmaps: Heatmaps
) -> dict[tuple[str, str], list[float]]:
    """Return one image's curves; all begin or end with it as it is and wholly out of focus."""
    drawn = [(kind, name) for kind in _KINDS for name in _defined(heatmaps)]
    inner = len(FRACTIONS) - 2
    answers = np.stack(list(islice(logits, 2 + inner * len(drawn))))
    whole, out, *between = (1 / (1 + np.exp(-log_odds(answers, target)))).tolist()
    ends = {"deletion": (whole, out), "insertion": (out, whole)}
    found = {
        key: [ends[key[0]][0], *steps, ends[key[0]][1]]
        for key, steps in zip(drawn, in_batches(between, inner), strict=True)
    }
    undefined = [NAN] * len(FRACTIONS)
    return {(k, name): found.get((k, name), undefined) for k in _KINDS for name in heatmaps}


def _steps(image: Images, soft: Images, heatmap: Images, kept: bool) -> Iterator[Images]:
    """Yield the image with ever more of its hottest pixels out of focus, or alone in focus."""
    order = np.argsort(-heatmap, axis=None, kind="stable")
    for fraction in FRACTIONS[1:-1]:
        hot = np.zeros(heatmap.size, bool)
        hot[order[: round(fraction * heatmap.size)]] = True
        sharp = hot.reshape(heatmap.shape) == kept
        yield np.where(sharp[..., None], image, soft)
