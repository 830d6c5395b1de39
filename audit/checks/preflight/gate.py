"""A run whose inputs are read wrongly passes no gate."""

from __future__ import annotations

import math
from collections.abc import Iterator

from audit.checks.preflight.outcome import read
from audit.core.estimate import Estimate
from audit.core.wording import plural
from audit.gate.bounds import Standing
from audit.gate.gates import COUNTED, Outcome
from audit.report.source import Source


def read_wrongly(source: Source, *, anyway: bool) -> Iterator[Outcome]:
    """Fail a run that went on although its preflight stopped it: its figures mean nothing."""
    found = read(source.section("preflight"))
    if not found or not found.strong:
        return
    n = len(found.strong)
    words = (
        f"the run went on although its preflight says that inputs are read wrongly "
        f"({plural(n, 'reason')}): mend them, or check --anyway"
    )
    stands: Standing = "doubtful" if anyway else "broken"
    estimate = Estimate(float(n), math.nan, math.nan, len(found.observations), method=COUNTED)
    yield Outcome(
        key="preflight",
        estimate=estimate,
        level=math.nan,
        bound="at most",
        limit=0.0,
        standing=stands,
        words=words,
    )
