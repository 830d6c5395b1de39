"""Consistency of records with the model that predicted: two models must not be one report."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from audit.core.errors import RunFolderError
from audit.core.wording import plural, some
from audit.storage.run import RunFolder

# How far one model's confidence may differ between calls: other devices, half precision.
CLOSE = 0.05
_COMPARED = ("name", "part", "label", "prediction", "confidence")


def refuse_contradictions(
    run: RunFolder, explained: pd.DataFrame, predictions: pd.DataFrame, classes: Mapping[int, str]
) -> None:
    """Hold every explained record against the prediction of the same image.

    Raises
    ------
    RunFolderError
        They are not of one model and one set of images; it names the parts.
    """
    both = explained[list(_COMPARED)].merge(predictions, on="name", suffixes=("", "_predicted"))
    wrong = both[_contradicts(both)]
    if wrong.empty:
        return
    first, parts = wrong.iloc[0], sorted(wrong["part"].unique().tolist())
    raise RunFolderError(
        f"{run.root} is mixed of two models or sets of images: of {plural(len(both), 'record')}, "
        f"{len(wrong):,} contradict predictions.parquet, in part {some(map(str, parts), 8)} "
        f"({_shown(first, classes)}): audit into a new --out."
    )


def _contradicts(both: pd.DataFrame) -> pd.Series:
    """Return whether a record cannot be of the model that predicted.

    Of two classes that all but tie, one model may answer either.
    """
    apart = (both["confidence"] - both["confidence_predicted"]).abs()  # NaN: no telling
    tie = (apart <= CLOSE) & (both["confidence"] <= 0.5 + CLOSE)
    same = both["prediction"] == both["prediction_predicted"]
    return (both["label"] != both["label_predicted"]) | (apart > CLOSE) | ~(same | tie)


def _shown(row: pd.Series, classes: Mapping[int, str]) -> str:
    said = [
        f"{classes.get(int(answer), int(answer))} ({confidence:.0%})"
        for answer, confidence in (
            (row["prediction"], row["confidence"]),
            (row["prediction_predicted"], row["confidence_predicted"]),
        )
    ]
    return f"{row['name']} is {said[0]} there, {said[1]} here"
