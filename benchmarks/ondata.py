"""Worlds of `flower-audit selftest --on RUN` by images with masks of their own alone, as a table.

flower-audit run --data-dir DATA/tfds --masks DATA/masks --backbone efficientnet-lite0 --epochs 3 \\
    --explain 60 --robustness 0 --out RUN
python benchmarks/ondata.py RUN ../shared/data tag border sticker

A mask that GrabCut made may leave blossoms in the background, and what a model makes of these is
nobody's error: such images tell little of verdicts. Each world audits 108 images besides their
stamped twins; weights and thresholds are those of the package.
"""

from __future__ import annotations

import logging
import sys
from dataclasses import replace
from pathlib import Path

from audit.checks.context import Context
from audit.checks.on_data.measure import Asked, write
from audit.checks.on_data.results import KindRow, OnData
from audit.core.estimate import Estimate
from audit.core.track import silent
from audit.models.backend import tensorflow_ready
from audit.settings import load_config
from audit.stages.context import context_of
from audit.stages.inputs import read_inputs
from audit.stages.resume import carried
from audit.storage.run import RunFolder

SAMPLE = 108


def opened(run: RunFolder, data: Path) -> Context:
    """Open a run on Oxford for what follows its sweep."""
    given = {"data_dir": data / "tfds", "masks": data / "masks"}
    config = load_config(carried(run, given))
    return context_of(run, read_inputs(config, ("test",), run, silent), silent)


def measured(run: RunFolder, data: Path, kinds: list[str]) -> OnData:
    """Make the worlds that the run lacks; the run's own verdicts stay as they are."""
    context = opened(run, data)
    own = [item for item in context.tested if context.masks.has_own(item)]
    with run.writing():
        return write(replace(context, tested=own), Asked(tuple(kinds), SAMPLE))


def cell(found: Estimate) -> str:
    return f"{found.value:.1%} ({found.low:.1%} to {found.high:.1%}, n = {found.n})"


def line(row: KindRow) -> str:
    cells = " | ".join(map(cell, (row.found, row.false_alarms, row.named)))
    return f"| {row.key} | {row.worth.value:.1f} | {row.auroc.value:.3f} | {cells} |"


@tensorflow_ready()
def main(run: Path, data: Path, kinds: list[str]) -> None:
    found = measured(RunFolder.open(run), data, kinds)
    print("| stamp | worth, log-odds | AUROC | found | clean accused | kind named rightly |")
    print("|---|---|---|---|---|---|")
    for row in found.kinds:
        print(line(row) if row.learned else f"| {row.key} | not learned | | | | |")
    print(f"\nall: found {cell(found.found)}, clean accused {cell(found.false_alarms)}")
    print(f"healthy: accused {cell(found.accused)}, anything proven {cell(found.proven)}")
    print(
        f"threshold of 5%: {found.calibration.threshold:.3f}, bound {found.calibration.bound:.1%}"
    )


if __name__ == "__main__":
    logging.disable(logging.WARNING)
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
