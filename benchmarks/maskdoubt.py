"""Is an accusation the mask's mistake or the model's? Oxford Flowers 102, as a Markdown table.

python benchmarks/maskdoubt.py ../shared/data runs/maskdoubt                # all, 15 minutes
python benchmarks/maskdoubt.py ../shared/data runs/maskdoubt third tag      # some
python benchmarks/maskdoubt.py ../shared/data runs/chosen --first third tag  # what was chosen on

A healthy head on EfficientNet-Lite0 is audited on photographs that have a trimap drawn by hand and
that it was not taught: with these masks (``hand``), with GrabCut's (``grabcut``), and with parts
taken away from those drawn by hand (``component``, ``third``, a ``ring`` of 8 px at 224), where
whatever decides is the mask's mistake; and on other test photographs with GrabCut's masks
(``wild``). Heads that were taught stamps are audited on stamped photographs, where it is the
model's. All masks but ``hand`` are said to be a machine's. Photographs are split in halves by their
names: threshold and weights were chosen on the first half of ``third`` and ``tag`` alone.
"""

from __future__ import annotations

import hashlib
import logging
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from shortcuts import rated
from stamps import STAMPED, Stamped

from audit.core.geometry import resize_trimap
from audit.core.track import silent
from audit.datasets.contents import Contents
from audit.datasets.dataset import BACKGROUND, FOREGROUND, Decoded, Item, fingerprint, stratified
from audit.datasets.decode import resize
from audit.datasets.oxford import OxfordFlowers
from audit.execution.engine import Engine
from audit.execution.local import sweep
from audit.explainers.registry import titles
from audit.interventions.composites import grown
from audit.interventions.pool import draw_pool
from audit.masks.grabcut import grabcut
from audit.masks.masks import Masks, read_mask
from audit.models.classifier import FrozenClassifier
from audit.models.load import load_model
from audit.settings import Config, load_config
from audit.settings.verdict import Thresholds
from audit.storage.run import RunFolder
from audit.training.replicas import replicas
from audit.training.training import train
from audit.verdict.verdict import Verdict, verdict_for

SIDE, EPOCHS, WILD = 224, 10, 96
RING = 8  # pixels that are taken from all around
LEAST = 0.01  # share of the image that a component must have to be missed
STAMPS = {
    "tag": "tag of 36 px in a corner",
    "paper": "of paper",
    "side": "in the middle of a side",
    "large": "of 52 px",
}
Trimap = NDArray[np.uint8]


def chance(name: str) -> np.random.Generator:
    """A generator seeded by an image's name."""
    digest = hashlib.sha256(f"maskdoubt/{name}".encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:8], "big"))


def reported(name: str) -> bool:
    """Whether a photograph belongs to the half that is reported, not fitted on."""
    return bool(chance(name.removeprefix(STAMPED)).random() < 0.5)


def without_component(trimap: Trimap, name: str) -> Trimap | None:
    """A trimap without one of its parts, never the largest; None where there is but one."""
    count, parts, stats, _ = cv2.connectedComponentsWithStats((trimap > 0).astype(np.uint8))
    sizes = stats[1:, cv2.CC_STAT_AREA]
    small = [i for i in range(1, count) if i != 1 + sizes.argmax()]
    small = [i for i in small if sizes[i - 1] >= LEAST * trimap.size]
    return np.where(parts == chance(name).choice(small), 0, trimap) if small else None


def without_third(trimap: Trimap, name: str) -> Trimap:
    """A trimap without the third of the foreground on one side of a line."""
    angle = chance(name).uniform(0, 2 * np.pi)
    rows, columns = np.mgrid[: trimap.shape[0], : trimap.shape[1]]
    along = rows * np.sin(angle) + columns * np.cos(angle)
    beyond = along > np.quantile(along[trimap == FOREGROUND], 2 / 3)
    return np.where(beyond, BACKGROUND, trimap).astype(np.uint8)


def without_ring(trimap: Trimap, name: str) -> Trimap | None:
    """A trimap eroded by `RING`; None where hardly anything is left."""
    left = grown(trimap == FOREGROUND, -RING)
    return np.where(left, FOREGROUND, BACKGROUND).astype(np.uint8) if left.sum() > 200 else None


DAMAGES: dict[str, Callable[[Trimap, str], Trimap | None]] = {
    "component": without_component,
    "third": without_third,
    "ring": without_ring,
}
KINDS = ["hand", "grabcut", "wild", *DAMAGES, *STAMPS]


