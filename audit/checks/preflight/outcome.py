"""Outcome of a preflight, as a run keeps it and as it stops one."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from audit.core.errors import AuditError
from audit.core.observation import Observation
from audit.core.wording import verb

log = logging.getLogger("audit")
# What readers find out by trying: printed in every run, also where all is fine.
TRIED = ("pixels", "depth", "mask-values", "class-names", "masks-beside")
_STRENGTHS = ("strong", "weak", "fine")


class PreflightError(AuditError):
    """Inputs that are read otherwise than their makers meant; the message names the mend."""


@dataclass(frozen=True)
class Preflight:
    """Everything that was looked at before a model is judged.

    Attributes
    ----------
    observations : tuple of Observation
        What is read wrongly beyond doubt first, then what is worth a look.
    anyway : bool
        Whether the run was told to go on nevertheless.
    """

    observations: tuple[Observation, ...]
    anyway: bool = False

    @property
    def strong(self) -> tuple[Observation, ...]:
        """Observations that stop a run."""
        return tuple(o for o in self.observations if o.strength == "strong")

    @property
    def weak(self) -> tuple[Observation, ...]:
        """Observations that are worth a look."""
        return tuple(o for o in self.observations if o.strength == "weak")


def gathered(observations: Iterable[Observation], *, anyway: bool) -> Preflight:
    """Rank observations; of several with one key the last, which knows most, counts."""
    latest = {o.key: o for o in observations}
    ranked = sorted(latest.values(), key=lambda o: _STRENGTHS.index(o.strength))
    return Preflight(tuple(ranked), anyway)


def lines(found: Preflight) -> list[str]:
    """Return one line an observation, what stops a run first, and one that counts them."""
    words = {"strong": "STOPS ", "weak": "look  ", "fine": "ok    "}
    stop = verb(len(found.strong), "stops", "stop")
    counts = f"{len(found.strong):,} {stop} a run, {len(found.weak):,} worth a look"
    told = [f"{words[o.strength]} {o.key}: {o.line.rstrip('.')}" for o in found.observations]
    return [*told, f"Preflight: {len(found.observations):,} things looked at, {counts}."]


def say(found: Preflight) -> None:
    """Log what was found by trial, and what is worth a look."""
    for o in found.observations:
        if o.strength == "fine" and (o.key in TRIED or o.mend):
            log.info("Preflight: %s", o.line)
    for o in (*found.weak, *(found.strong if found.anyway else ())):
        log.warning("Preflight: %s", o.line)


def refuse(found: Preflight) -> None:
    """Stop a run whose inputs are read wrongly.

    Raises
    ------
    PreflightError
        One line: what is read wrongly, and which option mends it.
    """
    if not found.strong or found.anyway:
        return
    first, others = found.strong[0], len(found.strong) - 1
    more = f" {others} more: flower-audit preflight lists them." if others else ""
    raise PreflightError(f"{first.line} To go on as it is: --anyway.{more}")


def kept(found: Preflight) -> dict[str, Any]:
    """Return the section ``preflight`` of a manifest and of a report's summary."""
    return {"anyway": found.anyway, "observations": [asdict(o) for o in found.observations]}


def read(section: Mapping[str, Any]) -> Preflight | None:
    """Return what a manifest keeps; None where its run had no preflight."""
    rows = section.get("observations")
    if not rows:
        return None
    fields = ("key", "title", "words", "strength", "mend")
    told = [Observation(**{f: str(row.get(f, "")) for f in fields}) for row in rows]  # type: ignore[arg-type]
    known = [o for o in told if o.strength in _STRENGTHS]
    return gathered(known, anyway=bool(section.get("anyway")))
