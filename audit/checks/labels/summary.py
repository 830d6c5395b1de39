"""Precision and recall of labels: of all answers, not of labels that are there alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from audit.checks.labels.outputs import ANSWERS
from audit.core.errors import RunFolderError
from audit.core.estimate import CLUSTER, Estimate, as_json, share
from audit.report.source import Source


@dataclass(frozen=True)
class LabelRow:
    """One label, or all of them together.

    Attributes
    ----------
    index : int
        -1 of all together.
    precision : Estimate
        Share of the images of which it is said that have it; undefined where it is said of none.
    recall : Estimate
        Share of the images that have it of which it is said.
    """

    index: int
    name: str
    precision: Estimate
    recall: Estimate


@dataclass(frozen=True)
class Labels:
    """What is said of labels.

    Attributes
    ----------
    images : int
        Test images that were answered.
    several : int
        Those of them that have more than one label.
    all : LabelRow
        Every image counts with all of its labels; intervals draw whole images.
    rows : list of LabelRow
        The lowest precision first, what is never said last.
    """

    images: int
    several: int
    all: LabelRow
    rows: list[LabelRow]


def answers(source: Source) -> pd.DataFrame | None:
    """Return one row a test image and label with what is said of it; None of one class an image."""
    found: pd.DataFrame | None = source.output(ANSWERS)
    if found is None or not source.several:
        return None
    if not found["label"].isin(list(source.labels)).all():
        file = ANSWERS.file(source.run)
        raise RunFolderError(f"{file} has a label that there is none of: sweep again.")
    return found


def labels(source: Source) -> Labels | None:
    """Count what is said of each label; None where every image has one class."""
    table = answers(source)
    if table is None:
        return None
    known = table[table["logit"].notna()]
    together = known.assign(**{CLUSTER: pd.factorize(known["name"])[0]})
    rows = [
        _row(index, name, known[known["label"] == index]) for index, name in source.labels.items()
    ]
    counts = known.groupby("name")["present"].sum()
    return Labels(
        images=len(counts),
        several=int((counts > 1).sum()),
        all=_row(-1, "all labels", together),
        rows=sorted(rows, key=lambda r: (not r.precision.n, r.precision.value, r.index)),
    )


def summary_part(found: Labels) -> dict[str, Any]:
    """Give its part of summary.json."""
    return {
        "images": found.images,
        "images_of_several_labels": found.several,
        "precision": as_json(found.all.precision),
        "recall": as_json(found.all.recall),
        "labels": [
            {"name": r.name, "precision": as_json(r.precision), "recall": as_json(r.recall)}
            for r in found.rows
        ],
    }


def _row(index: int, name: str, table: pd.DataFrame) -> LabelRow:
    said, there = table[table["logit"] >= 0], table[table["present"]]
    return LabelRow(index, name, share(said["present"], said), share(there["logit"] >= 0, there))
