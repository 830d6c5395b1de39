"""What an adaptive budget of interventions saves, and what it changes, beside the full one.

flower-audit run --data-dir DATA/tfds --masks DATA/masks --backbone efficientnet-lite0 --epochs 3 \\
    --explain 60 --robustness 0 --out RUN
python benchmarks/budget.py RUN ../shared/data 1000

Sweeps the same test images, sampled by class, under both budgets in one process, some parts in
turn, as a sweep does, and prints what an image costs in seconds and in forward passes of this model
in full batches, how many verdicts agree, and by how much of their interval the figures of the first
screen differ.
"""

from __future__ import annotations

import io
import logging
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from ondata import opened

from audit.core.abreast import abreast
from audit.core.estimate import mean, rate
from audit.datasets.batches import in_batches
from audit.datasets.dataset import stratified
from audit.execution.engine import Engine
from audit.execution.local import PART_SIZE, explain_part, read
from audit.explainers.base import PASS
from audit.explainers.registry import titles
from audit.masks.sample import Sample
from audit.models.backend import tensorflow_ready
from audit.settings import change, load_config
from audit.storage.run import RunFolder
from audit.verdict.judging import judged
from audit.verdict.sensitivity import evidence_of, sensitivities
from audit.verdict.verdict import Labels, Verdict

BUDGETS = ("full", "adaptive")
SEED = 0
PARTS = 4  # of a turn: threads of a sweep have one each, and end together only now and then


def swept(run: RunFolder, data: Path, count: int) -> tuple[dict[str, Any], dict[str, float], float]:
    """Records and seconds by budget, and the seconds of a forward pass in between."""
    context = opened(run, data)
    items = stratified(context.dataset.items("test"), count, SEED)
    configs = {key: change(context.config, budget=key) for key in BUDGETS}
    engines = {
        key: Engine(context.classifier, context.dataset, made, context.pool, images=len(items))
        for key, made in configs.items()
    }
    first = engines["full"]
    first.ig_batch(run.manifest().get("ig_batch"))
    engines["adaptive"].ig_batch(first.ig_batch(None))
    tables: dict[str, list[pd.DataFrame]] = {key: [] for key in BUDGETS}
    seconds, passes = dict.fromkeys(BUDGETS, 0.0), []
    samples = (s for s in read(context.dataset, context.masks, items, 0, first)
               if isinstance(s, Sample))  # fmt: skip
    classes = context.dataset.classes
    for number, parts in enumerate(in_batches(in_batches(samples, PART_SIZE), PARTS)):
        for key in BUDGETS if number % 2 else reversed(BUDGETS):
            engine, config = engines[key], configs[key]
            explain = partial(explain_part, number, classes=classes, engine=engine, config=config)
            start = time.perf_counter()
            made = list(abreast(explain, parts, engine.streams, engine.halt))
            if number:  # the first traces graphs
                seconds[key] += time.perf_counter() - start
            tables[key] += [_records(each.packed["records"]) for each in made]
        passes.append(forward_pass(context.classifier))
    timed = len(items) - PARTS * PART_SIZE
    found = {key: pd.concat(parts, ignore_index=True) for key, parts in tables.items()}
    return found, {k: s / timed for k, s in seconds.items()}, float(np.mean(passes[1:]))


def _records(packed: bytes) -> pd.DataFrame:
    return pq.read_table(io.BytesIO(packed)).to_pandas()


def forward_pass(classifier: Any) -> float:
    """Seconds an image, in full batches."""
    size = classifier.input_size
    images = np.random.default_rng(0).uniform(0, 255, (PASS, size, size, 3)).astype(np.float32)
    spent = []
    for _ in range(12):
        start = time.perf_counter()
        np.asarray(classifier.logits(images))
        spent.append((time.perf_counter() - start) / PASS)
    return float(np.median(spent[2:]))


def words(records: pd.DataFrame) -> pd.DataFrame:
    thresholds = load_config({}).verdict
    evidence = evidence_of(records, sensitivities(records))
    told = judged(records, thresholds, Labels("flower", titles()), evidence)
    return records.drop(columns=["verdict", "fragile"]).merge(told[["name", "verdict", "fragile"]])


def figures(records: pd.DataFrame) -> dict[str, Any]:
    right = records[records["correct"] & (records["verdict"] != Verdict.UNDECIDED)]
    verdicts = {v: int((right["verdict"] == v).sum()) for v in ("wrong-reasons", "suspect")}
    return {key: rate(n, len(right)) for key, n in verdicts.items()} | {
        "background share": mean(right["background_share"].dropna(), SEED),
        "fragile": rate(int(records["fragile"].sum()), len(records)),
    }


@tensorflow_ready()
def main(run: Path, data: Path, count: int) -> None:
    found, seconds, a_pass = swept(RunFolder.open(run), data, count)
    told = {key: words(records) for key, records in found.items()}
    print(f"forward pass: {1000 * a_pass:.1f} ms an image\n")
    print("| budget | s an image | in forward passes | of interventions | gradients of IG |")
    print("|---|---|---|---|---|")
    for key in BUDGETS:
        records = found[key]
        print(
            f"| {key} | {seconds[key]:.3f} | {seconds[key] / a_pass:.1f} | "
            f"{records['passes'].mean():.1f} | {records['ig_steps'].mean():.1f} |"
        )
    both = told["full"].merge(told["adaptive"], on="name", suffixes=("", "_less"))
    for column in ("verdict", "fragile"):
        same = int((both[column] == both[f"{column}_less"]).sum())
        print(f"\n{column}: {same} of {len(both)} agree ({same / len(both):.2%})")
    other = both[both["verdict"] != both["verdict_less"]]
    print(other.groupby(["verdict", "verdict_less"]).size().to_string())
    figures_of = {key: figures(records) for key, records in told.items()}
    for key, full in figures_of["full"].items():
        less = figures_of["adaptive"][key]
        share = abs(less.value - full.value) / (full.high - full.low)
        print(f"{key}: {full.value:.2%} and {less.value:.2%}, {share:.2f} of the interval")


if __name__ == "__main__":
    logging.disable(logging.WARNING)
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
