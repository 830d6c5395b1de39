"""What is to be done about classes whose labels contradict each other, or whose images leak."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pandas as pd

from audit.checks.data_health.outputs import examined, label_names
from audit.checks.data_health.pairs import SIDES, leaked_names, pairs
from audit.core.estimate import share
from audit.core.finding import Action, Link
from audit.core.wording import plural, some, verb
from audit.report.content import Content
from audit.report.finding import format_estimate
from audit.report.source import Source

_PAIRS = (Link("Near-duplicates", "data.html#near-duplicates"),)


def leaking(content: Content) -> Iterator[Action]:
    """Ask to part the test images of each class from near-duplicates in other splits."""
    source = content.source
    names, tested = leaked_names(source), source.predictions
    leaks = source.images(tested).isin(names or ())
    for label, own in leaks.groupby(tested["label"]):
        if own.any():
            yield _leaking(int(label), own, tested.loc[own.index])


def _leaking(label: int, leaks: pd.Series, images: pd.DataFrame) -> Action:
    e, n = share(leaks, images), int(leaks.sum())
    return Action(
        label=label,
        what="split anew",
        words=(
            "Take them out of the test set, or put both images of each pair into one split, and "
            "run again."
        ),
        why=(
            f"{plural(n, 'test image')} {verb(n, 'has', 'have')} a near-duplicate in another "
            f"split: {format_estimate(e)}."
        ),
        links=_PAIRS,
        estimate=e,
    )


def contradicted(content: Content) -> Iterator[Action]:
    """Ask to mend the labels of near-duplicates that bear different ones."""
    for label, others in _conflicts(content.source).items():
        n, names = others.total(), [name for name, _ in others.most_common()]
        yield Action(
            label=label,
            what="relabel",
            words="Look at the pairs, which come first, and mend the labels.",
            why=(
                f"{plural(n, 'near-duplicate')} of its images {verb(n, 'bears', 'bear')} another "
                f"label: {some(names)}."
            ),
            links=_PAIRS,
        )


def _conflicts(source: Source) -> dict[int, Counter[str]]:
    """Count, by class, what near-duplicates of its images are called instead."""
    images = examined(source)
    found: dict[int, Counter[str]] = {}
    if images is None:
        return found
    told = pairs(source, images)
    for row in told[told["a_labels"] != told["b_labels"]].itertuples(index=False):
        one, other = (str(getattr(row, f"{side}_labels")) for side in SIDES)
        for own, its in ((one, other), (other, one)):
            for label in set(own.split("|")) - set(its.split("|")):
                found.setdefault(int(label), Counter())[label_names(source, its)] += 1
    return found
