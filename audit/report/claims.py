"""Refusal of values that no run writes: figures, charts and pages size their work by them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import ValidationError

from audit.core.errors import RunFolderError, quoted
from audit.core.registries import EXPLAINERS, JUDGED
from audit.report.site.builders import BUILDERS
from audit.settings.verdict import Thresholds
from audit.storage.records import SCORED, optional_in
from audit.storage.run import MOST_CLASSES, RunFolder

_SUBJECT = 200  # characters of what the masks mark: it stands in hundreds of sentences
_SLACK = 1e-3  # sums of float32 may leave 0..1 by a little
# Answers and percentages of a dozen tests, joined by commas.
_WHOLE, _PERCENT = r"\d{1,6}", r"(\d{1,3}|nan)"
MOST_SWAPS = 64
_LISTS = {"swap_predictions": _WHOLE, "swap_confidences": _PERCENT, "edit_confidences": _PERCENT}
_SHARES = ("confidence", "chance", "valid_share", "background_share", "survival", "mixed_rand",
           "removal_area", "true_survival")  # fmt: skip


def refuse_settings(run: RunFolder, config: Mapping[str, Any]) -> None:
    """Raise `RunFolderError` where settings that a report is made by are none."""
    seed, subject = config.get("seed", 0), config.get("subject", "flower")
    judged = [EXPLAINERS[key] for key in JUDGED]
    sound = {
        "seed": isinstance(seed, int) and 0 <= seed < 2**32,
        "subject": isinstance(subject, str) and len(subject) <= _SUBJECT,
        **{e.setting: config.get(e.setting, e.key) in list(e.variants) for e in judged},
        "thresholds": _holds_thresholds(config),
        "site_builder": config.get("site_builder", "mkdocs") in list(BUILDERS),
    }
    for key, fits in sound.items():
        if not fits:
            given = config.get(key, [config.get(name) for name in Thresholds.model_fields])
            raise RunFolderError(
                f"{run.manifest_file} holds a config whose {key} no run has: {quoted(given)}."
            )


def _holds_thresholds(config: Mapping[str, Any]) -> bool:
    try:
        Thresholds.of(config)
    except ValidationError:
        return False
    return True


def refuse_values(table: pd.DataFrame, file: Path) -> None:
    """Raise `RunFolderError` where predictions or records hold other values than a run writes.

    Parameters
    ----------
    file : Path
        Where they were read from.
    """
    scores = (f"{name}_{column}" for name in (*SCORED, *optional_in(table.columns))
              for column in ("mass", "rank_accuracy", "pointing"))  # fmt: skip
    bounds = dict.fromkeys((*_SHARES, *scores), (-_SLACK, 1 + _SLACK))
    bounds |= {"label": (0, MOST_CLASSES - 1), "prediction": (-1, MOST_CLASSES - 1)}
    bounds |= {"donors": (0, MOST_SWAPS)}
    for column in bounds.keys() & set(table.columns):
        low, high = bounds[column]
        wild = table[column][(table[column] < low) | (table[column] > high)]
        if len(wild):
            raise RunFolderError(
                f"{file} has {column} {wild.iloc[0]:g}, which is none of {low:g} to {high:g}: it "
                "was not written by flower-audit."
            )
    _refuse_lists(table, file)
    _refuse_places(table, file)


def _refuse_lists(table: pd.DataFrame, file: Path) -> None:
    """Refuse lists of answers that are none."""
    for column in _LISTS.keys() & set(table.columns):
        each, more = _LISTS[column], f"{{0,{MOST_SWAPS - 1}}}"
        wild = table[column][~table[column].str.fullmatch(f"({each}(,{each}){more})?")]
        if len(wild):
            raise RunFolderError(
                f"{file} has {column} {quoted(wild.iloc[0])}, which is no list of answers: it was "
                "not written by flower-audit."
            )


def _refuse_places(table: pd.DataFrame, file: Path) -> None:
    """Refuse two records of one place, which would be drawn from one image."""
    if "row" in table and table[table["row"] >= 0].duplicated(["part", "row"]).any():
        raise RunFolderError(f"{file} has two records of one row: sweep again.")
