"""What is to be done about classes that a proven shortcut speaks for."""

from __future__ import annotations

from collections.abc import Iterator

from audit.checks.shortcuts.summary import Group, Shortcuts
from audit.core.finding import Action, Link
from audit.report.content import Content
from audit.report.finding import format_estimate


def spoken_for(content: Content) -> Iterator[Action]:
    """Ask to take each proven shortcut out of its class, or to show it in others."""
    found: Shortcuts | None = content.checks["shortcuts"]
    labels = {name: label for label, name in content.source.classes.items()}
    for group in found.proven if found else ():
        yield _group(group, labels[group.class_name], content.source.subject)


def _group(group: Group, label: int, subject: str) -> Action:
    return Action(
        label=label,
        what="collect",
        words=(
            "Photograph again or crop the training images whose background shows it, or add some "
            "of other classes that do."
        ),
        why=(
            f"The backgrounds of {group.members:,} of {group.prevalence.n:,} answers with this "
            f"class show the same. Under {subject}s of other classes they add, in log-odds, "
            f"{format_estimate(group.rise, 'signed')}."
        ),
        links=(Link("Its images", f"shortcuts.html#{group.anchor}"),),
        estimate=group.rise,
    )
