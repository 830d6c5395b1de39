"""How well the audit finds shortcuts stamped on real photographs, as a Markdown table.

python benchmarks/tags.py ../shared/data runs/tags              # all stamps, 5 minutes each
python benchmarks/tags.py ../shared/data runs/tags tag:0 tag:1  # one of them, by two seeds

Trains a head on EfficientNet-Lite0 over Oxford Flowers 102 with six classes stamped, audits the
test images that have a trimap, stamped and unstamped, and holds each signal against what right
predictions owe to their stamp. Thresholds are the defaults: none was chosen here.
"""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import Any

import pandas as pd
from stamps import Stamped

from audit.core.track import silent
from audit.datasets.stamps import STAMPS
from audit.execution.engine import Engine
from audit.execution.local import sweep
from audit.explainers.registry import titles
from audit.interventions.pool import draw_pool
from audit.masks.masks import Masks
from audit.models.classifier import FrozenClassifier
from audit.models.load import load_model
from audit.settings import load_config
from audit.settings.verdict import Thresholds
from audit.storage.run import RunFolder
from audit.training.replicas import replicas
from audit.training.training import train
from audit.verdict.signals import Signal, signals
from audit.verdict.truth import truths, was_learned, worth


def audit(data: Path, stamp: str, out: Path, seed: int = 0, **settings: Any) -> pd.DataFrame:
    """Records of all test images; finished parts are kept."""
    run = RunFolder.create(out, resume=True)
    run.update_manifest(command="benchmarks/tags.py", stamp=stamp, seed=seed)
    config = load_config({"backbone": "efficientnet-lite0", "workers": 0} | settings)
    dataset = Stamped(data, stamp, seed)
    if not run.model_file.exists():
        learnt_from = Masks(dataset)  # by GrabCut: no training image has a trimap
        trained = train(dataset, config, silent, run.training_dir, replicas(), learnt_from)
        trained.model.save(run.model_file)
    classifier = FrozenClassifier(load_model(run.model_file, trust=False))
    masks = Masks(dataset, grabcut=False)
    donors = draw_pool(dataset, masks, classifier, 0)
    engine = Engine(classifier, dataset, config, donors)
    sweep(run, dataset, masks, engine, dataset.items("test"), config, silent)
    return run.records()


def table(records: pd.DataFrame) -> list[Signal]:
    right = records[records["correct"]]
    return signals(right, truths(right), Thresholds(), titles())


def cells(signal: Signal) -> str:
    area, found, alarms = signal.auroc, signal.found, signal.false_alarms
    return (
        f"{area.value:.3f} ({area.low:.2f} to {area.high:.2f}) | "
        f"{found.value:.0%} ({found.low:.0%} to {found.high:.0%}, n = {found.n}) | "
        f"{alarms.value:.1%} ({alarms.low:.1%} to {alarms.high:.1%}, n = {alarms.n})"
    )


def at(signal: Signal, most: float) -> float:
    """What the score finds at no more than ``most`` false alarms."""
    return max((found for alarms, found in signal.curve if alarms <= most), default=0.0)


def row(records: pd.DataFrame) -> str:
    """The cells of one stamp; a stamp that was not learned has none."""
    of_it = worth(records[records["correct"]])
    if not was_learned(of_it):
        return f"not learned: worth {of_it.value:.2f} log-odds in the median | | | |"
    found = table(records)
    verdict = next(s for s in found if s.rule == "wrong reasons")
    best = max((s for s in found if s.title != "Verdict"), key=lambda s: s.auroc.value)
    single = f"{best.title} {best.auroc.value:.3f}"
    return f"{cells(verdict)} | {at(verdict, 0.08):.0%} | {single}"


def main(data: Path, out: Path, stamps: list[tuple[str, int]]) -> None:
    logging.disable(logging.WARNING)
    everything = []
    print("| stamp | AUROC of the score | found by wrong-reasons | false alarms | "
          "score finds at 8% false alarms | best single signal |")  # fmt: skip
    print("|---|---|---|---|---|---|")
    for stamp, seed in stamps:
        records = audit(data, stamp, out / f"{stamp}-seed-{seed}", seed)
        print(f"| {stamp}:{seed} | {row(records)} |", flush=True)
        if was_learned(worth(records[records["correct"]])):
            everything.append(records)
    if not everything:
        return
    print("\n| signal, all stamps | AUROC | found | false alarms |\n|---|---|---|---|")
    for signal in table(pd.concat(everything, ignore_index=True)):
        print(f"| {signal.title}: {signal.rule} | {cells(signal)} |")


def named(given: list[str]) -> list[tuple[str, int]]:
    """Stamps and seeds of ``STAMP:SEED``, seed 0 where none is given."""
    parts = (text.partition(":") for text in given)
    return [(stamp, int(seed or 0)) for stamp, _, seed in parts]


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), named(sys.argv[3:] or list(STAMPS)))
