"""The eight species: shapes, rings, centres and palettes, as data.

Two pairs share their palettes and differ in shape alone: daisy and cosmos, petunia and periwinkle.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from audit.datasets.planted.canvas import Colour
from audit.datasets.planted.petals import Paint, Shape

WHITE: tuple[Colour, ...] = ((0.86, 0.88, 0.72), (0.95, 0.95, 0.93), (0.98, 0.97, 0.97))
PINK: tuple[Colour, ...] = ((0.72, 0.22, 0.48), (0.93, 0.5, 0.72), (0.97, 0.72, 0.85))
VIOLET: tuple[Colour, ...] = ((0.27, 0.1, 0.45), (0.46, 0.26, 0.76), (0.6, 0.42, 0.88))
BLUE: tuple[Colour, ...] = ((0.2, 0.2, 0.52), (0.36, 0.42, 0.84), (0.55, 0.62, 0.94))
YELLOW: tuple[Colour, ...] = ((0.84, 0.5, 0.04), (0.97, 0.77, 0.08), (0.99, 0.86, 0.24))
ORANGE: tuple[Colour, ...] = ((0.78, 0.26, 0.04), (0.95, 0.46, 0.08), (0.98, 0.6, 0.2))
RED: tuple[Colour, ...] = ((0.45, 0.02, 0.04), (0.8, 0.08, 0.08), (0.9, 0.2, 0.14))
CORAL: tuple[Colour, ...] = ((0.75, 0.25, 0.2), (0.95, 0.5, 0.42), (0.98, 0.7, 0.6))
BRONZE: tuple[Colour, ...] = ((0.4, 0.08, 0.03), (0.66, 0.2, 0.05), (0.9, 0.55, 0.1))

_GOLD: tuple[Colour, Colour] = ((0.93, 0.66, 0.08), (0.8, 0.45, 0.04))
_BROWN: tuple[Colour, Colour] = ((0.2, 0.13, 0.06), (0.3, 0.15, 0.06))


@dataclass(frozen=True)
class Centre:
    """Middle of a blossom: ``kind`` is disc, stamens, ring or eye; ``radius`` in blossom radii."""

    kind: str
    radius: float
    colours: tuple[Colour, Colour] = _GOLD


@dataclass(frozen=True)
class Species:
    """Build of a species.

    Attributes
    ----------
    petals : (int, int)
        Fewest and most petals of the outer ring.
    rings : tuple of float
        Length of each ring of petals, outer first, in blossom radii.
    paints : tuple of Paint
        Palettes; one is drawn for each plant.
    start : float
        Where petals begin, in blossom radii from the middle.
    dome : float
        Height of the middle over the rim in blossom radii; below 0 it is a cup.
    """

    name: str
    petals: tuple[int, int]
    rings: tuple[float, ...]
    shape: Shape
    centre: Centre
    paints: tuple[Paint, ...]
    start: float = 0.05
    dome: float = 0.0


def _paints(*palettes: tuple[Colour, ...], like: Paint | None = None) -> tuple[Paint, ...]:
    return tuple(replace(like or Paint(()), along=p) for p in palettes)


SPECIES: tuple[Species, ...] = (
    Species(
        name="daisy",
        petals=(17, 26),
        rings=(1.0, 0.9),
        shape=Shape(0.17, 0.35, 0.28, notch=0.03, fold=0.1, cup=0.5, veins=0.12),
        centre=Centre("disc", 0.27),
        paints=_paints(WHITE, PINK),
        start=0.12,
        dome=0.08,
    ),
    Species(
        name="cosmos",
        petals=(7, 9),
        rings=(1.0,),
        shape=Shape(0.62, 0.9, 0.28, notch=0.07, ruffle=0.02, lobes=5, cup=0.3, veins=0.2),
        centre=Centre("disc", 0.17),
        paints=_paints(WHITE, PINK),
    ),
    Species(
        name="petunia",
        petals=(5, 5),
        rings=(1.0,),
        shape=Shape(1.22, 1.1, 0.24, notch=0.05, ruffle=0.025, lobes=4, fold=0.3, veins=0.26),
        centre=Centre("eye", 0.13, ((0.96, 0.9, 0.6), (0.12, 0.06, 0.2))),
        paints=_paints(VIOLET, BLUE, like=Paint((), stripe=(0.93, 0.9, 0.98))),
        start=0.02,
        dome=-0.3,
    ),
    Species(
        name="periwinkle",
        petals=(5, 5),
        rings=(1.0,),
        shape=Shape(0.74, 0.75, 0.4, twist=0.3, cup=0.35, fold=0.15, bend=0.03, veins=0.1),
        centre=Centre("eye", 0.12, ((0.95, 0.93, 0.99), (0.5, 0.4, 0.3))),
        paints=_paints(VIOLET, BLUE),
        start=0.06,
        dome=-0.12,
    ),
    Species(
        name="lily",
        petals=(6, 6),
        rings=(1.0,),
        shape=Shape(0.42, 0.6, 0.72, ruffle=0.012, lobes=4, bend=0.07, fold=0.45, veins=0.16),
        centre=Centre("stamens", 0.52, ((0.9, 0.92, 0.7), (0.45, 0.16, 0.05))),
        paints=_paints(ORANGE, CORAL, YELLOW, like=Paint((), spots=(0.4, 0.08, 0.06))),
        dome=-0.25,
    ),
    Species(
        name="poppy",
        petals=(4, 6),
        rings=(1.0, 0.84),
        shape=Shape(1.15, 0.75, 0.2, ruffle=0.028, lobes=4, cup=0.6, fold=0.05, veins=0.24),
        centre=Centre("ring", 0.27, ((0.55, 0.62, 0.3), (0.1, 0.06, 0.1))),
        paints=(
            Paint(((0.06, 0.02, 0.05), RED[1], RED[1], RED[2])),
            Paint(((0.1, 0.03, 0.05), ORANGE[1], ORANGE[1], ORANGE[2])),
            Paint(((0.2, 0.05, 0.1), CORAL[1], CORAL[1], CORAL[2])),
        ),
        start=0.0,
        dome=-0.22,
    ),
    Species(
        name="dahlia",
        petals=(15, 19),
        rings=(1.0, 0.87, 0.74, 0.6, 0.46, 0.32, 0.2),
        shape=Shape(0.36, 0.5, 0.55, cup=0.9, fold=0.2, bend=0.02, veins=0.1),
        centre=Centre("none", 0.0),
        paints=_paints(RED, ORANGE, CORAL, YELLOW),
        dome=0.4,
    ),
    Species(
        name="rudbeckia",
        petals=(11, 15),
        rings=(1.0, 0.93),
        shape=Shape(0.29, 0.5, 0.5, fold=0.35, bend=0.05, veins=0.22),
        centre=Centre("disc", 0.3, _BROWN),
        paints=_paints(YELLOW, ORANGE, BRONZE),
        start=0.14,
        dome=0.2,
    ),
)
