"""Completeness: is the run whole, large enough and what was asked of it?"""

from __future__ import annotations

from audit.checks.base import Check, Rule
from audit.checks.completeness.findings import (
    few_images,
    gate_failed,
    mixed_versions,
    other_records,
    skipped_images,
    unfinished,
)


class CompletenessCheck(Check):
    """Gaps of a run, and the limits that it was held to."""

    key = "completeness"
    title = "Is the run whole, large enough and what was asked of it?"
    rules = (
        Rule(10, unfinished),
        Rule(20, gate_failed),
        Rule(120, few_images),
        Rule(140, mixed_versions),
        Rule(145, other_records),
        Rule(290, skipped_images),
    )


CHECK = CompletenessCheck()
