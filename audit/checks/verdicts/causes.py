"""What decides right answers that have wrong reasons, counted by its kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from audit.core.edits import KINDS
from audit.core.estimate import Estimate, as_json, rate, share
from audit.report.source import Source
from audit.verdict.verdict import Verdict


@dataclass(frozen=True)
class Decided:
    """Right answers with wrong reasons, by the kind of what decides them.

    Attributes
    ----------
    kinds : mapping of Estimate
        Share of the right answers with a verdict, by kind, the commonest first.
    right : int
        Right answers with a verdict.
    """

    kinds: Mapping[str, Estimate]
    right: int

    @property
    def counts(self) -> dict[str, int]:
        """Right answers that each kind decides."""
        return {kind: round(e.value * self.right) for kind, e in self.kinds.items()}

    @property
    def words(self) -> list[tuple[str, Estimate]]:
        """What decides, in words, with its share."""
        return [(KINDS[kind], share) for kind, share in self.kinds.items()]


def find_decided(source: Source) -> Decided | None:
    """Count what decides; None where an earlier version judged image by image."""
    if not source.run.verdicts_file.exists():
        return None
    judged = source.explained["verdict"] != Verdict.UNDECIDED
    right = source.some(source.is_correct & judged, "verdict", "verdict_cause")
    causes = right["verdict_cause"].where(right["verdict"] == Verdict.WRONG_REASONS)
    found = [kind for kind in causes.value_counts().index if kind in KINDS]
    kinds = {str(kind): share(causes == kind, right) for kind in found}
    return Decided(kinds, len(right))


def summary_part(found: Decided) -> dict[str, Any]:
    """Give its part of summary.json."""
    none = rate(0, found.right)
    return {"kinds": {kind: as_json(found.kinds.get(kind, none)) for kind in KINDS}}
