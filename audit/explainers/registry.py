"""Explainers of the registry: what other packages may bring, and which of them a run asks for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from inspect import isabstract
from typing import Any

from audit.core.errors import ConfigError
from audit.core.registries import EXPLAINERS, JUDGED
from audit.explainers.base import About, Explainer

# A title stands in tables, charts and sentences, so no markup may be in it.
_TITLE = re.compile(r"[A-Za-z0-9][A-Za-z0-9 +.()-]{0,39}")
_MOST_TEXT = 1_000  # characters of a citation or description
# Keys whose columns, pictures or rows of the checks there are already.
_MOVED = tuple(f"{reach}_{key}" for reach in ("grown", "shrunk") for key in ("causal", *JUDGED))
TAKEN = ("background_share", "causal", "centre", "heat", "random", "tested", "verdict", *_MOVED)


def is_about(about: About) -> bool:
    """Tell whether texts of any origin are what a report can say of an explainer."""
    if not all(isinstance(text, str) for text in about):
        return False
    sound = all(text.strip() and len(text) <= _MOST_TEXT for text in about)
    return sound and bool(_TITLE.fullmatch(about.title))


def fault(key: str, brought: Any) -> str:
    """Say what is wrong with what another package brings as an explainer; "" where nothing is."""
    if not (isinstance(brought, type) and issubclass(brought, Explainer)) or isabstract(brought):
        return "is no class that fills in audit.explainers.base.Explainer"
    if getattr(brought, "key", None) != key or key in TAKEN:
        return f"needs a key of its own, of the same name, not {getattr(brought, 'key', None)!r}"
    if brought.judged:
        return f"says that verdicts rest on it: they rest on {' and '.join(JUDGED)} alone"
    if brought.storage not in ("dense", "segments"):
        return f"has the storage {brought.storage!r}, which is neither 'dense' nor 'segments'"
    texts = (getattr(brought, name, None) for name in About._fields)
    if not is_about(About(*texts)):  # type: ignore[arg-type]
        return (
            "lacks a title of at most 40 plain letters, digits and signs, a citation or a "
            f"description of at most {_MOST_TEXT:,} characters"
        )
    return ""


def besides(asked: str) -> dict[str, type[Explainer]]:
    """Classes of the explainers in ``--explainers`` besides those that verdicts rest on.

    Raises
    ------
    ConfigError
        One of them is not installed here, or its package is broken.
    """
    keys = [key for key in asked.split(",") if key not in JUDGED]
    for key in keys:
        if key not in EXPLAINERS:
            raise ConfigError(f"No explainer {key!r} is installed here: {', '.join(EXPLAINERS)}.")
    return {key: EXPLAINERS[key] for key in keys}


def titles(settings: Mapping[str, Any] | None = None) -> dict[str, str]:
    """Titles of the explainers that verdicts rest on, by the prefix of their columns."""
    return {key: EXPLAINERS[key].of(settings or {}).title for key in JUDGED}
