"""The worst class in a group against a limit."""

from __future__ import annotations

from collections.abc import Iterator

from audit.checks.groups.headline import WORST, cells_of, worst_of
from audit.checks.groups.statistics import LEAST, LEVEL, Worst
from audit.gate.bounds import shared_level, standing
from audit.gate.gates import Limits, Outcome
from audit.gate.limits import as_given, digits, reach
from audit.report.source import Source
from audit.report.templating import percent, plain


def held_to(source: Source, limits: Limits) -> Iterator[Outcome]:
    """Hold the worst class in a group against a limit, where one was asked for."""
    limit = limits.min_group_accuracy
    if limit is None:
        return
    found = worst_of(source)
    e = found.accuracy
    stands = standing(e.value, e.low, e.high, limit, "at least")
    yield Outcome(
        key="min-group-accuracy",
        estimate=e,
        level=shared_level(found.counted + 1, LEVEL),
        bound="at least",
        limit=limit,
        standing=stands,
        words=_words(source, found, limit, stands),
        figure=WORST.key,
    )


def _words(source: Source, found: Worst, limit: float, stands: str) -> str:
    if found.cell is None:
        return f"Worst-group accuracy cannot be judged: {_why(source)}"
    e, cell = found.accuracy, found.cell
    value, low, high = (percent(v, digits(e, limit)) for v in (e.value, e.low, e.high))
    whose = f"{source.classes.get(cell.label, '')}, {cell.column} {cell.group}"
    ends = {
        "holds": f"not below the limit of {as_given(limit)}{reach(e, limit, 'at least')}",
        "doubtful": f"below the limit of {as_given(limit)}, but not beyond doubt",
        "broken": f"below the limit of {as_given(limit)} beyond doubt",
    }
    return (
        f"Worst-group accuracy {value} ({low} to {high}, n = {e.n:,}; {plain(whose)}; the lowest "
        f"of {found.counted:,}) is {ends[stands]}"
    )


def _why(source: Source) -> str:
    if not cells_of(source):
        return "no groups were given: sweep again with --group COLUMN"
    return f"no class in a group has {LEAST} test images"
