"""What an audit finds of planted shortcuts by answers alone, beside one that looks into the model.

flower-audit run --preset planted --out RUN
python benchmarks/answers.py RUN OUT

The model of RUN is audited again as a function from images to probabilities: no feature map, no
gradient, an occlusion heatmap in their place. Counted are right predictions whose truth is known.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from ondata import cell

import audit
from audit.core.estimate import rate
from audit.models.backend import tensorflow_ready
from audit.verdict.truth import Truth, truths
from audit.verdict.verdict import Verdict

ACCUSED = {
    "wrong reasons": (Verdict.WRONG_REASONS,),
    "wrong reasons or suspect": (Verdict.WRONG_REASONS, Verdict.SUSPECT),
}


def answers_of(file: Path) -> Any:
    import keras

    model = keras.models.load_model(file)

    def model_of_answers(images: np.ndarray) -> np.ndarray:
        return np.asarray(model(images.astype(np.float32), training=False))

    return model_of_answers


def rows(title: str, records: pd.DataFrame) -> list[str]:
    right = records[records["prediction"] == records["label"]]
    told = truths(right)["truth"]
    found = []
    for words, verdicts in ACCUSED.items():
        accused = right["verdict"].isin(verdicts)
        cells = [
            cell(rate(int((accused & (told == truth)).sum()), int((told == truth).sum())))
            for truth in (Truth.CASE, Truth.CLEAN)
        ]
        found.append(f"| {title} | {words} | {' | '.join(cells)} |")
    return found


@tensorflow_ready()
def main(run: Path, out: Path) -> None:
    looked_into = audit.load_run(run)
    size = int(looked_into.manifest["config"]["model"]["image_size"])
    config = audit.configure("planted", image_size=size, robustness=0)
    alone = audit.run(config, out, model=answers_of(run / "model.keras"))
    assert alone is not None
    print("| model | accused as | cases found | clean accused |\n|---|---|---|---|")
    print(*rows("looked into", looked_into.records), sep="\n")
    print(*rows("answers alone", alone.records), sep="\n")
    both = looked_into.records.merge(alone.records, on="name", suffixes=("", "_alone"))
    same = (both["verdict"] == both["verdict_alone"]).sum()
    print(f"\nVerdicts alike: {cell(rate(int(same), len(both)))}.")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
