"""What a sweep costs beside its model: reading, composites, scores and writing, an image.

python benchmarks/bookkeeping.py                        # 1,000 and 10,000 images, no interventions
python benchmarks/bookkeeping.py --images 1000 --full   # with interventions, most of it composites

Photographs of 500 x 500 pixels with masks, drawn once and linked under many names; a model that
sees the mean colours of 49 tiles at 224 pixels, so that little time is its own. Each size runs in a
process of its own on one core. Stages that run beside others count in full; `wall` is what the
clock shows.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

DRAWN = 64
STAGES = ("decode", "explain", "intervene", "score", "write")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, nargs="+", default=[1000, 10_000])
    parser.add_argument("--full", action="store_true", help="with all interventions")
    parser.add_argument("--sweep", type=Path, help="sweep this folder's images in this process")
    given = parser.parse_args()
    if given.sweep:
        print(json.dumps(measure(given.sweep, given.full)))
        return
    print("| images | wall, ms an image |", *(f"{s} |" for s in STAGES), "peak MiB | maps, KB |")
    print("|---" * (len(STAGES) + 4) + "|")
    for count in given.images:
        with tempfile.TemporaryDirectory() as folder:
            write_images(Path(folder), count)
            again = [sys.executable, __file__, "--sweep", folder, *["--full"] * given.full]
            done = subprocess.run(again, check=True, stdout=subprocess.PIPE, text=True)
        found = json.loads(done.stdout.splitlines()[-1])
        cells = [f"{found[key]:.2f}" for key in ("wall", *STAGES)]
        print(f"| {count:,} |", " | ".join(cells), f"| {found['peak']:.0f} | {found['maps']:.1f} |",
              flush=True)  # fmt: skip


def write_images(root: Path, count: int) -> None:
    """Links to a few drawn photographs and their masks, and the manifest that lists them."""
    from PIL import Image

    from audit.datasets.planted.dataset import Planted

    drawn = Planted(size=500)
    items = drawn.items("test")[:DRAWN]
    for k, (item, photo) in enumerate(drawn.images(items)):
        Image.fromarray(photo).save(root / f"photo_{k}.jpg", quality=92)
        Image.fromarray(drawn.trimap(item)).save(root / f"trimap_{k}.png")
    lines = ["path,label,split,mask"]
    for n in range(count):
        os.link(root / f"photo_{n % DRAWN}.jpg", root / f"image_{n:07d}.jpg")
        name = drawn.classes[items[n % DRAWN].label]
        lines.append(f"image_{n:07d}.jpg,{name},test,trimap_{n % DRAWN}.png")
    (root / "images.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def measure(root: Path, full: bool) -> dict[str, float]:
    """Milliseconds an image by stage, peak memory, and the size of the maps."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    from audit.core.track import silent
    from audit.datasets.open import open_dataset
    from audit.execution.engine import Engine
    from audit.execution.local import sweep
    from audit.interventions.pool import draw_pool
    from audit.masks.masks import Masks
    from audit.settings import load_config
    from audit.storage.run import RunFolder

    config = load_config({"images": root / "images.csv", "workers": 0, "ig_steps": 4})
    dataset = open_dataset(config)
    masks, classifier = Masks(dataset, grabcut=False), model(len(dataset.classes))
    donors = draw_pool(dataset, masks, classifier, 0) if full else None
    engine = Engine(classifier, dataset, config, donors)
    run, items = RunFolder.create(root / "run", resume=False), dataset.items("test")
    start = time.perf_counter()
    sweep(run, dataset, masks, engine, items, config, silent)
    wall = time.perf_counter() - start
    spent = {"wall": wall} | {stage: engine.clock.seconds.get(stage, 0.0) for stage in STAGES}
    maps = sum(file.stat().st_size for file in run.maps_dir.iterdir())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    each = {key: 1000 * seconds / len(items) for key, seconds in spent.items()}
    return each | {"peak": peak, "maps": maps / 1000 / len(items)}


def model(classes: int) -> Any:
    """A classifier of the colours of 49 tiles."""
    import keras

    from audit.models.classifier import FrozenClassifier

    keras.utils.set_random_seed(0)
    x = keras.Input((224, 224, 3))
    tiles = keras.layers.AveragePooling2D(32)(x)
    seen = keras.layers.Conv2D(8, 1, activation="relu")(tiles)
    pooled = keras.layers.GlobalAveragePooling2D()(seen)
    return FrozenClassifier(
        keras.Model(x, keras.layers.Dense(classes, activation="softmax")(pooled))
    )


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    main()
