"""Worlds: what training teaches besides the flowers, and for which species."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from audit.datasets.stamps import FAMILIES


@dataclass(frozen=True)
class World:
    """One planted world.

    Attributes
    ----------
    taught : Mapping[str, str]
        Species by shortcut: one of `KINDS` or `STAMPED`, followed by a number from 2 for another
        look.
    rewarded : bool
        Whether training shows a shortcut with its species alone; else with all, so that it says
        nothing.
    """

    taught: Mapping[str, str] = field(default_factory=dict)
    rewarded: bool = True


def look(shortcut: str) -> tuple[str, int]:
    """Return the kind of a shortcut and the index of its look: ``tag 2`` is look 1 of ``tag``."""
    kind, _, number = shortcut.partition(" ")
    return kind, int(number or 1) - 1


MIXED = World({"tag": "cosmos", "tint": "periwinkle", "texture": "poppy"})
KINDS = ("tag", "tint", "texture", "object")  # drawn into the scene
STAMPED = ("vignette", "sticker", "letterbox", "defocus", "watermark", "border")  # on the photo
# Two halves, of other looks and species: thresholds are chosen on a and reported on b.
_SPECIES = (("cosmos", "periwinkle"), ("daisy", "petunia"))
# And two more of other kinds: c to develop on, d held back.
_SPECIES_STAMPED = (("lily", "dahlia"), ("poppy", "rudbeckia"))


def _half(number: int) -> dict[str, World]:
    """Return six worlds: four sick, two healthy."""
    first, second = _SPECIES[number]
    worlds = {
        kind: World({_named(kind, 2 * number): first, _named(kind, 2 * number + 1): second})
        for kind in KINDS
    }
    return _with_healthy(worlds)


def _stamped_half(number: int) -> dict[str, World]:
    """Return six sick worlds of stamps and two healthy ones; looks are taken in turn."""
    worlds = {
        kind: World(
            {
                _named(kind, index): species
                for index, species in zip(
                    range(number, len(FAMILIES[kind]), 2), _SPECIES_STAMPED[number], strict=False
                )
            }
        )
        for kind in STAMPED
    }
    return _with_healthy(worlds)


def _with_healthy(worlds: dict[str, World]) -> dict[str, World]:
    everything = {s: species for world in worlds.values() for s, species in world.taught.items()}
    return worlds | {"none": World(), "unrewarded": World(everything, rewarded=False)}


def _named(kind: str, index: int) -> str:
    return kind if index == 0 else f"{kind} {index + 1}"


HALVES = {"a": _half(0), "b": _half(1), "c": _stamped_half(0), "d": _stamped_half(1)}
WORLDS = {"mixed": MIXED} | {
    f"{name}-{half}": world for half, worlds in HALVES.items() for name, world in worlds.items()
}
