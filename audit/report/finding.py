"""From where on a figure makes a finding, and how that is said."""

from __future__ import annotations

import math
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from audit.checks.base import Limit
from audit.checks.registry import every
from audit.core.estimate import Estimate
from audit.core.finding import Link, Severity
from audit.core.wording import plural
from audit.gate.bounds import Standing, standing
from audit.gate.limits import as_given, digits
from audit.report.content import Content
from audit.report.gatefile import in_force
from audit.report.templating import percent, styled

FIRST_MASK, FIRST_MASKS = (
    f"First look at {what}, which a machine made." for what in ("its mask", "the masks")
)
FEW = 10  # images: bootstrap intervals from fewer are too narrow to say anything beyond doubt


def limits() -> dict[str, Limit]:
    """From where on figures make findings, in the order of their table."""
    found = [limit for check in every() for limit in check.limits]
    return {limit.key: limit for limit in sorted(found, key=lambda limit: limit.place)}


@dataclass(frozen=True)
class Asked:
    """A figure beside its limit."""

    title: str
    limit: str
    estimate: Estimate
    style: str
    defined: str


def asked(content: Content) -> list[Asked]:
    """Return every figure that is held against a limit, found or not, of what is available."""
    lacking = {each.key for each in content.unavailable}
    left_out = {limit.key for check in every() if check.key in lacking for limit in check.limits}
    return [
        Asked(limit.title, said(limit_of(key, content), limit.style), limit.estimate(content),
              limit.style, limit.defined)
        for key, limit in limits().items()
        if key not in left_out
    ]  # fmt: skip


def limit_of(key: str, content: Content) -> float:
    """Return the limit in force: the gate's own where it was asked for."""
    asked = _asked_of_wrong_reasons(content) if key == "wrong-reasons" else None
    return limits()[key].value if asked is None else asked


def whose_limit(content: Content) -> str:
    """Say whose the limit of wrong reasons is."""
    return "The default limit" if _asked_of_wrong_reasons(content) is None else "The gate's limit"


def _asked_of_wrong_reasons(content: Content) -> float | None:
    checked = in_force(content.source)
    asked = checked.checked if checked else ()
    return next((one.limit for one in asked if one.key == "max-wrong-reasons"), None)


@dataclass(frozen=True)
class Held:
    """A figure against its limit.

    Attributes
    ----------
    words : str
        Figure, interval, n, and how it stands to the limit.
    """

    estimate: Estimate
    standing: Standing
    words: str

    @property
    def severity(self) -> Severity:
        """Severity of the finding: one to be looked at only where it is beyond doubt."""
        return "look" if self.standing == "broken" else "info"


def over(key: str, content: Content) -> Held | None:
    """Return a figure that is above its limit, perhaps not beyond doubt; None where it is not."""
    limit = limits()[key]
    held = hold(limit.estimate(content), limit_of(key, content), limit.style)
    return held if held.standing in ("broken", "doubtful") else None


def hold(e: Estimate, limit: float, style: str = "percent") -> Held:
    """Hold a figure against a limit that it should not be above.

    Where the interval holds the limit, the two are said not to be told apart.
    """
    stands = standing(e.value, e.low, e.high, limit, "at most")
    told = said(limit, style)
    if stands == "broken" and is_few(e):
        figure = format_estimate(e, style, digits(e, limit))
        return Held(e, "doubtful", f"{figure}, above {told}, but {few(e)}")
    unsure = f"but the interval reaches across {told}: the two cannot be told apart"
    words = {
        "broken": f"beyond doubt above {told}",
        "doubtful": f"above {told}, {unsure}",
        "holds": f"not above {told}, {unsure}" if e.high > limit else f"beyond doubt within {told}",
        "undefined": "which says nothing",
    }
    places = digits(e, limit) if style == "percent" and stands != "undefined" else 1
    return Held(e, stands, f"{format_estimate(e, style, places)}, {words[stands]}")


def is_few(e: Estimate) -> bool:
    """Return whether a bootstrap interval rests on too few images to be beyond doubt."""
    return e.method == "bootstrap" and e.n < FEW


def few(e: Estimate) -> str:
    """Say what a mean of too few images is worth."""
    return f"a mean of {plural(e.n, 'image')} says nothing beyond doubt"


def format_estimate(e: Estimate, style: str = "percent", places: int = 1) -> str:
    """Return a figure with its 95% interval and its n."""
    value, low, high = (
        percent(v, places) if style == "percent" else styled(v, style)
        for v in (e.value, e.low, e.high)
    )
    bounds = "no interval" if math.isnan(e.low) else f"95% interval {low} to {high}"
    return f"{value} ({bounds}, n = {e.n:,})"


def said(limit: float, style: str = "percent") -> str:
    """Return a limit in words."""
    return as_given(limit) if style == "percent" else f"{limit:g}"


def gallery(text: str, **state: str) -> Link:
    """Link to the images of the gallery that a filter leaves, as `gallery-state.js` reads it."""
    return Link(text, f"gallery.html#{urlencode(state, quote_via=quote)}")
