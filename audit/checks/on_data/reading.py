"""A self-test's figures read from a run folder, which may come from anybody."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from audit.checks.on_data.outputs import FILE
from audit.checks.on_data.results import KindRow, OnData
from audit.core.errors import RunFolderError
from audit.core.estimate import Estimate
from audit.datasets.stamps import STAMPS
from audit.report.source import Source
from audit.verdict.calibration import FEWEST, Calibration

_ESTIMATES = ("worth", "found", "false_alarms", "named", "auroc")
_METHODS = ("wilson", "bootstrap")
_SIGNED = "worth"  # of all figures the one that is no share


def read(source: Source) -> OnData | None:
    """Return what a self-test on the run's own data found; None where there was none.

    Raises
    ------
    RunFolderError
        The file is torn, or no self-test wrote it.
    """
    told = source.output(FILE)
    if not told:
        return None
    try:
        return _found(told)
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        file, reason = FILE.file(source.run), f"{type(error).__name__}: {error}"
        raise RunFolderError(
            f"{file} is of another shape ({reason}): flower-audit selftest --on {source.run.root}."
        ) from None


def _found(told: Mapping[str, Any]) -> OnData:
    kinds = [_kind(each) for each in told["kinds"]]
    if len({row.key for row in kinds}) != len(kinds):
        raise ValueError("a kind of stamp twice")
    return OnData(
        kinds=kinds,
        calibration=_calibration(told["calibration"]),
        rule={str(key): _real(value) for key, value in told["rule"].items()},
        sample=_count(told["sample"]),
        seeds=_count(told["seeds"]),
        photographs=_count(told["photographs"]),
        found=_estimate(told["found"]),
        false_alarms=_estimate(told["false_alarms"]),
        accused=_estimate(told["accused"]),
        proven=_estimate(told["proven"]),
    )


def _kind(told: Mapping[str, Any]) -> KindRow:
    worlds, learned = _count(told["worlds"]), _count(told["learned"])
    if told["key"] not in STAMPS or learned > worlds:
        raise ValueError("a kind of stamp that there is none of, or learned more often than made")
    estimates = {key: _estimate(told[key], signed=key == _SIGNED) for key in _ESTIMATES}
    return KindRow(told["key"], worlds, learned, **estimates)


def _calibration(told: Mapping[str, Any]) -> Calibration:
    found = Calibration(_real(told["threshold"]), _real(told["bound"]), _count(told["n"]))
    known = [value for value in (found.threshold, found.bound) if not math.isnan(value)]
    if len(known) != (2 if found.n >= FEWEST else 0) or not all(0 <= v <= 1.1 for v in known):
        raise ValueError("a threshold that its number of images does not give")
    return found


def _estimate(told: Mapping[str, Any], *, signed: bool = False) -> Estimate:
    value, low, high = (_real(told[key]) for key in ("value", "low", "high"))
    if told["method"] not in _METHODS:
        raise ValueError("a method that there is none of")
    if not signed and any(not 0 <= v <= 1 for v in (value, low, high) if not math.isnan(v)):
        raise ValueError("shares out of their bounds")
    n, undefined = _count(told["n"]), _count(told["undefined"])
    return Estimate(value, low, high, n, undefined, told["method"])


def _real(value: Any) -> float:
    """Read a number; None is undefined."""
    if value is None:
        return math.nan
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{value!r} is no number")
    return float(value)


def _count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**31:
        raise ValueError(f"{value!r} is no count")
    return value
