"""Fits the score of verdicts on development worlds, and asks what it is worth on other kinds.

flower-audit selftest --on RUN --kind ...      # development kinds: RUN/selftest/*.parquet
python benchmarks/score.py RUN/selftest/*.parquet

Each file is the records of one world, named KIND_SEED.parquet, or a run of planted data. For the
table every kind is left out in turn; the weights are then fitted on all, with the sign that each of
`signs_of` must have.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import minimize
from sklearn.metrics import roc_auc_score

from audit.storage.run import RunFolder
from audit.verdict.score import WEIGHTS, signs_of
from audit.verdict.sensitivity import ALONE, evidence_of, sensitivities
from audit.verdict.truth import Truth, truths

RISES = {"lost", "share", "class", "off"}  # what accuses more the more there is of it
PENALTY = 0.02
LEVELS = (0.03, 0.05)
FEWEST = 8  # cases of a kind that is told by itself


def world(file: Path) -> pd.DataFrame:
    """Signs of the cases and clean right answers of a world."""
    records = RunFolder(file).evidence() if file.is_dir() else pd.read_parquet(file)
    evidence = evidence_of(records, sensitivities(records))
    usable = records["correct"] & (records["causal_reason"] == "")
    right = records[usable & records["background_share"].notna()]
    truth = truths(right)["truth"]
    rows = [
        dict(signs_of(row, evidence.get(row["prediction"], ALONE)))
        for row in right.to_dict("records")
    ]
    table = pd.DataFrame(rows).assign(case=(truth == Truth.CASE).to_numpy())
    kind = (file.stem.rpartition("_")[0] or file.stem).removeprefix("r_").removeprefix("p_")
    return table.assign(kind=kind)[truth.isin([Truth.CASE, Truth.CLEAN]).to_numpy()]


def fit(table: pd.DataFrame) -> NDArray[np.float64]:
    """Weights of `WEIGHTS` in their order, and the intercept; cases and clean count alike."""
    values, case = table[list(WEIGHTS)].to_numpy(float), table["case"].to_numpy(bool)
    spread = values.std(axis=0) + 1e-9
    share = np.where(case, 0.5 / case.sum(), 0.5 / (~case).sum())

    def loss(weights: NDArray[np.float64]) -> float:
        total = (values / spread) @ weights[:-1] + weights[-1]
        return float(share @ np.logaddexp(0, np.where(case, -total, total))
                     + PENALTY * weights[:-1] @ weights[:-1])  # fmt: skip

    bounds = [(0, None) if key in RISES else (None, 0) for key in WEIGHTS]
    found = minimize(loss, np.zeros(len(WEIGHTS) + 1), bounds=[*bounds, (None, None)]).x
    return np.append(found[:-1] / spread, found[-1])


def scores(table: pd.DataFrame, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    total = table[list(WEIGHTS)].to_numpy(float) @ weights[:-1] + weights[-1]
    return np.asarray(1 / (1 + np.exp(-total)))


def main(files: list[Path]) -> None:
    table = pd.concat([world(file) for file in files], ignore_index=True)
    print(
        "| kind left out | cases | clean | AUROC | found at 3% | at 5% |\n|---|---|---|---|---|---|"
    )
    rows = []
    for kind, own in table.groupby("kind"):
        case = own["case"].to_numpy(bool)
        if case.sum() < FEWEST:
            continue
        found = scores(own, fit(table[table["kind"] != kind]))
        at = [float((found[case] > np.quantile(found[~case], 1 - q)).mean()) for q in LEVELS]
        rows.append((roc_auc_score(case, found), *at))
        cells = f"{rows[-1][0]:.3f} | {at[0]:.0%} | {at[1]:.0%}"
        print(f"| {kind} | {case.sum()} | {(~case).sum()} | {cells} |")
    area, *at = np.mean(rows, axis=0)
    print(f"| mean | | | {area:.3f} | {at[0]:.0%} | {at[1]:.0%} |\n")
    weights = fit(table)
    clean = scores(table[~table["case"]], weights)
    print(f"INTERCEPT = {weights[-1]:.2f}")
    print({key: round(float(w), 2) for key, w in zip(WEIGHTS, weights, strict=False)})
    for level in LEVELS:
        least = np.quantile(clean, 1 - level)
        print(f"accusing_score at {level:.0%} of {len(clean)} clean: {least:.3f}")


if __name__ == "__main__":
    main([Path(file) for file in sys.argv[1:]])
