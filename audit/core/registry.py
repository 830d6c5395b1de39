"""Things of one kind by key: those built in, and those that other packages bring."""

from __future__ import annotations

import importlib
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Generic, TypeVar

from audit.core.errors import ConfigError, first_line, quoted

# It begins names of files, columns and arrays, so it is short, and the same in all of them.
KEY = re.compile(r"[a-z][a-z0-9_]{0,31}")
_NO_KEY = "is no key: a small letter, then small letters, digits and underscores, at most 32"
T = TypeVar("T")


class Registry(Generic[T]):
    """Things of one kind: the built-in ones in their order, then those of entry points by key.

    Nothing is imported before it is asked for, so that listing them costs nothing, and that a
    package which is broken breaks only what names its key.

    Parameters
    ----------
    kind : str
        What one of them is called, in messages.
    group : str
        The entry points' group; the name of each is its key.
    built_in : mapping
        By key, where to find it: ``package.module:name``.
    fault : callable
        From a key and what another package brought for it to what is wrong with it, as the end of
        a sentence that begins with its key; "" where nothing is.
    """

    def __init__(
        self,
        kind: str,
        group: str,
        built_in: Mapping[str, str],
        fault: Callable[[str, Any], str] = lambda key, thing: "",
    ) -> None:
        self.kind = kind
        self.group = group
        self._built_in = built_in
        self._fault = fault
        self._loaded: dict[str, T] = {}

    def __iter__(self) -> Iterator[str]:
        """All keys."""
        return iter([*self._built_in, *sorted(self._brought.keys() - self._built_in.keys())])

    def __contains__(self, key: object) -> bool:
        """Tell whether a key is registered, soundly or not."""
        return key in self._built_in or key in self._brought

    def __getitem__(self, key: str) -> T:
        """Import what is registered under a key.

        Raises
        ------
        ConfigError
            One line that names the package which brings it, and what is wrong with that.
        KeyError
            Nothing is registered under it.
        """
        if key not in self._loaded:
            self._refuse_doubles(key)
            built_in = self._built_in.get(key)
            self._loaded[key] = find(built_in) if built_in else self._load(key)
        return self._loaded[key]

    @cached_property
    def _brought(self) -> dict[str, list[EntryPoint]]:
        """Other packages' entry points by key."""
        found = defaultdict(list)
        for point in entry_points(group=self.group):
            found[point.name].append(point)
        return dict(found)

    def _refuse_doubles(self, key: str) -> None:
        owners = [_owner(point) for point in self._brought.get(key, [])]
        owners = ["flower-audit itself", *owners] if key in self._built_in else owners
        if len(owners) > 1:
            raise ConfigError(
                f"The {self.kind} {key!r} is registered by {' and by '.join(owners)}: uninstall "
                "all of them but one."
            )

    def _load(self, key: str) -> T:
        """Import what another package brings, if it is sound."""
        (point,) = self._brought[key]
        if not KEY.fullmatch(key):
            raise self._error(point, _NO_KEY)
        try:
            thing: T = point.load()
        except Exception as error:  # another package's code may raise anything
            kind = type(error).__name__
            raise self._error(point, f"cannot be imported ({kind}: {first_line(error)})") from None
        if fault := self._fault(key, thing):
            raise self._error(point, fault)
        return thing

    def _error(self, point: EntryPoint, fault: str) -> ConfigError:
        return ConfigError(
            f"The {self.kind} {quoted(point.name)} of {_owner(point)} {fault}: mend that package, "
            "or do without it."
        )


def find(location: str) -> Any:
    """Import what ``package.module:name`` names."""
    module, _, name = location.partition(":")
    return getattr(importlib.import_module(module), name)


def _owner(point: EntryPoint) -> str:
    """Name the package that an entry point is of, and its version."""
    return f"{point.dist.name} {point.dist.version}" if point.dist else point.value
