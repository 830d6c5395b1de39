"""Near-duplicates of a run: of which splits and classes they are, and which test images leak."""

from __future__ import annotations

import pandas as pd

from audit.checks.data_health.duplicates import leaked
from audit.core.errors import RunFolderError
from audit.report.source import Source

SIDES = ("a", "b")


def pairs(source: Source, images: pd.DataFrame) -> pd.DataFrame:
    """Pairs of near-duplicates, those that matter most first.

    Columns: distance, likeness and mirrored; for each of `SIDES` its row in ``images`` (``a_row``),
    name, split and label.
    """
    found = source.run.duplicates()
    index = pd.Index(images["name"])
    if not index.is_unique or not found["a"].isin(index).all() or not found["b"].isin(index).all():
        run = source.run
        raise RunFolderError(
            f"{run.duplicates_file} is not of the images of {run.health_file}: sweep again."
        )
    for side in SIDES:
        rows = index.get_indexer(found[side])
        found[f"{side}_row"] = rows
        for column in ("name", "split", "label"):
            found[f"{side}_{column}"] = images[column].to_numpy()[rows]
    return found


def leaked_names(source: Source) -> set[str] | None:
    """Test images with a near-duplicate in another split; None where that is not known."""
    images = source.health
    if images is None or set(images["split"]) <= {"test"}:
        return None
    found = pairs(source, images)
    a, b = (found[f"{side}_row"].to_numpy() for side in SIDES)
    return set(images["name"].to_numpy()[leaked(a, b, images["split"].to_numpy(), "test")])
