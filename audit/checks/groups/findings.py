"""Findings on groups that the model serves worse than others."""

from __future__ import annotations

from audit.checks.base import Limit
from audit.checks.groups.statistics import Cell
from audit.checks.groups.summary import Column, Groups
from audit.core.estimate import NOTHING, Estimate
from audit.core.finding import Finding, Link, Step
from audit.core.wording import plural
from audit.report.content import Content
from audit.report.figures import hit_rate
from audit.report.finding import format_estimate, gallery, over
from audit.report.templating import percent


def below(content: Content) -> Estimate:
    """Return how far the worst class in a group is below all images; undefined without groups."""
    found: Groups | None = content.checks["groups"]
    return found.worst.below if found else NOTHING


FAR = Limit(
    "worst-group", "Worst group below all images", 0.1, below, 25, defined="worst_group_gap"
)


def worst_group(content: Content) -> Finding | None:
    """Report a class in a group that is far below all images."""
    found: Groups | None = content.checks["groups"]
    held = over(FAR.key, content)
    if found is None or held is None or found.worst.cell is None:
        return None
    cell, rate = found.worst.cell, hit_rate(content.source)
    return Finding(
        key=FAR.key,
        severity=held.severity,
        title=f"Worst-group {rate} {percent(found.worst.accuracy.value)}",
        words=(
            "The worst class in a group is named rightly in "
            f"{format_estimate(found.worst.accuracy)} of its images. It is below the {rate} of "
            f"all test images by {held.words}. Both intervals allow for its being the lowest of "
            f"{found.worst.counted:,}."
        ),
        why=f"The mean {rate} hides whom the model fails: where such images are common, "
        f"this is the {rate}.",
        steps=(
            Step("See which class in which group it is, and how the others fare.",
                 (Link("Groups", "groups.html"),)),
            Step("Look at its images.", (images_of(cell),)),
            Step("Give such images more weight in training, or train the last layer anew on "
                 "batches in which all groups are alike (arXiv 2204.02937)."),
        ),
        estimate=held.estimate,
    )  # fmt: skip


def not_told(content: Content) -> Finding | None:
    """Report groups of which little can be said, as images or values are missing."""
    found: Groups | None = content.checks["groups"]
    words = [_gaps(column) for column in found.columns] if found else []
    if len(words) > 1:
        words = [f"By column {k}: {text}" for k, text in enumerate(words, 1) if text]
    if not any(words):
        return None
    return Finding(
        key="groups-not-told",
        severity="info",
        title="Groups about which nothing is known",
        words=" ".join(filter(None, words)),
        why="What was not measured has no figure, and may be the worst group of all.",
        steps=(
            Step("See which ones.", (Link("Groups", "groups.html"),)),
            Step("Add test images of these groups, and values where they are missing."),
        ),
    )


def images_of(cell: Cell) -> Link:
    """Link to the images of a class in a group."""
    group = {"class": str(cell.label), "group": f"{cell.column}={cell.group}"}
    return gallery("Class and group in the gallery", **group)


def _gaps(column: Column) -> str:
    """Say what is missing of a column; "" where nothing is."""
    told = []
    if column.without:
        told.append(f"{plural(column.without, 'test image')} without a value")
    if column.elsewhere:
        told.append(f"{plural(len(column.elsewhere), 'group')} without a test image")
    if column.worst.small:
        small, of = column.worst.small, column.worst.small + column.worst.counted
        told.append(f"{small:,} of {of:,} classes in groups with fewer than {column.least} images")
    return f"{', '.join(told)} (n = {column.tested:,} test images)." if told else ""
