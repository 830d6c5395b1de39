"""The outcome of ``flower-audit check`` that a run keeps, as its report reads it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, get_args

from audit.core.errors import RunFolderError
from audit.gate.bounds import Bound, Standing, keeps
from audit.gate.gates import COUNTED, Outcome
from audit.gate.limits import as_given
from audit.report.source import Source


@dataclass(frozen=True)
class Checked:
    """One limit, and how its figure stands to it.

    Attributes
    ----------
    key : str
        Of the gate, as its option.
    words : str
        In one line, without a full stop; with names of any origin.
    limit : float
    standing : Standing
    shown : bool
        Whether the whole interval keeps to the limit.
    figure : str
        Key of the headline figure that it is; "" where it is none.
    counted : bool
        Whether it is no figure of the model: it asks whether the audit itself is whole.
    by_default : bool
        Whether nobody asked for it.
    """

    key: str
    words: str
    bound: Bound
    limit: float
    standing: Standing
    shown: bool
    figure: str = ""
    counted: bool = False
    by_default: bool = False

    @classmethod
    def of(cls, outcome: Outcome) -> Checked:
        """Return what was checked by default."""
        return cls(
            key=outcome.key,
            words=outcome.words,
            bound=outcome.bound,
            limit=outcome.limit,
            standing=outcome.standing,
            shown=outcome.shown,
            figure=outcome.figure,
            counted=outcome.estimate.method == COUNTED,
            by_default=True,
        )

    @property
    def passes(self) -> bool:
        """Whether a gate lets the run pass."""
        return self.standing in ("holds", "doubtful")

    @property
    def breaks(self) -> bool:
        """Whether a figure of the model is beyond the limit with its whole interval."""
        return self.standing == "broken" and not self.counted

    @property
    def said(self) -> str:
        """The limit in words: ``at most 5%``."""
        return f"{self.bound} {as_given(self.limit)}"

    @property
    def state(self) -> str:
        """How it stands, in a word or two."""
        if self.standing == "undefined":
            return "not judged"
        return "broken" if self.breaks else "kept" if self.shown else "not shown"

    @property
    def line(self) -> str:
        """Its words as a sentence."""
        return f"{self.words[:1].upper()}{self.words[1:]}."


@dataclass(frozen=True)
class Gate:
    """Outcome of ``flower-audit check``.

    Attributes
    ----------
    outdated : bool
        Whether the run has other records since, or another model.
    """

    checked: tuple[Checked, ...]
    outdated: bool = False

    @property
    def passed(self) -> bool:
        """Whether every limit let the run pass."""
        return all(one.passes for one in self.checked)

    @property
    def broken(self) -> list[Checked]:
        """Limits that did not let the run pass."""
        return [one for one in self.checked if not one.passes]


def gate(source: Source) -> Gate | None:
    """Return the gate's outcome, or None where none was checked.

    Raises
    ------
    RunFolderError
        The file is torn.
    """
    file, mend = source.run.gate_file, "run flower-audit check again"
    told = source.run.told(file, mend)
    if not told:
        return None
    try:
        return Gate(tuple(_checked(each) for each in told["gates"]), _is_outdated(told, source))
    except (ValueError, KeyError, TypeError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise RunFolderError(f"{file} is torn ({reason}): {mend}.") from None


def in_force(source: Source) -> Gate | None:
    """Return the gate's outcome where it is of the records as they are now, else None."""
    found = gate(source)
    return None if found is None or found.outdated else found


def _is_outdated(told: Mapping[str, Any], source: Source) -> bool:
    now = source.manifest.get("finished"), source.section("model").get("sha256")
    records = source.run.fingerprint()  # which earlier versions did not keep
    return (told["finished"], told["model"]) != now or told.get("records", records) != records


def _checked(told: Mapping[str, Any]) -> Checked:
    standing, bound = told["standing"], told["bound"]
    if standing not in get_args(Standing) or bound not in get_args(Bound):
        raise ValueError(f"{standing!r} of {bound!r}")
    found = Checked(
        key=str(told["key"]),
        words=str(told["words"]),
        bound=bound,
        limit=float(told["limit"]),
        standing=standing,
        shown=standing == "holds",
        figure=str(told.get("figure") or ""),
        counted=told["method"] == COUNTED,
    )
    return replace(found, shown=found.shown and _is_shown(told, found))


def _is_shown(told: Mapping[str, Any], found: Checked) -> bool:
    """Say whether a limit that holds is kept to by the whole interval, in files of any version."""
    low, high = (math.nan if told[key] is None else float(told[key]) for key in ("low", "high"))
    whole = found.counted or keeps(low, high, found.limit, found.bound)
    return bool(told.get("shown", whole))
