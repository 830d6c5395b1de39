"""Files on the images, one by one and as near-duplicates."""

from __future__ import annotations

import pandas as pd

from audit.report.source import Source
from audit.storage.outputs import Table

# How many pairs of near-duplicates, and outliers of each measure, have thumbnails to show.
SHOWN_PAIRS, SHOWN_OUTLIERS = 48, 12
DUPLICATES = Table(
    "duplicates.parquet",
    {"a": "text", "b": "text", "distance": "whole", "likeness": "real", "mirrored": "flag"},
)
IMAGES = Table(
    "health.parquet",
    {
        **dict.fromkeys(("name", "split", "skipped", "hash"), "text"),
        **dict.fromkeys(("width", "height", "sharpness", "luminance", "dark", "bright"), "real"),
        "label": "whole",
        "thumbnail": "bytes",
    },
    more={"labels": "text"},
)


def examined(source: Source) -> pd.DataFrame | None:
    """Return one row an image of any split; None where data health was not examined."""
    found = source.output(IMAGES)
    return None if found is None else found.assign(labels=_labels(found))


def label_names(source: Source, labels: str) -> str:
    """Return the names of an image's labels, as ``0|2`` tells them."""
    names = {str(index): name for index, name in source.classes.items()}
    return "|".join(names.get(label, f"class {label}") for label in labels.split("|"))


def _labels(images: pd.DataFrame) -> pd.Series:
    """Return all labels of each image, as in ``0|2``."""
    one = images["label"].astype("str")
    return images["labels"].where(images["labels"] != "", one) if "labels" in images else one
