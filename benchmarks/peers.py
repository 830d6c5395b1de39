"""Grad-CAM and Integrated Gradients of the same photographs by xplique, and whether scores agree.

pip install . 'xplique>=2'
python benchmarks/peers.py RUN/model.keras ../shared/data 200

RUN is one on Oxford whose model flower-audit trained. xplique is as it comes (50 steps) at
whichever of `BATCHES` is fastest for it, but for Grad-CAM's layer: by default it would read the
last convolution before its normalisation and ReLU, and scores of another map are no check of ours.
flower-audit works as in a sweep. Both see the same images with hand-made masks, in the same
process, in turns. xplique enlarges Grad-CAM's map by cubic splines, so ours is compared so, too.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from xplique.attributions import GradCAM as PeerGradCam
from xplique.attributions import IntegratedGradients as PeerGradients

from audit.core.geometry import upsample
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
PART = 8  # images of a turn
CAM, CUBIC = "Grad-CAM", "Grad-CAM, ours enlarged as xplique's"
TRIED = 4  # on which a peer's best batch is found


def samples(data: Path, count: int, size: int) -> list[Sample]:
    """Photographs of all splits with trimaps of their own."""
    dataset = open_dataset(load_config({"data_dir": data / "tfds"}))
    masks = Masks(dataset, data / "masks", grabcut=False)
    shown = (item for split in ("test", "validation", "train") for item in dataset.items(split))
    items = [item for item in shown if masks.has_own(item)]
    return [
        Sample(item, resize(image, size), fit_trimap(trimap, size), source, "")
        for item, image, trimap, source in masks.stream(dataset.images(items[:count]), 0)
    ]


def flat(model: Any) -> Any:
    """The model without a model within, ending in logits: xplique finds layers by their order."""
    given = keras.layers.InputLayer
    body, *rest = [layer for layer in model.layers if not isinstance(layer, given)]
    x = body.output
    for layer in rest:
        x = layer(x)
    made = keras.Model(body.input, x)
    made.layers[-1].activation = keras.activations.linear
    return made


class Peer:
    """xplique's two explainers at one batch each."""

    def __init__(self, model: Any, layer: str, cam: int, gradients: int) -> None:
        self._cam = PeerGradCam(model, batch_size=cam, conv_layer=layer)
        self._gradients = PeerGradients(model, batch_size=gradients)
        self._classes = model.output_shape[-1]

    def __call__(self, images: Any, targets: Any) -> tuple[Any, Any]:
        onehot = tf.one_hot(targets, self._classes)
        found = (each(images, onehot) for each in (self._cam, self._gradients))
        return tuple(np.asarray(maps).reshape(images.shape[:3]) for maps in found)  # type: ignore[return-value]


class Ours:
    """What a sweep does of each image before its interventions."""

    def __init__(self, classifier: FrozenClassifier, given: Sequence[Sample], skill: float) -> None:
        self._cam, self._gradients = GradCAM(classifier), IntegratedGradients(classifier)
        self._given, self._skill = given, skill

    def __call__(self, images: Any, part: slice) -> tuple[Any, Any, Any]:
        seen = self._cam(images)
        enough = ScoresSettled(self._given[part], self._skill)
        found = self._gradients(images, seen.targets, enough, seen.logits)
        return seen.heatmaps, found.heatmaps, seen.targets


def seconds(run: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    found = run()
    return time.perf_counter() - start, found


def best(make: Callable[[int], Any], images: Any, targets: Any) -> int:
    """The batch at which a peer is fastest."""
    onehot, spent = tf.one_hot(targets, 102), {}
    for batch in BATCHES:
        explain = make(batch)
        explain(images, onehot)
        spent[batch] = seconds(lambda each=explain: each(images, onehot))[0]
    return min(spent, key=spent.__getitem__)


def cubic(coarse: Any, side: int) -> Any:
    """Grad-CAM's maps as xplique enlarges them."""
    return tf.image.resize(coarse[..., None], (side, side), method="bicubic").numpy()[..., 0]


def mass(heatmap: Any, sample: Sample) -> float:
    whole = upsample(heatmap, sample.image.shape[:2])
    return localise(whole, sample.trimap == 255, sample.trimap != 128).mass


def main(file: Path, data: Path, count: int) -> None:
    trained = load_model(file, trust=False)
    classifier = FrozenClassifier(trained)
    given = samples(data, count, classifier.input_size)
    images = np.stack([s.image for s in given]).astype(np.float32)
    ours = Ours(classifier, given, load_config({}).verdict.on_foreground_skill)
    model = flat(load_model(file, trust=False))
    first = ours(images[:TRIED], slice(0, TRIED))[2]
    batches = [
        best(lambda b, of=of: of(model, batch_size=b), images[:TRIED], first)
        for of in (PeerGradCam, PeerGradients)
    ]
    peer = Peer(model, classifier.feature_layer.rpartition("/")[2], *batches)
    spent: dict[str, list[float]] = {"flower-audit": [], "xplique": []}
    apart: dict[str, list[float]] = {name: [] for name in (CAM, "Integrated Gradients", CUBIC)}
    for start in range(0, len(images), PART):
        part = slice(start, start + PART)
        own, (*maps, targets) = seconds(lambda p=part: ours(images[p], p))
        other, theirs = seconds(lambda p=part, t=targets: peer(images[p], t))
        spent["flower-audit"].append(own / len(targets))
        spent["xplique"].append(other / len(targets))
        pairs = zip((*maps, cubic(maps[0], images.shape[1])), (*theirs, theirs[0]), strict=True)
        for name, (mine, its) in zip(apart, pairs, strict=True):
            apart[name] += [
                abs(mass(a, s) - mass(b, s)) for a, b, s in zip(mine, its, given[part], strict=True)
            ]
    middle = {name: statistics.median(each[1:]) for name, each in spent.items()}
    print(f"{len(images)} photographs; xplique's batches: Grad-CAM {batches[0]}, IG {batches[1]}\n")
    print("| way | s an image | times as long |\n|---|---|---|")
    for name, each in middle.items():
        print(f"| {name} | {each:.3f} | {each / middle['flower-audit']:.1f} |")
    print("\n| mass on flower, difference | mean | median | 95th percentile | within 0.02 |")
    print("|---|---|---|---|---|")
    for name, values in apart.items():
        known = np.array(values)[np.isfinite(values)]
        cells = known.mean(), *np.quantile(known, [0.5, 0.95])
        told = " | ".join(f"{cell:.4f}" for cell in cells)
        print(f"| {name} | {told} | {(known <= 0.02).mean():.0%} (n {len(known)}) |")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
