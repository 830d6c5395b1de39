"""How well GrabCut finds the flower, and how fast: against trimaps drawn by hand.

Run it as ``python benchmarks/grabcut.py --data-dir TFDS --masks FOLDER``; it prints a Markdown
table. IoU is taken on the trimap's known pixels, of the mask before its unknown band, so that no
pixel is excused. ``crops`` are the same images cropped at random close to the flower (from 35%
around it to 15% into it), so that flowers lie off the centre and run over the border. The priors
and constants were chosen on the half called ``chosen on``; ``held out`` is the other one.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from audit.masks.grabcut import FEWEST, segment
from audit.masks.inspect import iou
from audit.masks.masks import read_mask

Pair = tuple[NDArray[np.uint8], NDArray[np.uint8]]


def pairs(data_dir: Path, masks: Path) -> dict[str, Pair]:
    """Image and trimap of every mask in the folder, by name."""
    import tensorflow_datasets as tfds

    found: dict[str, Pair] = {}
    raw = {"image": tfds.decode.SkipDecoding()}
    for split in ("train", "validation", "test"):
        data = tfds.load(
            "oxford_flowers102", split=split, data_dir=data_dir, download=False, decoders=raw
        )
        for row in data.as_numpy_iterator():
            file = masks / f"{Path(row['file_name'].decode()).stem}.png"
            if file.is_file():
                image = cv2.imdecode(np.frombuffer(row["image"], np.uint8), cv2.IMREAD_COLOR)
                found[file.stem] = image[..., ::-1].copy(), read_mask(file)
    return found


def halves(names: list[str]) -> dict[str, list[str]]:
    """The half that the method was chosen on (150) and the rest."""
    order = np.random.default_rng(0).permutation(len(names))
    half = len(names) * 150 // 315
    return {
        "chosen on": [names[i] for i in order[:half]],
        "held out": [names[i] for i in order[half:]],
    }


def crops(chosen: list[Pair]) -> Iterator[Pair]:
    """Random crops close to the flower; images that would lose all background are left out."""
    rng = np.random.default_rng(1)
    for image, trimap in chosen:
        y, x = np.nonzero(trimap == 255)
        if len(y) < FEWEST:
            continue
        low, high = np.array([y.min(), x.min()]), np.array([y.max(), x.max()]) + 1
        grow = rng.uniform(-0.15, 0.35, (2, 2)) * (high - low)
        top, left = np.maximum(0, low - grow[0]).astype(int)
        bottom, right = np.minimum(trimap.shape, high + grow[1]).astype(int)
        part = trimap[top:bottom, left:right]
        if (part == 0).mean() >= 0.15 and min(part.shape) >= 60:
            yield np.ascontiguousarray(image[top:bottom, left:right]), part.copy()


def measure(chosen: list[Pair]) -> tuple[list[float], float]:
    """IoU of every image, and CPU seconds an image."""
    start = time.process_time()
    masks = [segment(image).subject for image, _ in chosen]
    seconds = (time.process_time() - start) / len(chosen)
    drawn = [np.where(mask, 255, 0).astype(np.uint8) for mask in masks]
    return [iou(a, b).value for a, (_, b) in zip(drawn, chosen, strict=True)], seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-dir", type=Path, required=True, help="prepared TFDS folder")
    parser.add_argument("--masks", type=Path, required=True, help="folder of trimaps (PNG)")
    args = parser.parse_args()
    cv2.setNumThreads(1)
    found = pairs(args.data_dir, args.masks)
    print("| images | n | mean IoU | median | p10 | IoU < 0.5 | CPU s an image |")
    print("|---|---|---|---|---|---|---|")
    for half, names in halves(sorted(found)).items():
        whole = [found[name] for name in names]
        for label, chosen in ((half, whole), (f"{half}, crops", list(crops(whole)))):
            values, seconds = measure(chosen)
            low, middle = np.quantile(values, (0.1, 0.5))
            lost = np.mean(np.array(values) < 0.5)
            print(
                f"| {label} | {len(values)} | {np.mean(values):.3f} | {middle:.3f} | {low:.3f} "
                f"| {lost:.1%} | {seconds:.3f} |"
            )


if __name__ == "__main__":
    main()
