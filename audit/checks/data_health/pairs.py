"""Near-duplicates of a run: of which splits and classes they are, and which test images leak."""

from __future__ import annotations

import pandas as pd

from audit.checks.data_health.duplicates import leaked
from audit.checks.data_health.outputs import DUPLICATES, IMAGES, examined
from audit.core.errors import RunFolderError
from audit.report.source import Source

SIDES = ("a", "b")


def pairs(source: Source, images: pd.DataFrame) -> pd.DataFrame:
    """Return pairs of near-duplicates, those that matter most first.

    Columns: distance, likeness and mirrored; for each of `SIDES` its row in ``images`` (``a_row``),
    name, split, label and labels.
    """
    found = source.output(DUPLICATES)
    if found is None:
        raise RunFolderError(f"{DUPLICATES.file(source.run)} is missing: go on with --resume.")
    found = found.copy()
    index = pd.Index(images["name"])
    if not index.is_unique or not found["a"].isin(index).all() or not found["b"].isin(index).all():
        run = source.run
        raise RunFolderError(
            f"{DUPLICATES.file(run)} is not of the images of {IMAGES.file(run)}: sweep again."
        )
    for side in SIDES:
        rows = index.get_indexer(found[side])
        found[f"{side}_row"] = rows
        for column in ("name", "split", "label", "labels"):
            found[f"{side}_{column}"] = images[column].to_numpy()[rows]
    return found


def leaked_names(source: Source) -> set[str] | None:
    """Name test images with a near-duplicate in another split; None where that is not known."""
    images = examined(source)
    if images is None or set(images["split"]) <= {"test"}:
        return None
    found = pairs(source, images)
    a, b = (found[f"{side}_row"].to_numpy() for side in SIDES)
    return set(images["name"].to_numpy()[leaked(a, b, images["split"].to_numpy(), "test")])
