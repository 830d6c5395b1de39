"""When a run was made, and how long each of its steps took."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime

from audit.core.clock import Clock
from audit.core.errors import ConfigError
from audit.storage.run import RunFolder

FIRST_YEAR = 1980  # of ZIP files, as models and maps are


def now() -> str:
    """Tell the time, as manifests keep it.

    Raises
    ------
    ConfigError
        The clock was never set.
    """
    time = datetime.now(UTC)
    if time.year < FIRST_YEAR:
        raise ConfigError(f"This machine's clock says {time:%Y-%m-%d}: set it, then begin again.")
    return time.isoformat(timespec="seconds")


@contextmanager
def timed(folder: RunFolder, step: str) -> Iterator[None]:
    """Add the seconds that a step takes to the manifest, earlier tries included."""
    clock = Clock()
    try:
        with clock(step):
            yield
    finally:
        add_seconds(folder, "seconds", clock.seconds)


def add_seconds(folder: RunFolder, section: str, seconds: Mapping[str, float]) -> None:
    """Add seconds by their names to those that a section of the manifest has."""
    known = folder.manifest().get(section, {})
    added = {name: round(known.get(name, 0.0) + spent, 2) for name, spent in seconds.items()}
    folder.update_manifest(**{section: known | added})
