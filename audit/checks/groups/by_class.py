"""What is to be done about the class in a group that the model serves worst."""

from __future__ import annotations

from collections.abc import Iterator

from audit.checks.groups.findings import images_of
from audit.checks.groups.summary import Groups
from audit.core.finding import Action, Link
from audit.report.content import Content
from audit.report.finding import format_estimate


def served_worst(content: Content) -> Iterator[Action]:
    """Ask for more images of the worst class in its group, or more weight for them."""
    found: Groups | None = content.checks["groups"]
    cell = found.worst.cell if found else None
    if found is None or cell is None:
        return
    yield Action(
        label=cell.label,
        what="collect",
        words=(
            "Add training images of this class in this group, or give them more weight; or train "
            "the last layer anew on batches in which all groups are alike (arXiv 2204.02937)."
        ),
        why=(
            f"Where {cell.column} is {cell.group} it is named rightly in "
            f"{format_estimate(found.worst.accuracy)}: the worst class in a group."
        ),
        links=(images_of(cell), Link("Groups", "groups.html")),
        estimate=found.worst.accuracy,
    )
