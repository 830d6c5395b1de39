"""On this data: what do verdicts find of stamps, and how often do they accuse wrongly?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from audit.checks.base import Check, Page
from audit.checks.context import Context
from audit.checks.on_data.outputs import FILE
from audit.checks.on_data.reading import read
from audit.checks.on_data.results import OnData
from audit.checks.on_data.terms import METRICS, TERMS
from audit.core.estimate import defined
from audit.settings import Config

if TYPE_CHECKING:
    from audit.report.cases import Case
    from audit.report.source import Source


class OnDataCheck(Check):
    """Heads taught on the run's own features, healthy and stamped, audited as the run is."""

    key = "on_data"
    title = "How far are verdicts to be trusted on this data?"
    named = "selftest"
    outputs = (FILE,)
    metrics = METRICS
    terms = TERMS
    page = Page("selftest", "Self-test", 45)
    needs_one_label = "it teaches heads of one class an image"
    looks_inside = "it teaches heads on the model's feature maps"

    def wanted(self, config: Config) -> bool:
        """Say no: `flower-audit selftest --on` alone asks for it."""
        return False

    def measure(self, context: Context) -> None:
        """Make all worlds that are made by default."""
        from audit.checks.on_data.measure import Asked, write

        write(context, Asked())

    def summarise(self, source: Source, cases: Mapping[str, Sequence[Case]]) -> OnData | None:
        """Gather what a self-test on the run's own data found."""
        return read(source)

    def summary_part(self, found: OnData) -> dict[str, Any]:
        """Give the threshold with its bound, and what is found and accused by kind."""
        return found.json() | {"calibration": _calibration(found)}

    def tables(self, source: Source) -> Mapping[str, pd.DataFrame]:
        """Give the kinds of stamps, to download."""
        found = read(source)
        if found is None:
            return {}
        rows = [
            {"kind": row.key, "title": row.title, "worlds": row.worlds, "learned": row.learned}
            | {
                f"{name}_{part}": getattr(getattr(row, name), part)
                for name in ("worth", "found", "false_alarms", "named", "auroc")
                for part in ("value", "low", "high", "n")
            }
            for row in found.kinds
        ]
        return {"selftest": pd.DataFrame(rows)}


def _calibration(found: OnData) -> dict[str, Any]:
    known = found.calibration
    return defined({"threshold": known.threshold, "bound": known.bound}) | {
        "n": known.n,
        "reason": known.reason,
    }


CHECK = OnDataCheck()
