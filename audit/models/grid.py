"""Tokens of transformers on a square grid of places, and those before it that have none."""

from __future__ import annotations

import math

_MOST = 8  # class and register tokens before those of places


def prefix_of(tokens: int, known: int | None = None) -> int | None:
    """Return how many tokens lie before a square grid of 2 places or more; None without one.

    Parameters
    ----------
    known : int, optional
        The number that the model says; else the first that leaves a square is taken.
    """
    counts = range(_MOST + 1) if known is None else (known,)
    return next((k for k in counts if _is_grid(tokens - k)), None)


def _is_grid(places: int) -> bool:
    return places > 1 and math.isqrt(places) ** 2 == places
