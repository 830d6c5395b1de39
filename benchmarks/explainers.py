"""Which explainer is worth its cost? Gains on random pixels and AUROC of skill, on planted flowers.

    flower-audit run --preset planted --out runs/planted
    python benchmarks/explainers.py runs/planted

Images are right predictions of the run: at most 36 that rest on a shortcut, and as many others.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import tensorflow as tf

from audit.checks.explainer_sanity.measure import FRACTIONS, curves
from audit.core.geometry import upsample
from audit.core.statistics import auroc, bootstrap_auroc
from audit.explainers.gradcam import GradCAM
from audit.explainers.integrated_gradients import IntegratedGradients
from audit.explainers.lime import Lime
from audit.explainers.localisation import centre_gaussian, localise
from audit.explainers.shap import Shap
from audit.models.classifier import FrozenClassifier
from audit.models.load import load_model
from audit.storage.run import RunFolder
from audit.verdict.truth import Truth, is_case, truths

EACH_SIDE, EVERY, BATCH = 36, 3, 8  # images a side; deletion and insertion on every third image
NOISE = 0.15 * 255  # SmoothGrad's standard deviation, as its paper advises (arXiv 1706.03825)
Images = np.ndarray


class Bench:
    """Images of a run with their masks and truth, and its model."""

    def __init__(self, run: RunFolder) -> None:
        records = run.records()
        right = records[records["correct"]]
        told = truths(right)["truth"]
        right = right[told.isin([Truth.CASE, Truth.CLEAN])]
        truth = is_case(right)
        spread = np.linspace(0, (~truth).sum() - 1, EACH_SIDE).astype(int)
        chosen = [*right["name"][truth][:EACH_SIDE], *right["name"][~truth].iloc[spread]]
        maps = {m.name: m for part in sorted(run.done_parts()) for m in run.maps(part)}
        self.names = chosen
        self.images = np.stack([maps[n].image for n in chosen]).astype(np.float32)
        self.trimaps = [maps[n].trimap for n in chosen]
        self.cases = truth.set_axis(right["name"])[chosen].to_numpy(bool)
        self.classifier = FrozenClassifier(load_model(run.model_file, trust=False))
        self.targets = np.concatenate(
            [self.predict(self.images[i : i + BATCH]) for i in range(0, len(chosen), BATCH)]
        ).argmax(axis=1)

    def predict(self, images: Images) -> np.ndarray:
        return np.asarray(self.classifier.logits(images))

    def areas(self, heatmaps: Images) -> list[np.ndarray]:
        """Areas under deletion and insertion of every third image."""
        given = self.classifier, self.images[::EVERY], self.targets[::EVERY], heatmaps[::EVERY]
        both = (np.array(curves(*given, kept)) for kept in (False, True))
        return [np.trapezoid(rows, FRACTIONS, axis=1) for rows in both]


def one_by_one(bench: Bench, explain: Callable[[Images, int, str], Images]) -> Images:
    given = zip(bench.images, bench.targets.tolist(), bench.names, strict=True)
    return np.stack([explain(*some) for some in given])


def gradients_of(classifier: FrozenClassifier) -> Callable[[Images, int], Images]:
    """Gradients ``(n, H, W, 3)`` of one class's logit."""
    size = classifier.input_size

    @tf.function(
        input_signature=[tf.TensorSpec((None, size, size, 3)), tf.TensorSpec((), tf.int64)]
    )
    def gradients(images: tf.Tensor, target: tf.Tensor) -> tf.Tensor:
        (logits,) = classifier.graph.run(images, [classifier.graph.output])
        return tf.gradients(logits[:, target], images)[0]

    return lambda images, target: np.asarray(gradients(images, target))


def explainers(bench: Bench) -> Iterator[tuple[str, Callable[[], Images]]]:
    classifier, images, targets = bench.classifier, bench.images, bench.targets
    random, gradients = np.random.default_rng(0), gradients_of(classifier)

    def ig(baseline: str, nodes: int = 16) -> Images:
        return IntegratedGradients(classifier, nodes, baseline)(images, targets).heatmaps

    def noisy(image: Images, target: int, _: str) -> Images:
        """Mean of 16 gradients of the image under noise."""
        noise = random.normal(0, NOISE, (2, BATCH, *image.shape)).astype(np.float32)
        return np.mean([gradients(image + some, target).mean(axis=0) for some in noise], axis=0)

    def expected(image: Images, target: int, _: str) -> Images:
        """Expected Gradients (arXiv 1906.10670): 48 draws of a baseline and a place on the path."""
        found = []
        for _ in range(48 // BATCH):
            others = images[random.integers(0, len(images), BATCH)]
            places = random.random((BATCH, 1, 1, 1), dtype=np.float32)
            points = others + places * (image - others)
            found.append((gradients(points, target) * (image - others)).sum(axis=-1).mean(axis=0))
        return np.mean(found, axis=0)

    def cam() -> Images:
        coarse = GradCAM(classifier)(images, targets).heatmaps
        return np.stack([upsample(heatmap, images.shape[1:3]) for heatmap in coarse])

    def smooth(heatmaps: Images) -> Images:
        sigma = images.shape[1] / 40
        return np.stack([cv2.GaussianBlur(heatmap, (0, 0), sigma) for heatmap in heatmaps])

    yield "Centre Gaussian", lambda: np.stack([centre_gaussian(images.shape[1:3])] * len(images))
    yield "Grad-CAM", cam
    for baseline in ("black", "blurred"):
        yield f"IG, 16, {baseline}", lambda b=baseline: ig(b)
    yield "IG, 16, black, heatmap smoothed", lambda: smooth(ig("black"))
    yield "Expected Gradients, 48", lambda: one_by_one(bench, expected)
    yield (
        "SmoothGrad, 16, magnitude",
        lambda: one_by_one(bench, lambda *some: np.abs(noisy(*some).sum(axis=-1))),
    )
    yield (
        "SmoothGrad, 16, times image",
        lambda: one_by_one(bench, lambda *some: (noisy(*some) * some[0]).sum(axis=-1)),
    )
    yield "LIME, 500", lambda: one_by_one(bench, partial(Lime(500).explain, bench.predict))
    yield "SHAP, 500", lambda: one_by_one(bench, partial(Shap(500).explain, bench.predict))


def row(
    bench: Bench, title: str, heatmaps: Images, seconds: float, chance: list[np.ndarray]
) -> str:
    deletion, insertion = bench.areas(heatmaps)
    gains = (chance[0] - deletion).mean(), (insertion - chance[1]).mean()
    skills = np.array(
        [
            localise(h, t == 255, t != 128).skill
            for h, t in zip(heatmaps, bench.trimaps, strict=True)
        ]
    )
    defined = ~np.isnan(skills)
    given = bench.cases[defined], -skills[defined]
    low, high = bootstrap_auroc(*given, 0)
    return (
        f"| {title} | {gains[0]:+.2f} | {gains[1]:+.2f} | {auroc(*given):.2f} ({low:.2f} to "
        f"{high:.2f}, n = {defined.sum()}) | {seconds / len(heatmaps):.2f} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    bench = Bench(RunFolder.open(parser.parse_args().run))
    random = np.random.default_rng(0).random(bench.images.shape[:3], dtype=np.float32)
    chance = bench.areas(random)
    print("| explainer | gain, deletion | gain, insertion | AUROC of skill | s an image |")
    print("|---|---|---|---|---|")
    for title, explain in explainers(bench):
        start = time.perf_counter()
        heatmaps = explain()
        print(row(bench, title, heatmaps, time.perf_counter() - start, chance), flush=True)


if __name__ == "__main__":
    main()
