"""What the preflight says of data that is read rightly, and of the same misread on purpose.

python benchmarks/preflight.py ../shared/data runs/preflight

Heads on EfficientNet-Lite0 are trained once (``runs/preflight/SET``) and audited as given models.
Read rightly, nothing may stop a run; misread, everything should. Printed as Markdown: images of the
data set, seconds of the preflight beside those of the imports and the model, what it says.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

import audit
from audit.datasets.dataset import SPLITS
from audit.datasets.open import open_dataset
from audit.stages.commands import preflight

LITE = {"backbone": "efficientnet-lite0"}
MASKED = ("Oxford", "PlantVillage", "planted")


def data_sets(data: Path) -> dict[str, dict[str, Any]]:
    """Settings of each data set."""
    oxford = {"data_dir": data / "tfds", "download": False, "masks": data / "masks"}
    return {
        "planted": {"preset": "planted"},
        "Oxford": LITE | oxford,
        "PlantVillage": LITE | {"images": data / "plantvillage" / "manifest.csv"},
        "Waterbirds": LITE | {"images": data / "waterbirds" / "manifest.csv"},
    }


def shuffled(classes: tuple[str, ...], file: Path) -> Path:
    """A file of the classes in an order that no two keep."""
    file.write_text("\n".join(np.roll(np.array(classes, object), 1)) + "\n", encoding="utf-8")
    return file


def misreadings(name: str, settings: Mapping[str, Any], out: Path) -> dict[str, dict[str, Any]]:
    """Options that make a run misread its inputs; masks are read upside down by their values."""
    wrong: dict[str, dict[str, Any]] = {"as 0..1": {"input_scaling": "0..1"}}
    if "images" in settings:
        classes = open_dataset(audit.configure(**settings)).classes
        wrong["classes in another order"] = {"class_order": shuffled(classes, out / f"{name}.txt")}
    if name in MASKED and name != "planted":
        wrong["masks upside down"] = {"mask_subject": "0", "mask_unknown": "128"}
    return wrong


def row(name: str, how: str, settings: Mapping[str, Any]) -> str:
    """One reading, as a row of the table."""
    config = audit.configure(**{k: str(v) if isinstance(v, Path) and k == "class_order" else v
                                for k, v in settings.items()})  # fmt: skip
    images = sum(len(open_dataset(config).items(split)) for split in SPLITS)
    begun = time.perf_counter()
    found = preflight(config)
    seconds = time.perf_counter() - begun
    said = "; ".join(o.line for o in (*found.strong, *found.weak)) or "all as it should be"
    counts = f"{len(found.observations)} | {len(found.strong)} | {len(found.weak)}"
    return f"| {name} | {how} | {images:,} | {seconds:.1f} | {counts} | {said} |"


def main(data: Path, out: Path) -> None:
    logging.disable(logging.WARNING)
    out.mkdir(parents=True, exist_ok=True)
    print("| data | read | images | s | looked at | stop | look | what it says |")
    print("|---|---|---|---|---|---|---|---|")
    for name, settings in data_sets(data).items():
        model = out / name / "model.keras"
        if not model.exists():
            audit.train(audit.configure(**settings), out / name)
        given = settings | {"model": model}
        print(row(name, "rightly", given), flush=True)
        for how, wrong in misreadings(name, settings, out).items():
            print(row(name, how, given | wrong), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
