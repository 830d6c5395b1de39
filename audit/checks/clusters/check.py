"""Clusters: are the images independent of each other?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from audit.checks.base import Check
from audit.checks.clusters.terms import TERMS
from audit.checks.context import Context
from audit.report.clusters import DUPLICATES, GIVEN, SAME_IMAGE, Clusters
from audit.settings import Config

if TYPE_CHECKING:
    from audit.report.cases import Case
    from audit.report.source import Source


class ClustersCheck(Check):
    """Images that are not independent, which intervals draw together."""

    key = "clusters"
    title = "Are the images independent of each other?"
    settings = ("cluster",)
    outputs = (GIVEN,)
    terms = TERMS

    def wanted(self, config: Config) -> bool:
        """Say whether a column was named; near-duplicates are known from data health."""
        return bool(config.checks.cluster)

    def measure(self, context: Context) -> None:
        """Keep the clusters of the test images; no image is read."""
        from audit.checks.clusters.measure import write

        write(context)

    def summarise(self, source: Source, cases: Mapping[str, Sequence[Case]]) -> Clusters | None:
        """Give the clusters; None where nothing tells of any."""
        found = source.clusters
        if found is not None and found.alone and found.by in (DUPLICATES, SAME_IMAGE):
            return None
        return found

    def summary_part(self, found: Clusters) -> dict[str, Any]:
        """Give what clusters the images, and into how many."""
        return {key: getattr(found, key) for key in ("by", "images", "clusters", "largest")}


CHECK = ClustersCheck()
