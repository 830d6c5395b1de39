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
)


def examined(source: Source) -> pd.DataFrame | None:
    """Return one row an image of any split; None where data health was not examined."""
    return source.output(IMAGES)
