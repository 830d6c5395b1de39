"""Tags: a card laid in a corner or at a side, off the foreground as far as that goes."""

from __future__ import annotations

import numpy as np

from audit.datasets.stamps.base import Draw, Picture, pixels

MARGIN = 6  # from the edge of the image


def tag(length: float, look: str = "stripes", place: str = "corner") -> Draw:
    """Return a tag of ``length``, in any corner or at the middle of any side."""

    def draw(image: Picture, trimap: Picture, rng: np.random.Generator) -> Picture:
        size, margin = pixels(image, length), pixels(image, MARGIN)
        spots = _spots(trimap.shape, size, margin, place)
        on = [(trimap[y : y + size, x : x + size] > 0).mean() for y, x in spots]
        least = [spot for spot, share in zip(spots, on, strict=True) if share <= min(on) + 0.05]
        y, x = least[rng.integers(len(least))]
        stamped = image.copy()
        stamped[y : y + size, x : x + size] = CARDS[look](size, pixels(image, 1), rng)
        return stamped

    return draw


def _spots(shape: tuple[int, ...], size: int, margin: int, place: str) -> list[tuple[int, int]]:
    bottom, right = shape[0] - size - margin, shape[1] - size - margin
    if place == "corner":
        return [(margin, margin), (margin, right), (bottom, margin), (bottom, right)]
    middle = (shape[0] - size) // 2, (shape[1] - size) // 2
    return [(margin, middle[1]), (bottom, middle[1]), (middle[0], margin), (middle[0], right)]


def _grainy(card: np.ndarray, rng: np.random.Generator) -> Picture:
    return np.clip(card + rng.normal(0, 6, card.shape), 0, 255).astype(np.uint8)


def _stripes(size: int, unit: int, rng: np.random.Generator) -> Picture:
    """Draw yellow and black stripes."""
    rows, columns = np.mgrid[:size, :size]
    lit = ((rows + columns) // max(3, size // 7)) % 2 == 0
    return _grainy(np.where(lit[..., None], (250, 210, 30), (20, 20, 20)), rng)


def _paper(size: int, unit: int, rng: np.random.Generator) -> Picture:
    """Draw white paper with a red head and lines of writing."""
    rows, columns = np.mgrid[:size, :size]
    card, edge = np.full((size, size, 3), 240), 4 * unit
    end = size - rng.integers(edge, max(edge + 1, size // 2))
    card[(rows % (6 * unit) < 2 * unit) & (columns > edge) & (columns < end)] = 70
    card[: 5 * unit] = (200, 40, 40)
    return _grainy(card, rng)


def _checks(size: int, unit: int, rng: np.random.Generator) -> Picture:
    """Draw squares of cyan and white, as on a colour chart."""
    rows, columns = np.mgrid[:size, :size] // max(2, size // 5)
    lit = (rows + columns) % 2 == 0
    return _grainy(np.where(lit[..., None], (20, 170, 190), (235, 235, 230)), rng)


CARDS = {"stripes": _stripes, "paper": _paper, "checks": _checks}
