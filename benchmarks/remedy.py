"""What --augment-background does to planted worlds, as a Markdown table.

python benchmarks/remedy.py runs/shortcuts tag-a:300 tag-b:306

Each world is audited twice below the folder, trained as by default and with --augment-background
(in ``augmented/``); finished runs are kept. The share of images that are put on other backgrounds
was chosen on tag-a:300, of 50% and 75%.
"""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from shortcuts import audit, named, rated

from audit.checks.shortcuts.summary import find_shortcuts
from audit.core.paired import Difference, difference_of_means, newcombe
from audit.report.source import Source
from audit.verdict.truth import is_case


def accused(records: pd.DataFrame) -> NDArray[np.float64]:
    """1 for right answers with wrong reasons, 0 for other right ones, NaN for the rest."""
    counts = records["correct"].astype(bool) & (records["verdict"] != "undecided")
    return np.where(counts, (records["verdict"] == "wrong-reasons").astype(float), np.nan)


def said(found: Difference) -> str:
    return f"{100 * found.value:+.1f} points ({100 * found.low:+.1f} to {100 * found.high:+.1f})"


def facts(source: Source) -> str:
    found, values = find_shortcuts(source), accused(source.explained)
    right, rests = source.correct, is_case(source.correct)
    return (
        f"{len(right) / len(source.explained):.1%} | "
        f"{rated(int(np.nansum(values)), int((~np.isnan(values)).sum()))} | "
        f"{int(rests.sum())} of {len(right)} | {len(found.proven) if found else 'not looked for'}"
    )


def main(out: Path, worlds: list[tuple[str, int]]) -> None:
    logging.disable(logging.WARNING)
    print("| world | training | accuracy | wrong reasons, of right answers | "
          "right answers that rest on a shortcut | shortcuts proven |")  # fmt: skip
    print("|---|---|---|---|---|---|")
    pairs = []
    for world, seed in worlds:
        before = audit(world, seed, out)
        after = audit(world, seed, out / "augmented", augment_background=True)
        print(f"| {world}, {seed} | default | {facts(before)} |")
        print(f"| | `--augment-background` | {facts(after)} |", flush=True)
        first = before.explained.set_index("name")
        pairs.append((first, after.explained.set_index("name").loc[first.index]))
    a, b = (pd.concat(side) for side in zip(*pairs, strict=True))
    print(f"\nTogether: accuracy {said(newcombe(a['correct'], b['correct']))}, wrong reasons "
          f"{said(difference_of_means(accused(a), accused(b), 0))}, n = {len(a)}.")  # fmt: skip


if __name__ == "__main__":
    main(Path(sys.argv[1]), named(sys.argv[2:]))
