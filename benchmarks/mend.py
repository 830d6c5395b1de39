"""What mending does to models whose shortcuts nobody planted, as a Markdown table.

python benchmarks/mend.py ../shared/data runs/mend waterbirds plantvillage stamped oxford

Trains a head on EfficientNet-Lite0 over the official training split of each data set, audits a
sample, mends by training and validation images, and reports on the test split: accuracy, of the
worst group where there are groups, of foregrounds cut out (before white, grey and black, the
mean of the three) where masks are given, and the share of right answers that have wrong reasons.
Waterbirds is mended without its groups, with them, and with its last block, too. `stamped` is
Oxford Flowers 102 with tags on six classes, as `stamps.py` has it, written to the disk.
Finished runs are kept. What was settled after test figures had been seen, site/mend.md tells.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from stamps import kept

from audit.core.paired import newcombe
from audit.datasets.decode import resize
from audit.datasets.open import open_dataset
from audit.interventions.composites import paste, split_foreground
from audit.masks.masks import trusted
from audit.masks.sample import fit_trimap
from audit.masks.source import masks_of
from audit.report.source import load
from audit.settings import Config, load_config
from audit.stages import commands
from audit.stages import mend as stage
from audit.stages.resume import carried
from audit.storage.run import RunFolder

SHARED = {"backbone": "efficientnet-lite0", "robustness": 0, "health": False}
EPOCHS = {"waterbirds": 3, "plantvillage": 30, "stamped": 25, "oxford": 30}
EXPLAINED = {"waterbirds": 160, "plantvillage": 160, "stamped": 255, "oxford": 40}
SUBJECTS = {"waterbirds": "bird", "plantvillage": "leaf"}
STAMP = "tag-4"
LEVELS = (255.0, 127.5, 0.0)


def settings(name: str, data: Path, out: Path) -> dict[str, Any]:
    if name == "oxford":
        return {"data_dir": data / "tfds", "masks": data / "masks"}
    if name == "stamped":
        return {"images": kept(data, STAMP, out / "stamped-images")}
    return {"images": data / name / "manifest.csv", "subject": SUBJECTS[name]}


def audited(name: str, data: Path, out: Path) -> RunFolder:
    """The run of a data set; made where it is not there yet."""
    run = RunFolder(out / name)
    if not run.report_html.exists():
        own = {"epochs": EPOCHS[name], "explain": EXPLAINED[name]}
        config = load_config(SHARED | own | settings(name, data, out))
        made = commands.run(config, run.root, resume=True, command="benchmarks/mend.py")
        assert made is not None
        run = made
    return run


def mended(
    name: str, run: RunFolder, data: Path, out: Path, layers: str = "last-layer", **more: Any
) -> Path:
    """The model that comes of a run."""
    config = load_config(carried(run, settings(name, data, out.parent) | more))
    command, resume = "benchmarks/mend.py", out.exists()
    return stage.run(config, run, out, layers=layers, resume=resume, command=command).model


def cut_out(config: Config, model: Path) -> np.ndarray:
    """Share of plain backgrounds before which each foreground is named rightly, 0..1."""
    from audit.models.classifier import FrozenClassifier
    from audit.models.load import load_model

    classifier = FrozenClassifier(load_model(model, trust=False))
    dataset, size = open_dataset(config), classifier.input_size
    stream = masks_of(config, dataset, lambda items, *_: items).stream(
        dataset.images(dataset.items("test")), 0
    )
    right = []
    for item, image, trimap, _ in stream:
        known = trusted(trimap)
        photo = resize(image, size)
        parts = None if known is None else split_foreground(photo, fit_trimap(known, size))[0]
        if parts is not None:
            shown = [paste(photo, parts.opacity, np.full_like(parts.removed, v)) for v in LEVELS]
            answers = np.asarray(classifier.logits(np.stack(shown))).argmax(axis=1)
            right.append(float((answers == item.label).mean()))
    return np.array(right)


def figures(run: RunFolder, data: Path, name: str) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Whether each test image is named rightly, by name, and by label and background."""
    table = run.predictions().sort_values("name")
    right = (table["label"] == table["prediction"]).to_numpy(bool)
    if name != "waterbirds":
        return right, {}
    values = pd.read_csv(data / name / "manifest.csv").set_index("path")["background"]
    groups = table["label"].astype(str) + " on " + table["name"].map(values)
    return right, {key: right[(groups == key).to_numpy()] for key in sorted(set(groups))}


def rows(name: str, data: Path, out: Path) -> Iterator[str]:
    run = audited(name, data, out)
    config = load_config(carried(run, settings(name, data, out)))
    ways: dict[str, dict[str, str]] = {"": {}}
    if name == "waterbirds":
        given = {"group": "background"}
        ways |= {", groups given": given, ", last block": given | {"layers": "last-block"}}
    before, groups = figures(run, data, name)
    cut = cut_out(config, run.model_file) if name == "plantvillage" else np.zeros(0)
    yield (
        f"| {name} | as trained | {before.mean():.1%} | {lowest(groups)} | {shown(cut)} | "
        f"{reasons(run, data, name)} |"
    )
    for way, more in ways.items():
        place = out / f"{name}-mended{way.replace(', ', '-').replace(' ', '-')}"
        model = mended(name, run, data, place, **more)
        after, groups = figures(RunFolder.open(place / "run"), data, name)
        change = newcombe(before, after)
        told = (
            f"{100 * change.value:+.1f} points, {100 * change.low:+.1f} to {100 * change.high:+.1f}"
        )
        cut = cut_out(config, model) if name == "plantvillage" else np.zeros(0)
        yield (
            f"| | mended{way} | {after.mean():.1%} ({told}) | {lowest(groups)} | {shown(cut)} | "
            f"{reasons(RunFolder.open(place / 'run'), data, name)} |"
        )


def reasons(run: RunFolder, data: Path, name: str) -> str:
    """Right answers that have wrong reasons, of those tested; of Waterbirds on water beside."""
    records = load(run).tested
    right = records[records["correct"] & (records["verdict"] != "undecided")]
    wrong = right["verdict"] == "wrong-reasons"
    told = f"{wrong.sum()} of {len(right)}"
    if name != "waterbirds":
        return told
    values = pd.read_csv(data / name / "manifest.csv").set_index("path")["background"]
    wet = (right["name"].map(values) == "water").to_numpy()
    return f"{told}; on water {wrong[wet].sum()} of {wet.sum()}"


def lowest(groups: dict[str, np.ndarray]) -> str:
    worst = min(groups, key=lambda key: groups[key].mean(), default="")
    return f"{groups[worst].mean():.1%} ({worst}, n = {len(groups[worst])})" if worst else "-"


def shown(cut: np.ndarray) -> str:
    return f"{cut.mean():.1%} (n = {len(cut)})" if len(cut) else "-"


def main(data: Path, out: Path, names: list[str]) -> None:
    logging.disable(logging.WARNING)
    print("| data | model | accuracy | worst group | cut out | wrong reasons |")
    print("|---|---|---|---|---|---|")
    for name in names:
        for row in rows(name, data, out):
            print(row, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
