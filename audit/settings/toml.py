"""TOML files that people write: one reader, one line where it fails."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from audit.core.errors import ConfigError

DOTS = 1000  # on one line: tomllib's memory grows with the square of a key's parts


def read_toml(file: Path) -> dict[str, Any]:
    """Read a TOML file.

    Raises
    ------
    ConfigError
        It is no TOML, no UTF-8, cannot be opened, or is nested beyond all measure.
    FileNotFoundError
        It is not there.
    """
    try:
        return parse_toml(file.read_text(encoding="utf-8"), file)
    except FileNotFoundError:
        raise
    except (OSError, ValueError) as error:  # also no UTF-8
        raise ConfigError(f"{file} is not a readable TOML file: {error}.") from None


def parse_toml(text: str, file: Path) -> dict[str, Any]:
    """Parse the text of a TOML file; `ConfigError` names ``file`` where it is none."""
    try:
        if any(line.count(".") > DOTS for line in text.splitlines()):
            raise ValueError(f"a line has more than {DOTS} dots")
        return tomllib.loads(text)
    except RecursionError:
        raise ConfigError(f"{file} is not a readable TOML file: it is nested too deep.") from None
    except ValueError as error:  # also numbers too long for Python
        raise ConfigError(f"{file} is not a readable TOML file: {error}.") from None
