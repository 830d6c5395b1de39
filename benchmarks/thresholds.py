"""Chooses the verdict's thresholds on half a of the self-test's worlds, as a Markdown table.

flower-audit selftest --half a --out runs/selftest-a
python benchmarks/thresholds.py runs/selftest-a
"""

from __future__ import annotations

import sys
from itertools import product
from pathlib import Path

import pandas as pd

from audit.explainers.registry import titles
from audit.settings.verdict import Thresholds
from audit.storage.run import RunFolder
from audit.verdict.truth import Truth, truths
from audit.verdict.verdict import verdict_for

GRID = {
    "least_support": (0.4, 0.5, 0.6),
    "most_background": (0.6, 0.7, 0.8),
    "least_survival": (0.4, 0.6),
    "least_effect": (0.0, 0.5, 1.0, 1.5),
}
PRECISION = 0.9  # at least, on this half
SHOWN = 12


def main(folder: Path) -> None:
    runs = {file.parent.name: RunFolder(file.parent) for file in folder.glob("*/manifest.json")}
    records = pd.concat([run.records().assign(world=name) for name, run in runs.items()])
    right = records[records["correct"] & (records["verdict"] != "undecided")]
    right = right.reset_index(drop=True)
    told = truths(right)["truth"]
    case, clean = told == Truth.CASE, told == Truth.CLEAN
    rewarded = right.groupby("world")["shortcut_class"].transform("max") >= 0
    healthy = clean & ~rewarded
    rows = []
    for values in product(*GRID.values()):
        chosen = dict(zip(GRID, values, strict=True))
        thresholds = Thresholds(**chosen)
        words = [verdict_for(row, thresholds, titles()) for row in right.to_dict("records")]
        accused = pd.Series(words) == "wrong-reasons"
        rows.append(
            {
                **chosen,
                "recall": accused[case].mean(),
                "precision": case[accused & (case | clean)].mean(),
                "healthy accused": accused[healthy].mean(),
            }
        )
    found = pd.DataFrame(rows)
    found = found[found["precision"] >= PRECISION].sort_values("recall", ascending=False)
    print(f"n = {len(right)}, cases {int(case.sum())}, healthy {int(healthy.sum())}\n")
    print("| " + " | ".join(found.columns) + " |")
    print("|" + "---|" * len(found.columns))
    for row in found.head(SHOWN).itertuples(index=False):
        print("| " + " | ".join(f"{value:.3g}" for value in row) + " |")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
