"""Every check there is: those built in, in the order in which they are made and told of."""

from __future__ import annotations

from typing import Any

from audit.checks.base import Check
from audit.core.registry import Registry

_BUILT_IN = (
    "sensitivity",  # before the verdicts, which rest on it
    "verdicts",
    "background",
    "masks",
    "completeness",
    "shortcuts",
    "opportunity",
    "calibration",
    "confusions",
    "labels",
    "clusters",
    "groups",
    "on_data",  # before the shipped self-test, which it takes the place of
    "selftest",
    "explainer_sanity",
    "robustness",
    "data_health",
    "preflight",
)

# What manifest.json and summary.json hold already by these names.
TAKEN = frozenset(
    [
        "against",
        "checksums",
        "command",
        "config",
        "data",
        "decision",
        "explainers",
        "figures",
        "findings",
        "finished",
        "flower_audit",
        "health",
        "host",
        "ig_batch",
        "ig_completeness_error",
        "images",
        "mask_sources",
        "masks_by_hand",
        "model",
        "packages",
        "planted",
        "preflight",
        "robustness",
        "schema",
        "seconds",
        "sessions",
        "stages",
        "started",
        "sweep",
        "thresholds",
        "training",
        "trust",
        "unavailable",
        "undefined_figures",
        "undecided_reasons",
        "verdicts",
    ]
)


def _fault(key: str, thing: Any) -> str:
    """Say what is wrong with what another package brings as a check; "" where nothing is."""
    if not isinstance(thing, Check):
        return "is no Check of audit.checks.base, but " + type(thing).__name__
    if not thing.key == thing.name == key:
        return f"calls itself {thing.name!r}"
    if key in TAKEN:
        return "has a key that manifest.json or summary.json uses for something else"
    other = [output.name for output in thing.outputs if not output.name.startswith(key)]
    return f"writes {other[0]!r}, whose name must begin with its key" if other else ""


CHECKS: Registry[Check] = Registry(
    "check",
    "flower_audit.checks",
    {key: f"audit.checks.{key}.check:CHECK" for key in _BUILT_IN},
    _fault,
)


def every() -> list[Check]:
    """All checks; TensorFlow is loaded by none of them before it measures.

    Raises
    ------
    ConfigError
        Another package brings one that cannot be used.
    """
    return [CHECKS[key] for key in CHECKS]
