"""Audit whether an image classifier is right for the right reasons."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from audit.api import Run as Run
    from audit.api import attach as attach
    from audit.api import compare as compare
    from audit.api import configure as configure
    from audit.api import load_run as load_run
    from audit.api import mend as mend
    from audit.api import preflight as preflight
    from audit.api import run as run
    from audit.api import train as train

__version__ = "0.1.0"
_API = ("Run", "attach", "compare", "configure", "load_run", "mend", "preflight", "run", "train")


class _Callable(ModuleType):
    """A folder of the package that has the name of a function: it can be called as that one."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function of `audit.api`."""
        return __getattr__(self.__name__.rpartition(".")[2])(*args, **kwargs)


class _Package(ModuleType):
    """The package, whose folders do not hide the functions of their names."""

    def __setattr__(self, name: str, value: Any) -> None:
        """Make `audit.attach`, `audit.compare` and `audit.mend` callable as they are imported."""
        if name in _API and isinstance(value, ModuleType):
            value.__class__ = _Callable
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package


def __getattr__(name: str) -> Any:
    """Load the functions of `audit.api` with their first use: ``--help`` needs no pandas."""
    if name not in _API:
        raise AttributeError(f"module 'audit' has no attribute {name!r}")
    from audit import api

    return getattr(api, name)
