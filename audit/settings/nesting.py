"""Settings by section, and by name alone, as flags and the runs of earlier versions have them."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from audit.core.errors import ConfigError, quoted
from audit.core.wording import some
from audit.settings.config import FIELDS, SECTION_OF, SECTIONS

# Settings that are gone, and the value that each always has now: written out it is no mistake.
RETIRED = {"ig_rule": "quadratic"}
RENAMED = {"on_flower_skill": "on_foreground_skill"}  # what is written by the old name is read


def flat(given: Mapping[str, Any]) -> dict[str, Any]:
    """Take settings out of their sections, those that stand in one, by their names of today."""
    found: dict[str, Any] = {}
    for key, value in given.items():
        found |= value if _is_section(key, value) else {key: value}
    return {RENAMED.get(key, key): value for key, value in found.items()}


def nested(settings: Mapping[str, Any], where: str = "") -> dict[str, dict[str, Any]]:
    """Put settings into their sections.

    Raises
    ------
    ConfigError
        There is no such setting; it tells ``where`` it stands, and what may be meant.
    """
    found: dict[str, dict[str, Any]] = {}
    for name, value in settings.items():
        if name in RETIRED:
            _refuse_retired(name, value)
            continue
        if name not in FIELDS:
            raise ConfigError(f"Unknown setting {quoted(name)}{where}{_meant(name)}")
        found.setdefault(SECTION_OF[name], {})[name] = value
    return found


def refuse_misplaced(given: Mapping[str, Any], file: Path) -> None:
    """Raise `ConfigError` where a setting stands in another section than its own, or twice."""
    seen = {key for key, value in given.items() if not _is_section(key, value)}
    for key, value in given.items():
        for name in value if _is_section(key, value) else ():
            own = SECTION_OF.get(name, key)
            if own != key:
                raise ConfigError(f"{name!r} stands in [{key}] of {file}: write it under [{own}].")
            if name in seen:
                raise ConfigError(f"{name!r} stands twice in {file}: leave it under [{own}] alone.")


def advice(given: Mapping[str, Any]) -> str:
    """Tell how to write settings that stand in no section; "" where none does."""
    outside = {key: value for key, value in given.items() if not _is_section(key, value)}
    loose = [name for name in flat(outside) if name in FIELDS]
    return some([f"[{SECTION_OF[name]}] {name}" for name in loose], 4) if loose else ""


def _refuse_retired(name: str, value: object) -> None:
    if value != (always := RETIRED[name]):
        raise ConfigError(f"{name} is always {always} now, not {quoted(value)}: leave it out.")


def _is_section(key: str, value: object) -> bool:
    return key in SECTIONS and isinstance(value, Mapping)


def _meant(name: str) -> str:
    if name in SECTIONS:
        return f": [{name}] is a section."
    near = difflib.get_close_matches(name, [*FIELDS, *SECTIONS], n=1)
    return f"; did you mean {near[0]!r}?" if near else "."
