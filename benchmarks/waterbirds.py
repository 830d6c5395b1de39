"""Whether as many answers are accused as rest on the scene, group by group, as a Markdown table.

python benchmarks/waterbirds.py ../shared/data runs/waterbirds

Trains a head on EfficientNet-Lite0 over Waterbirds' biased training split and audits a sample of
the test images. How many right answers rest on the scene is implied by group accuracies: of a label
on a background, 1 - accuracy on the other background / accuracy on this one, 0 at least. What a
scene must bring by itself was chosen on this sample and on that of seed 0.
"""

from __future__ import annotations

import json
import logging
import sys
from pathlib import Path

import pandas as pd

from audit.core.estimate import rate
from audit.settings import load_config
from audit.stages import commands
from audit.storage.run import RunFolder

SAMPLE = 360  # test images that are explained
SETTINGS = {
    "backbone": "efficientnet-lite0",
    "subject": "bird",
    "explain": SAMPLE,
    "robustness": 0,
    "health": False,
    "seed": 1,
}


def audit(data: Path, out: Path) -> RunFolder:
    """The run; made where it is not there yet."""
    run = RunFolder(out)
    if not run.summary_json.exists():
        images = data / "waterbirds" / "manifest.csv"
        config = load_config(SETTINGS | {"dataset": "images", "images": images})
        made = commands.run(config, out, resume=True, command="benchmarks/waterbirds.py")
        assert made is not None
        run = made
    return run


def main(data: Path, out: Path) -> None:
    run = audit(data, out)
    groups = pd.read_csv(data / "waterbirds" / "manifest.csv").set_index("path")["background"]
    predictions = run.predictions()
    accuracy = _accuracies(predictions, groups)
    records = run.records().query("skipped == ''").copy()
    records["background"] = records["name"].map(groups)
    right = records[records["correct"]]
    print("| right answers | accuracy | implied to rest on the scene | accused | undecided |")
    print("|---|---|---|---|---|")
    for (label, background), accurate in accuracy.items():
        other = accuracy[label, "water" if background == "land" else "land"]
        own = right[(right["label_name"] == label) & (right["background"] == background)]
        cells = (
            f"{label} on {background}",
            f"{accurate:.0%}",
            f"{max(0.0, 1 - other / accurate):.0%}",
            *(_share(own["verdict"] == word) for word in ("wrong-reasons", "undecided")),
        )
        print(f"| {' | '.join(cells)} |")
    doubtful = records["mask_doubt"] != ""
    print(f"\nmasks doubtful: {_share(doubtful)}")
    summary = json.loads(run.summary_json.read_text(encoding="utf-8"))
    named = [(each["class"], each["kind"]) for each in summary["sensitivity"]["proven"]]
    print(f"proven: {named}")


def _accuracies(predictions: pd.DataFrame, groups: pd.Series) -> dict[tuple[str, str], float]:
    names = ("landbird", "waterbird")
    table = predictions.assign(background=predictions["name"].map(groups))
    table["label_name"] = [names[k] for k in table["label"]]
    right = table["label"] == table["prediction"]
    return right.groupby([table["label_name"], table["background"]]).mean().to_dict()


def _share(flags: pd.Series) -> str:
    found = rate(int(flags.sum()), len(flags))
    return f"{found.value:.0%} ({found.low:.0%} to {found.high:.0%}, n = {found.n})"


if __name__ == "__main__":
    logging.disable(logging.WARNING)
    main(Path(sys.argv[1]), Path(sys.argv[2]))
