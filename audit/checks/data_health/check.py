"""Data health: leaks between splits, label conflicts, outliers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from audit.checks.base import Check, Page, Rule
from audit.checks.context import Context
from audit.checks.data_health.by_class import contradicted, leaking
from audit.checks.data_health.findings import label_conflicts, leaks
from audit.checks.data_health.headline import HEADLINE
from audit.checks.data_health.outputs import DUPLICATES, IMAGES, examined, label_names
from audit.checks.data_health.pairs import pairs
from audit.checks.data_health.summary import Health, health, summary_part
from audit.checks.data_health.terms import TERMS
from audit.settings import Config

if TYPE_CHECKING:
    from audit.report.cases import Case
    from audit.report.source import Source


class DataHealth(Check):
    """Images of all splits: which are alike, and which stand apart."""

    key = "data_health"
    title = "Is the data in order?"
    named = "health"
    settings = ("health",)
    outputs = (DUPLICATES, IMAGES)
    headline = HEADLINE
    rules = (Rule(100, leaks, leaking), Rule(110, label_conflicts, contradicted))
    terms = TERMS
    page = Page("data", "Data health", 100, always=True)

    def wanted(self, config: Config) -> bool:
        """Say whether all images are to be read once more."""
        return config.checks.health

    def measure(self, context: Context) -> None:
        """Read every image of every split once."""
        from audit.checks.data_health.measure import write

        write(context)

    def summarise(self, source: Source, cases: Mapping[str, Sequence[Case]]) -> Health | None:
        """Gather pairs, leaks and outliers."""
        return health(source)

    def summary_part(self, found: Health) -> dict[str, Any]:
        """Give near-duplicates, leaks and how many images stand apart."""
        return summary_part(found)

    def draw(self, found: Health, source: Source, root: Path) -> None:
        """Write the thumbnails."""
        (root / "thumbnails").mkdir()
        for file, picture in found.pictures.items():
            (root / file).write_bytes(picture)

    def held(self, found: Health) -> Iterable[str]:
        """Name the thumbnails of the pairs that matter most."""
        return [image.file for pair in found.first_pairs for image in pair.images]

    def tables(self, source: Source) -> Mapping[str, pd.DataFrame]:
        """Give all images of all splits, and all pairs."""
        found = examined(source)
        if found is None:
            return {}
        images = found.drop(columns="thumbnail")
        images["label"] = [label_names(source, labels) for labels in found["labels"]]
        within = [f"{side}_{column}" for side in "ab" for column in ("row", "name", "labels")]
        near = pairs(source, images).drop(columns=within)
        return {"images": images.drop(columns="labels"), "duplicates": near}

    def gaps(self, source: Source) -> Iterable[tuple[str, str, str]]:
        """Give the images of all splits that could not be read."""
        found = examined(source)
        if found is None:
            return ()
        broken = found.loc[found["skipped"] != "", ["name", "split", "skipped"]]
        return broken.itertuples(index=False, name=None)


CHECK = DataHealth()
