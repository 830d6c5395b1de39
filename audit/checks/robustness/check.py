"""Robustness: ten corruptions at five severities, on a sample of test images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image

from audit.checks.base import Check, Compared, Page, Rule
from audit.checks.context import Context
from audit.checks.robustness.compare import corrupted
from audit.checks.robustness.findings import COSTLIEST, costly_corruption
from audit.checks.robustness.outputs import PICTURE, TABLE
from audit.checks.robustness.summary import Robustness, robustness, summary_part
from audit.checks.robustness.terms import METRICS, TERMS
from audit.settings import Config
from audit.storage.records import NOT_AVAILABLE

if TYPE_CHECKING:
    from audit.report.cases import Case
    from audit.report.modelcard import Card
    from audit.report.source import Source

_QUALITY = 85  # of WebP that is encoded a second time


class RobustnessCheck(Check):
    """Effects of corruptions on answers and on heatmaps."""

    key = "robustness"
    title = "Do answers and explanations stand up to corruption?"
    settings = ("robustness", "seed", "workers")
    outputs = (TABLE, PICTURE)
    metrics = METRICS
    rules = (Rule(210, costly_corruption),)
    limits = (COSTLIEST,)
    terms = TERMS
    page = Page("robustness", "Robustness", 50)
    needs_one_label = "it follows the one answer to an image under corruptions"

    def wanted(self, config: Config) -> bool:
        """Say whether any image is to be corrupted."""
        return config.checks.robustness > 0

    def measure(self, context: Context) -> None:
        """Corrupt a sample of the tested images; the same ones in every run of a seed."""
        from audit.checks.robustness.measure import write

        write(context)

    def summarise(self, source: Source, cases: Mapping[str, Sequence[Case]]) -> Robustness | None:
        """Gather what corruptions did."""
        return robustness(source)

    def summary_part(self, found: Robustness) -> dict[str, Any]:
        """Give accuracy by corruption and severity, and what became of heatmaps."""
        return summary_part(found)

    def draw(self, found: Robustness, source: Source, root: Path) -> None:
        """Write the sheet of one image through all corruptions, encoded anew."""
        pixels = PICTURE.read(source.run)
        if pixels is not None:
            Image.fromarray(pixels).save(root / PICTURE.name, "WEBP", quality=_QUALITY)

    def compare(self, a: Source, b: Source) -> Compared | None:
        """Compare the errors under the corruptions that both runs tried."""
        return corrupted(a, b)

    def comparison_part(self, found: Compared | None) -> dict[str, Any]:
        """Give the mean corruption error of the one against the other."""
        return {"mean_corruption_error": asdict(found.found) if found else None}

    def card(self, found: Robustness) -> Card:
        """Give the conditions that were tried, the errors under each, and what was not compared."""
        from audit.report.modelcard import Card, Entry, Table, figure_words

        kinds = ", ".join(row.kind.words for row in found.rows)
        rows = [(row.kind.title, figure_words(row.error)) for row in found.worst]
        table = Table("By corruption", ("Corruption", "Mean corruption error"), rows)
        unknown = (
            Entry(f"{each.title} under corruptions", f"{NOT_AVAILABLE} {each.why}")
            for each in found.lacking
        )
        return Card((Entry("Conditions", f"corruptions: {kinds}"), *unknown), (table,))


CHECK = RobustnessCheck()
