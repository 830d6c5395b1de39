"""What is to be done about classes that their background gives away to a model that uses it."""

from __future__ import annotations

from collections.abc import Iterator

from audit.checks.opportunity.summary import ClassRow, Opportunity
from audit.core.finding import Action, Link
from audit.report.content import Content
from audit.report.finding import format_estimate
from audit.report.templating import percent


def given_away(content: Content) -> Iterator[Action]:
    """Ask for other backgrounds of each class whose background the model is shown to use."""
    found: Opportunity | None = content.checks["opportunity"]
    labels = {name: label for label, name in content.source.classes.items()}
    for row in found.among("taken") if found else ():
        yield _taken(row, labels[row.name])


def _taken(row: ClassRow, label: int) -> Action:
    best = row.best
    assert best is not None
    where = {"train": "training", "test": "test"}[best.split]
    return Action(
        label=label,
        what="collect",
        words=(
            "Photograph it on the backgrounds of other classes, and others on its own, or train "
            "with --augment-background."
        ),
        why=(
            f"It can be told by {best.cue.words} alone in {format_estimate(best.recall)} of its "
            f"{where} images (chance would give {percent(best.chance)}), and the model rests on "
            "its background."
        ),
        links=(Link("Background and label", f"opportunity.html#{row.anchor}"),),
        estimate=best.recall,
    )
