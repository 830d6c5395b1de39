"""A config as a commented TOML file, for people to change."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from textwrap import wrap
from typing import Any

from audit.core.output import clean
from audit.settings.base import is_common
from audit.settings.config import FIELDS, SECTIONS, Config

_WIDTH = 98


def written(config: Config, said: Sequence[str]) -> str:
    """Write what a config sets otherwise than by default, and what most people set besides.

    Parameters
    ----------
    said : sequence of str
        Lines for the top, one a comment.

    Returns
    -------
    str
        TOML that `audit.settings.load_config` reads as the same config.
    """
    usual = Config().flat()
    chosen = {name: value for name, value in config.flat().items() if value != usual[name]}
    parts = ["\n".join(_comment(line) for line in said)]
    for section, fields in SECTIONS.items():
        names = [n for n in fields.model_fields if n in chosen or is_common(FIELDS[n])]
        if names:
            title = (fields.__doc__ or "").splitlines()[0]
            entries = [line for name in names for line in _entry(name, chosen, usual)]
            parts.append("\n".join([f"[{section}]  # {title}", *entries]))
    return "\n\n".join(parts) + "\n"


def _entry(name: str, chosen: dict[str, Any], usual: dict[str, Any]) -> Iterator[str]:
    """Yield a setting with its help; as a comment where it stays as it is."""
    yield from _wrapped(FIELDS[name].description or "")
    if name in chosen:
        yield f"{name} = {_value(chosen[name])}"
    elif usual[name] is None:
        yield f"# {name} ="
    else:
        yield f"# {name} = {_value(usual[name])}"


def _value(value: Any) -> str:
    """Return a value of TOML: its basic strings are escaped as JSON's are."""
    if isinstance(value, Path):
        value = value.as_posix()
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _wrapped(text: str) -> Iterable[str]:
    return (f"# {line}" for line in wrap(text, _WIDTH))


def _comment(text: str) -> str:
    """Return one line of comment, whatever a name of others holds."""
    return f"# {clean(text)}".rstrip()
