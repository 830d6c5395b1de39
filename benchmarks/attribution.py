"""Speed and precision of Grad-CAM and Integrated Gradients beside xplique and a notebook's loop.

pip install . 'xplique>=2'
flower-audit train --data-dir DATA --backbone efficientnet-lite0 --out runs/lite0
python benchmarks/attribution.py --data-dir DATA --masks MASKS --model runs/lite0/model.keras

Same model, images and process for all; times are medians of runs in turn. EfficientNetB0 has random
weights: what a gradient costs does not depend on them.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from xplique.attributions import IntegratedGradients as Xplique

from audit.datasets.decode import resize
from audit.datasets.open import open_dataset
from audit.explainers.gradcam import GradCAM
from audit.explainers.integrated_gradients import IntegratedGradients
from audit.explainers.localisation import localise
from audit.explainers.settle import ScoresSettled
from audit.masks.masks import Masks
from audit.masks.sample import Sample, fit_trimap
from audit.models.classifier import FrozenClassifier
from audit.models.load import load_model
from audit.settings import load_config

BATCHES = (4, 8, 16, 32)
STEPS = 50
REFERENCE = 256


def samples(data_dir: Path, masks: Path, count: int, size: int) -> list[Sample]:
    """Test images with trimaps of their own, spread over the split."""
    dataset = open_dataset(load_config({"data_dir": data_dir}))
    trusted = Masks(dataset, masks, grabcut=False)
    items = [item for item in dataset.items("test") if trusted.has_own(item)]
    items = items[:: max(1, len(items) // count)][:count]
    return [
        Sample(item, resize(image, size), fit_trimap(trimap, size), source, "")
        for item, image, trimap, source in trusted.stream(dataset.images(items), 0)
    ]


def in_turn(ways: dict[str, Callable[[], Any]], repeats: int) -> dict[str, float]:
    """Median seconds of each way, run one after the other so that all meet the same machine."""
    for run in ways.values():
        run()
    spent: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(repeats):
        for name, run in ways.items():
            start = time.perf_counter()
            run()
            spent[name].append(time.perf_counter() - start)
    return {name: statistics.median(seconds) for name, seconds in spent.items()}


def with_logits(model: Any) -> Any:
    """The model without its softmax, as the peers want it."""
    model.layers[-1].activation = keras.activations.linear
    return model


def notebook(model: Any, image: Any, target: int, steps: int, batch: int) -> Any:
    """What tutorials write: interpolate, tape, mean of the gradients (trapezoid)."""
    alphas = tf.linspace(0.0, 1.0, steps)
    parts = []
    for i in range(0, steps, batch):
        points = alphas[i : i + batch, None, None, None] * image[None]
        with tf.GradientTape() as tape:
            tape.watch(points)
            score = model(points, training=False)[:, target]
        parts.append(tape.gradient(score, points))
    gradients = tf.concat(parts, axis=0)
    mean = tf.reduce_mean((gradients[:-1] + gradients[1:]) / 2, axis=0)
    return tf.reduce_sum(mean * image, axis=-1).numpy()


def gradcam_table(name: str, model: Any, classifier: FrozenClassifier, images: Any) -> None:
    plain = tf.function(lambda x: model(x, training=False))
    explain = GradCAM(classifier)
    ways = {
        "the model's own forward pass": lambda: plain(images).numpy(),
        "the frozen graph's forward pass": lambda: classifier.logits(images).numpy(),
        "predict + Grad-CAM": lambda: explain(images),
    }
    seconds = in_turn(ways, 9)
    own, frozen, _ = seconds.values()
    print(f"\n{name}, {len(images)} images a batch\n")
    print("| way | ms an image | of the model's own | of the frozen graph's |")
    print("|---|---|---|---|")
    for way, spent in seconds.items():
        ms = 1000 * spent / len(images)
        print(f"| {way} | {ms:.1f} | {spent / own:.2f} | {spent / frozen:.2f} |")


def equal_steps_table(name: str, model: Any, classifier: FrozenClassifier, images: Any) -> None:
    few = images[:2]
    targets = classifier.logits(few).numpy().argmax(-1)
    ours = IntegratedGradients(classifier, STEPS)
    ours(few, targets)
    ways = dict(
        [
            best_batch("xplique", lambda batch: peer(model, few, targets, batch)),
            best_batch("notebook loop", lambda batch: loop(model, few, targets, batch)),
            (f"flower-audit, batch {ours.batch_size}", lambda: ours(few, targets).heatmaps),
        ]
    )
    seconds = in_turn(ways, 3)
    *_, mine = seconds.values()
    print(f"\n{name}, {STEPS} steps, each at its best of batch sizes {BATCHES}\n")
    print("| way | s an image | times as long |")
    print("|---|---|---|")
    for way, spent in seconds.items():
        print(f"| {way} | {spent / len(few):.2f} | {spent / mine:.2f} |")


def peer(model: Any, images: Any, targets: Any, batch: int) -> Callable[[], Any]:
    explain = Xplique(model, batch_size=batch, steps=STEPS, reducer="sum")
    onehot = tf.one_hot(targets, model.output_shape[-1])
    return lambda: explain(images, onehot)


def loop(model: Any, images: Any, targets: Any, batch: int) -> Callable[[], Any]:
    pairs = list(zip(images, targets, strict=True))
    return lambda: [notebook(model, image, target, STEPS, batch) for image, target in pairs]


def best_batch(name: str, way: Callable[[int], Callable[[], Any]]) -> tuple[str, Callable[[], Any]]:
    """A peer at the batch size that is fastest for it."""
    ways = {batch: way(batch) for batch in BATCHES}
    seconds = {batch: in_turn({name: run}, 1)[name] for batch, run in ways.items()}
    best = min(seconds, key=seconds.__getitem__)
    return f"{name}, batch {best}", ways[best]


def auto_table(model: Any, classifier: FrozenClassifier, given: list[Sample], skill: float) -> None:
    images = np.stack([s.image for s in given]).astype(np.float32)
    targets = np.concatenate(
        [classifier.logits(images[i : i + 16]).numpy() for i in range(0, len(images), 16)]
    ).argmax(-1)
    reference = IntegratedGradients(classifier, REFERENCE)(images, targets)
    print(f"\nPrecision and cost, {len(given)} test images with trimaps\n")
    print(
        f"| way | nodes (mean) | s an image | mass: median, 95th percentile, maximum of the "
        f"difference from {REFERENCE} nodes | within 0.02 | completeness error: median, "
        "90th percentile |"
    )
    print("|---|---|---|---|---|---|")
    for steps in (None, 8, 16, 50):
        explain = IntegratedGradients(classifier, steps)
        explain(images[:1], targets[:1])
        start = time.perf_counter()
        found = explain(images, targets, ScoresSettled(given, skill))
        seconds = (time.perf_counter() - start) / len(images)
        row(str(steps or "auto"), found, reference, given, seconds)
    name, run = best_batch("xplique", lambda batch: peer(model, images[:4], targets[:4], batch))
    seconds = in_turn({name: run}, 3)[name] / 4
    print(f"| {name}, {STEPS} steps | {STEPS} | {seconds:.2f} | | | |")


def row(name: str, found: Any, reference: Any, given: list[Sample], seconds: float) -> None:
    masses = np.array([[mass(h, s) for h in pair] for *pair, s in zip(
        found.heatmaps, reference.heatmaps, given, strict=True)])  # fmt: skip
    apart = np.abs(masses[:, 0] - masses[:, 1])
    apart = apart[np.isfinite(apart)]
    middle, high, most = np.quantile(apart, [0.5, 0.95, 1])
    errors = np.quantile(found.completeness_error, [0.5, 0.9])
    print(
        f"| {name} | {found.nodes.mean():.1f} | {seconds:.2f} | {middle:.4f}, {high:.4f}, "
        f"{most:.4f} | {(apart <= 0.02).mean():.0%} (n {len(apart)}) | {errors[0]:.0%}, "
        f"{errors[1]:.0%} |"
    )


def mass(heatmap: Any, sample: Sample) -> float:
    return localise(heatmap, sample.trimap == 255, sample.trimap != 128).mass


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--masks", type=Path, required=True)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--count", type=int, default=64)
    given = parser.parse_args()
    trained = with_logits(load_model(given.model, trust=False))
    mine = FrozenClassifier(trained)
    size = mine.input_size
    chosen = samples(given.data_dir, given.masks, given.count, size)
    images = np.stack([s.image for s in chosen]).astype(np.float32)
    b0 = keras.applications.EfficientNetB0(
        weights=None, classes=mine.classes, classifier_activation=None
    )
    for name, model, classifier in (
        ("EfficientNetB0", b0, FrozenClassifier(b0)),
        ("EfficientNet-Lite0", trained, mine),
    ):
        gradcam_table(name, model, classifier, images[:16])
        equal_steps_table(name, model, classifier, images)
    auto_table(trained, mine, chosen, load_config({}).verdict.on_foreground_skill)


if __name__ == "__main__":
    main()
