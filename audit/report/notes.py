"""Limits of the figures that a reader must know first: gaps, doubts and errors, counted."""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass

import pandas as pd

from audit.checks.registry import every
from audit.datasets.dataset import UNUSABLE
from audit.report.source import Source
from audit.verdict.verdict import AUTOMATIC, MASK_DOUBTFUL


@dataclass(frozen=True)
class Gap:
    """An image that was left out, or whose mask is doubtful."""

    name: str
    where: str  # its split, or where its mask came from
    reason: str


@dataclass(frozen=True)
class Completeness:
    """Completeness error of Integrated Gradients over the explained images."""

    median: float
    p90: float
    n: int
    undefined: int
    steps: str


@dataclass(frozen=True)
class Notes:
    """Everything that limits the figures."""

    skipped: list[Gap]
    doubtful: list[Gap]
    doubts: list[tuple[str, int]]
    undecided: list[tuple[str, int]]
    mask_sources: list[tuple[str, int]]
    completeness: Completeness

    @property
    def by_machine(self) -> list[str]:
        """Sources of masks that nobody drew, of those that there are."""
        return [source for source, _ in self.mask_sources if source in AUTOMATIC]


def notes(source: Source) -> Notes:
    """Return the gaps, doubts and errors of a run."""
    explained = source.explained
    doubts = mask_doubts(source)
    doubtful = explained.loc[doubts.index, ["name", "mask_source"]].assign(mask_doubt=doubts)
    return Notes(
        skipped=_skipped(source),
        doubtful=[Gap(*row) for row in doubtful.to_numpy()],
        doubts=Counter(map(_kind, doubtful["mask_doubt"])).most_common(),
        undecided=Counter(map(_cause, source.undecided)).most_common(),
        mask_sources=Counter(explained["mask_source"].tolist()).most_common(),
        completeness=_completeness(source),
    )


def mask_doubts(source: Source) -> pd.Series:
    """Return why masks are doubtful, by their form or by their verdict, of those that are."""
    by_form, reasons = source.explained["mask_doubt"], source.undecided
    by_verdict = reasons[reasons.str.startswith(MASK_DOUBTFUL)]
    told = by_verdict.str.removeprefix(f"{MASK_DOUBTFUL}: ")
    return by_form[by_form != ""].combine_first(told)


def _kind(doubt: str) -> str:
    """Return a doubt without its amount: "tiny (0.4% of the image)" is "tiny"."""
    return re.split(r" ?[(:]", doubt)[0]


def _cause(reason: str) -> str:
    """Say why there is no verdict, the same for all masks that cannot be used."""
    return UNUSABLE if reason.startswith(UNUSABLE) else reason


def _skipped(source: Source) -> list[Gap]:
    """Broken images of every split: those that training, the sweep or a check met."""
    earlier = source.section("data").get("skipped") or []
    told = (Gap(*(str(g.get(key, "")) for key in ("name", "split", "reason"))) for g in earlier)
    gaps = {gap.name: gap for gap in told}
    table = source.records
    swept = table.loc[table["skipped"] != "", ["name", "split", "skipped"]].to_numpy().tolist()
    for row in (*swept, *(gap for check in every() for gap in check.gaps(source))):
        gaps.setdefault(row[0], Gap(*row))
    return list(gaps.values())


def _completeness(source: Source) -> Completeness:
    errors = source.explained["ig_completeness_error"]
    defined = errors.dropna()
    taken = source.explained["ig_steps"].dropna() if "ig" in source.judged else ()
    steps = sorted({int(s) for s in taken})
    words = (
        "none" if not steps else str(steps[0]) if len(steps) == 1 else f"{steps[0]} to {steps[-1]}"
    )
    middle, high = defined.quantile([0.5, 0.9]) if len(defined) else (math.nan, math.nan)
    return Completeness(float(middle), float(high), len(defined), len(errors) - len(defined), words)
