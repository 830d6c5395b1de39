"""Refuses values that no run writes: figures, charts and pages size their work by them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import pandas as pd

from audit.errors import RunFolderError, shown
from audit.runfolder import MOST_CLASSES, RunFolder
from audit.score.verdict import CAM_TITLES, IG_TITLES, Thresholds
from audit.storage.records import SCORED, further_in

_SUBJECT = 200  # characters of what the masks mark: it stands in hundreds of sentences
_SLACK = 1e-3  # sums of float32 may leave 0..1 by a little
_SHARES = ("confidence", "chance", "valid_share", "background_share", "survival", "mixed_rand",
           "removal_area")  # fmt: skip


def refuse_settings(run: RunFolder, config: Mapping[str, Any]) -> None:
    """Raise `RunFolderError` where settings that a report is made by are none."""
    seed, subject = config.get("seed", 0), config.get("subject", "flower")
    thresholds = [config.get(f.name, f.default) for f in fields(Thresholds)]
    sound = {
        "seed": isinstance(seed, int) and 0 <= seed < 2**32,
        "subject": isinstance(subject, str) and len(subject) <= _SUBJECT,
        "cam": config.get("cam", "gradcam") in CAM_TITLES,
        "ig_variant": config.get("ig_variant", "ig") in IG_TITLES,
        "thresholds": all(isinstance(t, int | float) and math.isfinite(t) for t in thresholds),
    }
    for key, fits in sound.items():
        if not fits:
            given = thresholds if key == "thresholds" else config[key]
            raise RunFolderError(
                f"{run.manifest_file} holds a config whose {key} no run has: {shown(given)}."
            )


def refuse_values(table: pd.DataFrame, file: Path) -> None:
    """Raise `RunFolderError` where predictions or records hold other values than a run writes.

    Parameters
    ----------
    file : Path
        Where they were read from.
    """
    scores = (f"{name}_{column}" for name in (*SCORED, *further_in(table.columns))
              for column in ("mass", "rank_accuracy", "pointing"))  # fmt: skip
    bounds = dict.fromkeys((*_SHARES, *scores), (-_SLACK, 1 + _SLACK))
    bounds |= {"label": (0, MOST_CLASSES - 1), "prediction": (-1, MOST_CLASSES - 1)}
    for column in bounds.keys() & set(table.columns):
        low, high = bounds[column]
        wild = table[column][(table[column] < low) | (table[column] > high)]
        if len(wild):
            raise RunFolderError(
                f"{file} has {column} {wild.iloc[0]:g}, which is none of {low:g} to {high:g}: it "
                "was not written by flower-audit."
            )
    _refuse_places(table, file)


def _refuse_places(table: pd.DataFrame, file: Path) -> None:
    """Two records of one place would be drawn from one image."""
    if "row" in table and table[table["row"] >= 0].duplicated(["part", "row"]).any():
        raise RunFolderError(f"{file} has two records of one row: sweep again.")
