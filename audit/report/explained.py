"""Texts on the explainers of a run, installed here or not."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from audit.core.errors import ConfigError
from audit.core.registries import EXPLAINERS, JUDGED
from audit.explainers.base import About
from audit.explainers.registry import is_about

log = logging.getLogger("audit")
_OTHERS = {"Random", "Centre Gaussian"}  # what stands beside explainers in tables and charts


def abouts(
    optional: Iterable[str], settings: Mapping[str, Any], kept: Mapping[str, Any]
) -> dict[str, About]:
    """Title, citation and description of explainers by key, those that verdicts rest on first.

    Parameters
    ----------
    optional : iterable of str
        Keys of the others.
    settings : mapping
        Of the run.
    kept : mapping
        What the run's manifest says of them: of any origin, and used where one is not installed.
    """
    found = {key: EXPLAINERS[key].of(settings).about for key in JUDGED}
    for key in optional:
        about = _installed(key, settings) or _kept(key, kept.get(key, {}))
        taken = _OTHERS | {other.title for other in found.values()}
        found[key] = (
            about._replace(title=f"{about.title} ({key})") if about.title in taken else about
        )
    return found


def _installed(key: str, settings: Mapping[str, Any]) -> About | None:
    """Return what its class says; None where that is not to be had."""
    try:
        return EXPLAINERS[key].of(settings).about if key in EXPLAINERS else None
    except ConfigError as error:
        log.warning("%s", error)
        return None


@cache
def _say_missing(key: str) -> None:
    """Say it once, however many parts of a report ask."""
    log.info("The explainer %s is not installed here: it is described as its run does.", key)


def _kept(key: str, kept: Mapping[str, str]) -> About:
    """Return what its run says of it, or its key alone."""
    _say_missing(key)
    about = About(*(kept.get(name, "") for name in About._fields))
    if not is_about(about):
        return About(key, "", "An explainer that is not installed where this report was made.")
    added = " Not installed where this report was made: the words are those of its run."
    return about._replace(description=about.description + added)
