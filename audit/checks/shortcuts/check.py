"""Shortcuts: do backgrounds that drive answers share something that drives them anywhere?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audit.checks.base import Check, Page, Rule
from audit.checks.context import Context
from audit.checks.shortcuts.by_class import spoken_for
from audit.checks.shortcuts.findings import cause, shortcuts
from audit.checks.shortcuts.outputs import FILE
from audit.checks.shortcuts.summary import Shortcuts, find_shortcuts, summary_part
from audit.checks.shortcuts.terms import METRICS, TERMS
from audit.core.cause import Cause

if TYPE_CHECKING:
    from audit.report.cases import Case
    from audit.report.source import Source


class ShortcutsCheck(Check):
    """Backgrounds that show the same, tried under other classes' foregrounds."""

    key = "shortcuts"
    title = "What in the background turns the answer?"
    settings = ("cam", "seed", "interventions")
    outputs = (FILE,)
    metrics = METRICS
    rules = (Rule(70, shortcuts, spoken_for),)
    terms = TERMS
    page = Page("shortcuts", "Shortcuts", 10, top=True)
    needs_one_label = "it tries whether backgrounds turn the answer to another class"
    looks_inside = "it groups backgrounds by the model's feature maps"

    def measure(self, context: Context) -> None:
        """Group the backgrounds that drive answers, and try each group elsewhere."""
        from audit.checks.shortcuts.measure import write

        write(context)

    def summarise(self, source: Source, cases: Mapping[str, Sequence[Case]]) -> Shortcuts | None:
        """Gather the groups, proven or not."""
        return find_shortcuts(source)

    def summary_part(self, found: Shortcuts) -> dict[str, Any]:
        """Give the shortcuts that are proven."""
        return summary_part(found)

    def draw(self, found: Shortcuts, source: Source, root: Path) -> None:
        """Write the pictures of every shortcut's exemplars."""
        from audit.checks.shortcuts.render import render_patches

        records = source.some(source.explained["row"] >= 0, "name", "part", "row")
        render_patches(source.run, records, found.exemplars, root)

    def causes(self, found: Shortcuts, source: Source) -> Iterable[Cause]:
        """Give the proven shortcuts."""
        return (cause(group, source.subject) for group in found.proven)

    def held(self, found: Shortcuts) -> Iterable[str]:
        """Name those pictures."""
        return [exemplar.picture for exemplar in found.exemplars]


CHECK = ShortcutsCheck()
