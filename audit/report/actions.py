"""What to do, class by class: what the findings that are to be acted on ask of single classes."""

from __future__ import annotations

from dataclasses import dataclass

from audit.core.finding import Action, Finding
from audit.report.content import Content, once
from audit.report.findings import found_by


@dataclass(frozen=True)
class Asked:
    """One action, and the finding that asks for it."""

    finding: Finding
    action: Action


@dataclass(frozen=True)
class ClassActions:
    """What is to be done about one class.

    Attributes
    ----------
    index : int
    name : str
        As given: not to be trusted in markup.
    page : str
        Its page, from the report's root.
    asked : list of Asked
        What blocks shipping first.
    """

    index: int
    name: str
    page: str
    asked: list[Asked]


@once
def class_actions(content: Content) -> list[ClassActions]:
    """Return the classes that something is to be done about, the gravest finding first.

    Findings for information ask for nothing. What several findings ask alike is said once.
    """
    by_label: dict[int, dict[Action, Asked]] = {}
    for each in _asked(content):
        by_label.setdefault(each.action.label, {}).setdefault(each.action, each)
    rows = {row.index: row for row in content.classes}
    return [
        ClassActions(index, rows[index].name, f"classes/{rows[index].page}.html", [*asked.values()])
        for index, asked in by_label.items()
        if index in rows
    ]


def _asked(content: Content) -> list[Asked]:
    return [
        Asked(finding, action)
        for rule, finding in found_by(content)
        if finding.severity != "info"
        for action in rule.by_class(content)
    ]
