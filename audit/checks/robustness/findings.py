"""Finding on corruptions that cost many answers."""

from __future__ import annotations

import math

from audit.checks.base import Limit
from audit.checks.robustness.summary import Robustness, Row
from audit.core.estimate import NOTHING, Estimate
from audit.core.finding import Finding, Link, Step
from audit.report.content import Content
from audit.report.finding import few, is_few, limit_of
from audit.report.templating import fixed, percent, points

_TRAIN = {
    "light": "Train with --pipeline augmented, which changes brightness and contrast, or "
    "randaugment, which changes colours as well.",
    "detail": "Add blurred, noisy and strongly compressed copies to the training "
    "(--pipeline albumentations with steps of your own).",
    "geometry": "Train with --pipeline augmented, which turns, enlarges and shifts; raise "
    "--rotation, --zoom-in and --translation.",
    "parts": "Hide parts of the training images: --pipeline cutmix, or albumentations.",
}


def _costliest(content: Content) -> Estimate:
    found: Robustness | None = content.checks["robustness"]
    return max((row.cost for row in found.rows), key=lambda e: e.value) if found else NOTHING


COSTLIEST = Limit(
    "corruption",
    "Error above clean, of the costliest corruption",
    0.1,
    _costliest,
    60,
    defined="corruption_cost",
)


def costly_corruption(content: Content) -> Finding | None:
    """Report a corruption that many answers do not stand up to."""
    found: Robustness | None = content.checks["robustness"]
    if found is None:
        return None
    limit = limit_of("corruption", content)
    hurt = [row for row in found.worst if _is_sure(row, limit)]
    hurt = hurt or [row for row in found.worst[:1] if row.cost.value > limit]
    if not hurt:
        return None
    return _corruption(found, hurt, limit)


def _is_sure(row: Row, limit: float) -> bool:
    return row.cost.low > limit and not is_few(row.cost)


def _corruption(found: Robustness, hurt: list[Row], limit: float) -> Finding:
    worst, others = hurt[0], hurt[1:]
    sure = _is_sure(worst, limit)
    also = ", ".join(f"{row.kind.words} ({points(row.cost.value)})" for row in others)
    more = f"; beyond {100 * limit:g} points also {also}" if also else ""
    unsure = f"; the interval reaches across {100 * limit:g} points: the two cannot be told apart"
    if is_few(worst.cost):
        unsure = f"; {few(worst.cost)}"
    groups = dict.fromkeys(row.kind.group for row in hurt)
    return Finding(
        key="corruption",
        severity="look" if sure else "info",
        title=f"{worst.kind.title} costs {100 * worst.cost.value:.1f} points of accuracy",
        words=(
            f"Under {worst.kind.words} {percent(worst.error.value)} of the answers are wrong, "
            f"{_points(worst.cost)} more than without{more}{'' if sure else unsure}."
        ),
        why=found.meaning,
        steps=(
            Step(
                "See the images, and from which severity on.",
                (Link("Robustness", "robustness.html"),),
            ),
            *(Step(_TRAIN[group]) for group in groups),
        ),
        estimate=worst.cost,
    )


def _points(e: Estimate) -> str:
    value, low, high = (fixed(100 * v, 1) for v in (e.value, e.low, e.high))
    bounds = "no interval" if math.isnan(e.low) else f"95% interval {low} to {high}"
    return f"{value} points ({bounds}, n = {e.n:,})"
