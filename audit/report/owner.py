"""Statements that only a model's owner can make: a TOML file of texts, beside the run."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from audit.core.errors import ConfigError, quoted
from audit.settings.toml import parse_toml, read_toml
from audit.storage import readers
from audit.storage.run import RunFolder

# What is asked for, by key.
ASKED = {
    "owner": "person or organisation that answers for the model",
    "contact": "where to send questions",
    "licence": "the terms under which the model may be used",
    "citation": "paper or other resource to read and to cite",
    "intended_use": "what the model is for",
    "intended_users": "who may use it",
    "out_of_scope": "what it must not be used for",
    "factors": "groups, instruments and surroundings that may change how well it does",
    "training_data": "who or what is in it, how it was gathered, and what that leaves out",
    "evaluation_data": "why these images were chosen, and what they leave out",
    "ethical_considerations": "whom the model may harm, how, and what was done about it",
    "caveats": "what else a user must know",
}


def read_owner(file: Path) -> dict[str, str]:
    """Return the texts by key of `ASKED`; {} where the file is not there.

    Raises
    ------
    ConfigError
        The file is unreadable, or holds something else than these texts.
    """
    try:
        return _texts(read_toml(file), file)
    except FileNotFoundError:
        return {}


def owner_of(run: RunFolder) -> dict[str, str]:
    """Return what a run's owner says, as `read_owner`; the file may be a stranger's."""
    file = run.owner_file
    try:
        text = readers.content(file, run.root, readers.MIB).decode()
    except FileNotFoundError:
        return {}
    except UnicodeDecodeError as error:
        raise ConfigError(f"{file} is not a readable TOML file: {error}.") from None
    return _texts(parse_toml(text, file), file)


def _texts(told: Mapping[str, Any], file: Path) -> dict[str, str]:
    for key, text in told.items():
        if key not in ASKED:
            near = difflib.get_close_matches(key, ASKED, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(ASKED)}."
            raise ConfigError(f"{file}: unknown key {quoted(key)}; {hint}")
        if not isinstance(text, str):
            raise ConfigError(f"{file}: {key} must be a text in quotes, not {quoted(text)}.")
    return {key: text.strip() for key, text in told.items() if text.strip()}
