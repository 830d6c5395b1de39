"""Defaults < preset < TOML file < flags, merged by one function."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from audit.core.errors import ConfigError, quoted
from audit.settings.config import FIELDS, Config
from audit.settings.nesting import advice, flat, nested, refuse_misplaced
from audit.settings.toml import read_toml

log = logging.getLogger("audit")

PRESETS: dict[str, dict[str, Any]] = {
    "planted": {
        "dataset": "planted",
        "backbone": "efficientnet-lite0",
        "image_size": 160,
    },
}


def load_config(
    flags: Mapping[str, Any], preset: str | None = None, file: Path | None = None
) -> Config:
    """Merge defaults < ``preset`` < ``file`` < ``flags`` into one config.

    Parameters
    ----------
    flags : Mapping[str, Any]
        Settings by name; None means "not given".
    preset : str, optional
        A name in `PRESETS`.
    file : Path, optional
        TOML file with the sections of `Config` as tables; it may name a ``preset`` itself.

    Raises
    ------
    ConfigError
        One line that names the key, the value and what is allowed.
    """
    from_file = _read(file) if file else {}
    in_file = from_file.pop("preset", None)
    preset = preset or in_file
    if preset is not None and preset not in list(PRESETS):  # a list in a file has no hash
        raise ConfigError(f"Unknown preset {quoted(preset)}: choose from {', '.join(PRESETS)}.")
    given = flat({key: value for key, value in flags.items() if value is not None})
    merged: dict[str, Any] = {}
    for layer in (PRESETS[preset] if preset else {}, from_file, given):
        # images choose the data set, unless their own layer says otherwise
        merged |= ({"dataset": "images"} if layer.get("images") else {}) | layer
    return _checked(merged, f" (flags or {file})" if file else "")


def change(config: Config, **settings: Any) -> Config:
    """Replace settings of a config, checked as all are; raises `ConfigError`."""
    return load_config(config.flat() | settings)


def _read(file: Path) -> dict[str, Any]:
    """Read the settings of a file by their names."""
    try:
        given = read_toml(file)
    except FileNotFoundError:
        raise ConfigError(f"No config file {file}.") from None
    refuse_misplaced(given, file)
    if how := advice(given):
        log.warning("%s has settings outside of their sections; write them as %s.", file, how)
    return flat(given)


def _checked(settings: Mapping[str, Any], where: str) -> Config:
    try:
        return Config.model_validate(nested(settings, where))
    except ValidationError as error:
        raise ConfigError(_one_line(error, where)) from None


def _one_line(error: ValidationError, where: str) -> str:
    first = error.errors()[0]
    message = first["msg"].removeprefix("Value error, ")
    key = next((part for part in first["loc"][1:] if part in FIELDS), None)
    if key is None:  # settings that do not agree
        return f"{message}."
    return f"Bad value {quoted(first['input'])} for {key!r}{where}: {message}."
