"""The schema of ``summary.json``: what the engine says of a run, and what every check adds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from audit.checks.registry import every
from audit.report.figures import of_checks

FILE = Path(__file__).with_name("summary.schema.json")  # with the checks that are built in


def summary_schema() -> dict[str, Any]:
    """Return the schema with all checks that are installed; `FILE` has the built-in ones alone.

    A check's own ``$defs`` are added to those of the whole.
    """
    whole: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    for check in every():
        if fragment := check.schema():
            whole["$defs"] |= fragment.pop("$defs", {})
            _add(whole, check.name, fragment)
    for own in of_checks():
        words = f"{own.metric.title}: {own.metric.description}"
        figure = {"description": words, "$ref": "#/$defs/estimate"}
        _add(whole["properties"]["figures"], own.metric.key, figure)
    return whole


def _add(to: dict[str, Any], key: str, described: dict[str, Any]) -> None:
    """Every key that is described is required, in the order of their description."""
    to["properties"] |= {key: described}
    to["required"] = list(to["properties"])
