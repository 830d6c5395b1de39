"""Sessions that made a run: one that is resumed may be of several versions and machines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from audit.report.source import Source


@dataclass(frozen=True)
class Session:
    """One start of a run.

    Attributes
    ----------
    begun : str
        Day and time, or the day alone where times are left out.
    command : str
    parts : int
        Parts of 32 images that it has written.
    versions : dict of str
        By package, flower-audit first; without those that all sessions have alike.
    """

    begun: str
    command: str
    parts: int
    versions: dict[str, str]


def sessions(source: Source) -> list[Session]:
    """Return all sessions in their order; [] where there was one alone, or no telling."""
    told = source.manifest.get("sessions") or []
    if len(told) < 2:
        return []
    differing = mixed_packages(source)
    return [
        Session(
            source.shortened(str(each.get("begun", ""))),
            str(each.get("command", "")),
            source.parts_by_session.get(number, 0),
            {name: version for name, version in _versions(each).items() if name in differing},
        )
        for number, each in enumerate(told, start=1)
    ]


def mixed_packages(source: Source) -> list[str]:
    """Return the packages of which the sessions that wrote parts had several versions."""
    told = source.manifest.get("sessions") or []
    if len(told) < 2:
        return []
    wrote = source.parts_by_session
    had = [_versions(each) for number, each in enumerate(told, start=1) if wrote.get(number)]
    names = dict.fromkeys(name for versions in had for name in versions)
    return [name for name in names if len({versions.get(name) for versions in had}) > 1]


def _versions(session: dict[str, Any]) -> dict[str, str]:
    own = {"flower-audit": session.get("flower_audit", "")}
    return {str(k): str(v) for k, v in (own | session.get("packages", {})).items()}