class Drawn:
    """Photographs that a healthy model was not taught and that have a trimap, as one test split.

    Parameters
    ----------
    data : Path
        Folder with ``tfds/`` and ``masks/``.
    masks : str
        ``hand``, ``grabcut`` or a key of `DAMAGES`.
    """

    name = "oxford_flowers102, with trimaps"

    def __init__(self, data: Path, masks: str) -> None:
        oxford = OxfordFlowers(data / "tfds", download=False)
        self.classes, self.contents = oxford.classes, Contents()
        self.mask_source = "hand" if masks == "hand" else "grabcut"
        files = {f"{file.stem}.jpg": file for file in sorted((data / "masks").glob("*.png"))}
        held = [i for s in ("validation", "test") for i in oxford.items(s) if i.name in files]
        self._photos, self._trimaps = {}, {}
        for item, image in oxford.images(held):
            drawn = resize_trimap(read_mask(files[item.name]), (SIDE, SIDE))
            trimap = self._mask(masks, np.asarray(image), drawn, item.name)
            if trimap is not None:
                self._photos[item.name] = resize(np.asarray(image), SIDE)
                self._trimaps[item.name] = trimap
        self._items = [replace(i, split="test") for i in held if i.name in self._photos]

    @staticmethod
    def _mask(masks: str, image: Trimap, drawn: Trimap, name: str) -> Trimap | None:
        if masks == "grabcut":
            return resize_trimap(grabcut(image), (SIDE, SIDE))
        return drawn if masks == "hand" else DAMAGES[masks](drawn, name)

    def items(self, split: str) -> list[Item]:
        return list(self._items) if split == "test" else []

    def images(self, items: Sequence[Item]) -> Iterator[tuple[Item, Decoded]]:
        for item in items:
            yield item, self._photos[item.name]

    def trimap(self, item: Item) -> Trimap:
        return self._trimaps[item.name]

    def fingerprint(self) -> str:
        return fingerprint(self._items)


def classifier(dataset: object, folder: RunFolder, config: Config) -> FrozenClassifier:
    """The head taught on a data set, trained once."""
    if not folder.model_file.exists():
        folder.update_manifest(command="benchmarks/maskdoubt.py")
        masks = Masks(dataset)
        trained = train(dataset, config, silent, folder.training_dir, replicas(), masks)
        trained.model.save(folder.model_file)
    return FrozenClassifier(load_model(folder.model_file, trust=False))


def audited(data: Path, out: Path, what: str, first: bool) -> RunFolder:
    """The run of one kind of masks or stamps on one half; finished parts are kept."""
    run = RunFolder.create(out / what, resume=True)
    config = load_config({"backbone": "efficientnet-lite0", "epochs": EPOCHS, "workers": 0})
    if what in STAMPS:
        dataset = donors = Stamped(data, STAMPS[what])
        dataset.mask_source = "grabcut"  # so that the rule for a machine's masks is tried
        items = [item for item in dataset.items("test") if item.shortcut]
        model = classifier(dataset, run, config)
    else:
        oxford, donors = OxfordFlowers(data / "tfds", download=False), Drawn(data, "hand")
        healthy = RunFolder.create(out / "healthy", resume=True)
        model = classifier(oxford, healthy, config)
        dataset = oxford if what == "wild" else Drawn(data, what)
        items = wild(oxford, donors) if what == "wild" else dataset.items("test")
    items = [item for item in items if reported(item.name) != first]
    pool = draw_pool(donors, Masks(donors, grabcut=False), model, 0)
    run.update_manifest(command="benchmarks/maskdoubt.py", masks=what)
    engine = Engine(model, dataset, config, pool)
    sweep(run, dataset, Masks(dataset), engine, items, config, silent)
    return run


def wild(oxford: OxfordFlowers, drawn: Drawn) -> list[Item]:
    """Test photographs that have no trimap, twice `WILD`: half of them are reported."""
    known = {item.name for item in drawn.items("test")}
    items = [item for item in oxford.items("test") if item.name not in known]
    return stratified(items, 2 * WILD, 0)


def row(kind: str, run: RunFolder) -> str:
    """Right answers, those accused with every mask believed, and those of doubtful masks."""
    thresholds, records = Thresholds(), run.records()
    right = records[records["correct"] & (records["causal_reason"] == "")].to_dict("records")
    if kind in STAMPS:
        right = [r for r in right if r["prediction_without_shortcut"] != r["label"]]
    believing = thresholds.model_copy(update={"mask_resemblance": 1.0})
    words = [verdict_for(r, believing, titles()) for r in right]
    accused = [r for r, w in zip(right, words, strict=True) if w is Verdict.WRONG_REASONS]
    doubted = sum(verdict_for(r, thresholds, titles()) is Verdict.UNDECIDED for r in accused)
    shares = rated(len(accused), len(right)), rated(len(accused) - doubted, len(right))
    return f"| {kind} | {shares[0]} | {rated(doubted, len(accused))} | {shares[1]} |"


def main(data: Path, out: Path, kinds: list[str]) -> None:
    logging.disable(logging.WARNING)
    first = "--first" in kinds
    print("| masks or stamps | accused, every mask believed | mask doubtful, of the accused | "
          "accused |\n|---|---|---|---|")  # fmt: skip
    for kind in [k for k in kinds if k != "--first"] or KINDS:
        print(row(kind, audited(data, out, kind, first)), flush=True)


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
