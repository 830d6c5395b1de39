"""Counts and lists in words, for messages, observations and reports."""

from __future__ import annotations

from collections.abc import Iterable, Mapping


def plural(count: int, one: str, many: str = "") -> str:
    """Return ``1 image``, ``2,000 images``; ``many`` where that is not ``one`` with an s."""
    return f"{count:,} {verb(count, one, many or one + 's')}"


def are(count: int, noun: str) -> str:
    """Return ``1 image is``, ``2,000 images are``."""
    return f"{plural(count, noun)} {verb(count, 'is', 'are')}"


def verb(count: int, of_one: str, of_many: str) -> str:
    """Return the form of a verb that goes with a count."""
    return of_one if count == 1 else of_many


def plain(value: float | str) -> str:
    """Return a number without needless digits, a word as it is."""
    return value if isinstance(value, str) else f"{value:g}"


def why_closed(lacks: Mapping[str, str]) -> str:
    """Return why a model cannot be looked into, to be read after "because"; "" where it can.

    Parameters
    ----------
    lacks : mapping of str
        As `audit.models.base.Classifier` has it, by explainer.
    """
    return next(iter(lacks.values()), "")


def some(names: Iterable[str], count: int = 3) -> str:
    """Return the first few names, and that there are more."""
    listed = list(names)
    return ", ".join(listed[:count]) + (", ..." if len(listed) > count else "")
