"""Shortcuts that grew or shrank: sensitivity of classes by kind, in A and in B."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from audit.checks.sensitivity.outputs import read_sensitivities
from audit.compare.pairing import Pair
from audit.core.edits import KINDS
from audit.core.estimate import Estimate
from audit.core.paired import Difference, holm
from audit.report.source import Source
from audit.verdict.causes import words_of
from audit.verdict.sensitivity import Sensitivity

LEVEL = 0.05
_WIDTH = 2 * 1.959964  # of a 95% interval, in standard errors


@dataclass(frozen=True)
class Grown:
    """Sensitivity of one class to one kind of cue, in A and in B.

    Attributes
    ----------
    edit : str
        Of its kind the one that costs most in either.
    change : Difference
        B's excess minus A's, -2..2; above 0 is worse.
    own : Difference
        Share of the class's own answers that change in B, less that in A, -1..1; above 0 is worse.
    p : float
        The larger of both, two-sided, after Holm's correction over all classes and kinds; 1 where
        they point to different sides. Where other classes got steadier a class has not got worse.
    """

    name: str
    edit: str
    a: Sensitivity
    b: Sensitivity
    change: Difference
    own: Difference
    p: float = 1.0

    @property
    def words(self) -> str:
        """What the class rests on, in words."""
        return KINDS[self.a.kind]

    @property
    def shown_by(self) -> str:
        """The edit, in words."""
        return words_of(self.edit)

    @property
    def says(self) -> str:
        """``new`` (proven in B alone), ``gone`` (in A alone), ``grew``, ``shrank`` or ``alike``."""
        if self.p > LEVEL:
            return "alike"
        if self.change.value > 0:
            return "grew" if self.a.proven or not self.b.proven else "new"
        return "gone" if self.a.proven and not self.b.proven else "shrank"


def grown(pair: Pair) -> list[Grown] | None:
    """Return every class and kind that both runs measured, the greatest growth first.

    The interval of the difference is that of two independent rates by their own intervals (Zou and
    Donner 2008): it does not profit from the images being the same, so it errs on the side of
    caution. None where a run has measured nothing.
    """
    sides = [_strongest(each.source) for each in (pair.a, pair.b)]
    if sides[0] is None or sides[1] is None:
        return None
    rows = list(_rows(sides[0], sides[1], pair.a.source))
    corrected = holm([each.p for each in rows])
    rows = [replace(each, p=p) for each, p in zip(rows, corrected, strict=True)]
    return sorted(rows, key=lambda each: -each.change.value)


def _strongest(source: Source) -> dict[tuple[int, str], dict[str, Sensitivity]] | None:
    """Return what each edit does to a class, by class and kind."""
    found = read_sensitivities(source.run)
    if found is None:
        return None
    by_kind: dict[tuple[int, str], dict[str, Sensitivity]] = {}
    for each in found:
        if each.target in source.classes and not math.isnan(each.excess.value):
            by_kind.setdefault((each.target, each.kind), {})[each.edit] = each
    return by_kind


def _rows(
    ours: dict[tuple[int, str], dict[str, Sensitivity]],
    theirs: dict[tuple[int, str], dict[str, Sensitivity]],
    source: Source,
) -> Iterator[Grown]:
    for key in sorted(ours.keys() & theirs.keys()):
        a, b = ours[key], theirs[key]
        edits = sorted(a.keys() & b.keys())
        if edits:
            most = max(edits, key=lambda e: max(a[e].excess.value, b[e].excess.value))
            change = _apart(a[most].excess, b[most].excess)
            own = _apart(a[most].flips, b[most].flips)
            p = max(_p(change), _p(own)) if change.value * own.value > 0 else 1.0
            name = source.classes[key[0]]
            yield Grown(name, most, a[most], b[most], change, own, p)


def _apart(a: Difference | Estimate, b: Difference | Estimate) -> Difference:
    """Return b - a with the interval that those of both give."""
    value = b.value - a.value
    low = value - math.hypot(b.value - b.low, a.high - a.value)
    return Difference(value, low, value + math.hypot(b.high - b.value, a.value - a.low))


def _p(change: Difference) -> float:
    """Return the two-sided p-value that an interval implies, 1 where there is none."""
    from scipy.stats import norm

    width = change.high - change.low
    if not width > 0:
        return 1.0
    return float(2 * norm.sf(abs(change.value) * _WIDTH / width))


def those(rows: Sequence[Grown] | None, *says: str) -> list[Grown]:
    """Return the rows that say one of these."""
    return [row for row in rows or () if row.says in says]
