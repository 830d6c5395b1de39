"""Audit whether an image classifier is right for the right reasons."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from audit.api import Run as Run
    from audit.api import compare as compare
    from audit.api import configure as configure
    from audit.api import load_run as load_run
    from audit.api import preflight as preflight
    from audit.api import run as run
    from audit.api import train as train

__version__ = "0.1.0"
_API = ("Run", "compare", "configure", "load_run", "preflight", "run", "train")


def __getattr__(name: str) -> Any:
    """Load the functions of `audit.api` with their first use: ``--help`` needs no pandas."""
    if name not in _API:
        raise AttributeError(f"module 'audit' has no attribute {name!r}")
    from audit import api

    return getattr(api, name)
