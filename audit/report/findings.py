"""Findings of a run, ranked, and what to do about them."""

from __future__ import annotations

from audit.checks.base import Rule
from audit.checks.registry import every
from audit.core.finding import SEVERITIES, Finding
from audit.report.content import Content


def rules() -> list[Rule]:
    """All rules of all checks, in the order of what they find within a severity."""
    found = [rule for check in every() for rule in check.rules]
    return sorted(found, key=lambda rule: rule.place)


def findings(content: Content) -> list[Finding]:
    """Return what the rules find: what blocks shipping first, then what to look at."""
    found = [finding for rule in rules() if (finding := rule.find(content))]
    order = list(SEVERITIES)
    return sorted(found, key=lambda f: order.index(f.severity))
