"""What --augment-background does to a stamped Oxford world, as a Markdown table.

python benchmarks/remedy_stamped.py ../shared/data runs/tags tag-4

As `tags.py`, twice: with the head trained as by default, and (in ``augmented/``) on swapped
backgrounds, by masks of GrabCut, for as many epochs as `laboratory.py` gives to augmented images.
Accuracy is of all 6,149 test images, none of them stamped.
"""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import pandas as pd
from remedy import accused, said
from shortcuts import rated
from tags import audit

from audit.core.paired import difference_of_means, newcombe
from audit.core.track import silent
from audit.datasets.oxford import OxfordFlowers
from audit.execution.engine import Engine
from audit.execution.predict import predict
from audit.models.classifier import FrozenClassifier
from audit.models.load import load_model
from audit.settings import load_config
from audit.verdict.truth import is_case

SWAPPED = {"augment_background": True, "epochs": 15}


def predictions(data: Path, run: Path) -> pd.DataFrame:
    """Answers for every test image as it was photographed, by name."""
    oxford = OxfordFlowers(data / "tfds", download=False)
    model = FrozenClassifier(load_model(run / "model.keras", trust=False))
    engine = Engine(model, oxford, load_config({}))
    table, _ = predict(engine, oxford, oxford.items("test"), 16, silent)
    return table.set_index("name")


def facts(records: pd.DataFrame, answers: pd.DataFrame) -> str:
    values, right = accused(records), records[records["correct"]]
    hits = answers["label"] == answers["prediction"]
    return (
        f"{rated(int(hits.sum()), len(hits))} | "
        f"{rated(int((values == 1).sum()), int((values >= 0).sum()))} | "
        f"{int(is_case(right).sum())} of {len(right)}"
    )


def main(data: Path, out: Path, stamp: str) -> None:
    logging.disable(logging.WARNING)
    folder = f"{stamp}-seed-0"
    print("| training | accuracy, unstamped | wrong reasons, of right answers | "
          "right answers that rest on the stamp |\n|---|---|---|---|")  # fmt: skip
    pairs = []
    for title, run, settings in (("default", out / folder, {}),
                                 ("swapped", out / "augmented" / folder, SWAPPED)):  # fmt: skip
        records = audit(data, stamp, run, 0, **settings).set_index("name")
        answers = predictions(data, run)
        print(f"| {title} | {facts(records, answers)} |", flush=True)
        pairs.append((records, answers["label"] == answers["prediction"]))
    (before, a), (after, b) = pairs
    moved = difference_of_means(accused(before), accused(after.loc[before.index]), 0)
    print(f"\nAccuracy {said(newcombe(a, b.loc[a.index]))}, wrong reasons {said(moved)}.")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
