"""Where a sweep's time goes, and how much memory it takes, with 50 and with 500 images.

python benchmarks/sweep.py --data-dir DATA --masks MASKS

EfficientNetB0 with random weights at the defaults of `flower-audit run`, each size in a process of
its own. Images without a trimap get masks by GrabCut, as they do in a real run.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

COUNTS = (50, 500)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--masks", type=Path, required=True)
    parser.add_argument("--count", type=int, help="measure this many in this process")
    given = parser.parse_args()
    if given.count:
        print(json.dumps(measure(given.data_dir, given.masks, given.count)))
        return
    print("| images | s an image | inside the model's calls | nodes (mean) | peak memory |")
    print("|---|---|---|---|---|")
    for count in COUNTS:
        command = [sys.executable, __file__, *sys.argv[1:], "--count", str(count)]
        child = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
        found = json.loads(child.stdout.splitlines()[-1])
        print(
            f"| {found['images']} | {found['seconds'] / found['images']:.2f} | "
            f"{found['inside'] / found['seconds']:.0%} | {found['nodes']:.1f} | "
            f"{found['peak'] / 2**20:.2f} GiB |",
            flush=True,
        )


def measure(data_dir: Path, masks: Path, count: int) -> dict[str, float]:
    import keras

    from audit.settings import load_config
    from audit.stages import commands

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "b0.keras")
        keras.utils.set_random_seed(0)
        keras.applications.EfficientNetB0(weights=None, classes=102).save(file)
        inside = time_model_calls()
        config = load_config({"data_dir": data_dir, "masks": masks, "model": file, "limit": count})
        run = commands.run(config, Path(folder, "run"))
        seconds = run.manifest()["seconds"]
        nodes = run.records()["ig_steps"].mean()
    return {
        "images": count,
        "seconds": seconds["predict"] + seconds["explain"],
        "inside": sum(inside),
        "nodes": float(nodes),
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
    }


def time_model_calls() -> list[float]:
    """Collect the seconds of every call of a compiled function that runs the model."""
    from audit.explainers.gradcam import GradCAM
    from audit.explainers.integrated_gradients import _Replica
    from audit.models.classifier import FrozenClassifier

    spent: list[float] = []
    for kind, name in (
        (GradCAM, "_of_predicted"),
        (_Replica, "gradients"),
        (FrozenClassifier, "_logits"),
    ):
        kind.__init__ = timed_after(kind.__init__, name, spent)
    return spent


def timed_after(init: Callable[..., None], name: str, spent: list[float]) -> Callable[..., None]:
    def wrapped(self: Any, *args: Any, **kwargs: Any) -> None:
        init(self, *args, **kwargs)
        setattr(self, name, timed(getattr(self, name), spent))

    return wrapped


def timed(call: Callable[..., Any], spent: list[float]) -> Callable[..., Any]:
    def wrapped(*args: Any) -> Any:
        start = time.perf_counter()
        made = call(*args)
        for tensor in made if isinstance(made, tuple) else (made,):
            tensor.numpy()
        spent.append(time.perf_counter() - start)
        return made

    return wrapped


if __name__ == "__main__":
    main()
