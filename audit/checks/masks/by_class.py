"""What is to be done about classes whose masks are doubtful."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from audit.core.estimate import share
from audit.core.finding import Action, Link
from audit.core.wording import plural, verb
from audit.report.content import Content
from audit.report.finding import format_estimate, gallery
from audit.report.notes import mask_doubts


def doubtful(content: Content) -> Iterator[Action]:
    """Ask for better masks of each class of which some look unlikely, most of them first."""
    source = content.source
    labels = source.explained["label"]
    doubted = pd.Series(labels.index.isin(mask_doubts(source).index), labels.index)
    shares = doubted.groupby(labels).mean().sort_values(ascending=False, kind="stable")
    for label in shares.index[shares > 0]:
        own = source.some(labels == label, "label")
        yield _doubtful(int(label), doubted[own.index], own)


def _doubtful(label: int, doubted: pd.Series, images: pd.DataFrame) -> Action:
    n, e = int(doubted.sum()), share(doubted, images)
    return Action(
        label=label,
        what="check masks",
        words="Mend these masks, or give better ones with --masks, and audit again.",
        why=(
            f"{plural(n, 'mask')} {verb(n, 'looks', 'look')} unlikely, or "
            f"{verb(n, 'leaves', 'leave')} out what decides: {format_estimate(e)}."
        ),
        links=(
            gallery("Its masks", **{"class": str(label)}, show="mask"),
            Link("Doubtful masks", "data.html#doubtful-masks"),
        ),
        estimate=e,
    )
