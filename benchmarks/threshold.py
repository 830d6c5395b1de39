"""Chooses --on-flower-skill on one planted run and reports it on another.

flower-audit run --preset planted --seed 1 --out runs/planted1
flower-audit run --preset planted --seed 0 --out runs/planted
python benchmarks/threshold.py runs/planted1 runs/planted
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd

from audit.report.planted import rests_on_shortcut
from audit.runfolder import EXPLAINERS, RunFolder
from audit.score.statistics import wilson

THRESHOLDS = (0.0, 0.05, 0.1, 0.15, 0.2, 0.25)


def flagged(records: pd.DataFrame, threshold: float) -> tuple[int, int, int, int]:
    """Found cases and their n, false alarms and their n, among the correct predictions."""
    right = records[records["correct"]]
    skills = right[[f"{name}_skill" for name in EXPLAINERS]].to_numpy()
    suspect = ~(skills >= threshold).any(axis=1) & np.isfinite(skills).any(axis=1)
    planted = rests_on_shortcut(right).to_numpy()
    found, alarms = int((suspect & planted).sum()), int((suspect & ~planted).sum())
    return found, int(planted.sum()), alarms, int((~planted).sum())


def rate(count: int, n: int) -> str:
    low, high = wilson(count, n)
    return f"{count / n:.0%} ({low:.0%} to {high:.0%}, n = {n})"


def main(chosen: Path, reported: Path) -> None:
    runs = [RunFolder.open(folder).records() for folder in (chosen, reported)]
    print("| threshold | found, chosen on | false alarms | found, reported on | false alarms |")
    print("|---|---|---|---|---|")
    gains = []
    for threshold in THRESHOLDS:
        cells = []
        for records in runs:
            found, n, alarms, others = flagged(records, threshold)
            cells += [rate(found, n), rate(alarms, others)]
            gains.append(found / n - alarms / others)
        print(f"| {threshold} | {' | '.join(cells)} |")
    best = int(np.argmax(gains[::2]))  # the first run's alone
    print(f"\nLargest difference on the first run: {THRESHOLDS[best]}")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:3]))
