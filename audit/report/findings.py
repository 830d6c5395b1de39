"""Findings of a run, ranked, and what to do about them."""

from __future__ import annotations

from audit.checks.base import Rule
from audit.checks.registry import every
from audit.core.finding import SEVERITIES, Finding
from audit.report.content import Content, once


def rules() -> list[Rule]:
    """All rules of all checks, in the order of what they find within a severity."""
    found = [rule for check in every() for rule in check.rules]
    return sorted(found, key=lambda rule: rule.place)


@once
def found_by(content: Content) -> list[tuple[Rule, Finding]]:
    """Return what the rules find, each with its rule: what blocks shipping first."""
    found = [(rule, finding) for rule in rules() if (finding := rule.find(content))]
    order = list(SEVERITIES)
    return sorted(found, key=lambda each: order.index(each[1].severity))


def findings(content: Content) -> list[Finding]:
    """Return what the rules find: what blocks shipping first, then what to look at."""
    return [finding for _, finding in found_by(content)]
