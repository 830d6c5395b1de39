"""Groups: whom does the model serve worst?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from audit.checks.base import Check, Compared, Page, Rule
from audit.checks.context import Context
from audit.checks.groups.by_class import served_worst
from audit.checks.groups.compare import by_groups
from audit.checks.groups.findings import FAR, not_told, worst_group
from audit.checks.groups.headline import BELOW, HEADLINE
from audit.checks.groups.outputs import TABLE
from audit.checks.groups.summary import Groups, find_groups, summary_part, table
from audit.checks.groups.terms import TERMS
from audit.settings import Config

if TYPE_CHECKING:
    import pandas as pd

    from audit.gate.gates import Limits, Outcome
    from audit.report.cases import Case
    from audit.report.modelcard import Card
    from audit.report.source import Source


class GroupsCheck(Check):
    """Figures by groups that were given with the images."""

    key = "groups"
    title = "Whom does the model serve worst?"
    settings = ("group",)
    outputs = (TABLE,)
    metrics = (BELOW,)
    headline = HEADLINE
    rules = (Rule(85, worst_group, served_worst), Rule(295, not_told))
    limits = (FAR,)
    terms = TERMS
    page = Page("groups", "Groups", 14, top=True)

    def wanted(self, config: Config) -> bool:
        """Say whether any column was named."""
        return bool(config.checks.groups)

    def measure(self, context: Context) -> None:
        """Keep the groups of all images; no image is read."""
        from audit.checks.groups.measure import write

        write(context)

    def summarise(self, source: Source, cases: Mapping[str, Sequence[Case]]) -> Groups | None:
        """Gather figures by group, and by class and group."""
        return find_groups(source)

    def summary_part(self, found: Groups) -> dict[str, Any]:
        """Give the worst class in a group, and figures by group."""
        return summary_part(found)

    def filters(self, found: Groups) -> Mapping[str, Mapping[str, str]]:
        """Give the group of each image, by column."""
        return found.of

    def tables(self, source: Source) -> Mapping[str, pd.DataFrame]:
        """Give every class in every group, to download."""
        found = table(source)
        return {} if found is None else {"groups": found}

    def outcomes(self, source: Source, limits: Limits) -> Iterable[Outcome]:
        """Hold the worst class in a group against its limit, where one was asked for."""
        from audit.checks.groups.gate import held_to

        return held_to(source, limits)

    def compare(self, a: Source, b: Source) -> Compared | None:
        """Compare accuracies by class and group."""
        return by_groups(a, b)

    def comparison_part(self, found: Compared | None) -> dict[str, Any]:
        """Give the accuracies of classes in groups in both runs, and their differences."""
        return {"groups": [asdict(each) for each in found.found.shown] if found else None}

    def card(self, found: Groups) -> Card | None:
        """Give the columns, and accuracies by class and group."""
        from audit.report.modelcard import Card, Entry, Table, figure_words

        heads = ("Class and group", found.rate.capitalize(), "Wrong reasons among right")
        tables = tuple(
            Table(
                f"By class and {column.name}, the worst {len(column.cells)} of "
                f"{len(column.all_cells)}",
                heads,
                [(f"{found.classes.get(row.label, '')}, {row.group}", figure_words(row.accuracy),
                  figure_words(row.wrong_reasons)) for row in column.cells],
            )
            for column in found.columns
        )  # fmt: skip
        columns = ", ".join(f"{column.name} ({column.words})" for column in found.columns)
        return Card((Entry("Groups", columns),), tables)


CHECK = GroupsCheck()
