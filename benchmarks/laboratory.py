"""Does augmentation make the model look at the flower? Oxford Flowers 102, as a Markdown table.

python benchmarks/laboratory.py ../shared/data runs/laboratory             # all recipes
python benchmarks/laboratory.py ../shared/data runs/laboratory fine-tuned  # one of them

Trains EfficientNet-Lite0 by each recipe on the 1,020 official training images, and audits each on
the same test images: all those with a trimap and 100 others. Finished runs are kept. Choices of
epochs and rates were made on validation images.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from pathlib import Path
from typing import Any

from audit.compare.build import default_out
from audit.settings import load_config
from audit.stages import commands
from audit.storage.run import RunFolder

EPOCHS = 15
RECIPES: dict[str, dict[str, Any]] = {
    "baseline": {"epochs": 25},
    "baseline-256": {"epochs": 25, "image_size": 256},
    "augmented": {"pipeline": "augmented"},
    "mixup": {"pipeline": "mixup"},
    "cutmix": {"pipeline": "cutmix"},
    "fine-tuned": {
        "pipeline": "augmented",
        "image_size": 256,
        "epochs": 5,
        "fine_tune_epochs": 14,
        "fine_tune_rate": 1e-3,
        "label_smoothing": 0.1,
    },
}


def main(data: Path, out: Path, names: list[str]) -> None:
    shared = {"data_dir": data / "tfds", "download": False, "masks": data / "masks"}
    shared |= {"backbone": "efficientnet-lite0", "explain": 100, "epochs": EPOCHS}
    runs = []
    for name in names:
        config = load_config(shared | RECIPES[name])
        run = RunFolder(out / name)
        if not run.summary_json.exists():
            run = commands.run(config, out / name, resume=True, command="benchmarks/laboratory.py")
        print(_row(name, run), flush=True)
        runs.append(run)
    if len(runs) > 1:
        print(commands.compare(runs, default_out(runs)))


def _row(name: str, run: RunFolder) -> str:
    summary = json.loads(run.summary_json.read_text(encoding="utf-8"))
    figures, error = summary["figures"], summary["robustness"]["mean_corruption_error"]
    manifest = run.manifest()
    training, minutes = manifest["training"], manifest["seconds"]["train"] / 60
    cells = [
        name,
        f"{training['val_accuracy']:.1%}",
        *(_share(f) for f in (figures["accuracy"], error, figures["wrong_reasons_share"])),
        f"{minutes:.1f}",
        f"{training['step_share']:.1%}",
    ]
    return f"| {' | '.join(cells)} |"


def _share(figure: dict[str, Any]) -> str:
    return f"{figure['value']:.1%} ({figure['low']:.1%} to {figure['high']:.1%})"


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    logging.basicConfig(format="%(message)s")
    logging.getLogger("audit").setLevel(logging.INFO)
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:] or list(RECIPES))
