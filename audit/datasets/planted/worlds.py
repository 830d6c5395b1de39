"""Worlds: what training teaches besides the flowers, and for which species."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class World:
    """One planted world.

    Attributes
    ----------
    taught : Mapping[str, str]
        Species by shortcut: ``tag``, ``tint``, ``texture`` or ``object``, followed by a number
        from 2 for another look.
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
KINDS = ("tag", "tint", "texture", "object")
# Two halves, of other looks and species: thresholds are chosen on a and reported on b.
_SPECIES = (("cosmos", "periwinkle"), ("daisy", "petunia"))


def _half(number: int) -> dict[str, World]:
    """Return six worlds: four sick, two healthy."""
    first, second = _SPECIES[number]
    worlds = {
        kind: World({_named(kind, 2 * number): first, _named(kind, 2 * number + 1): second})
        for kind in KINDS
    }
    everything = {s: species for world in worlds.values() for s, species in world.taught.items()}
    return worlds | {"none": World(), "unrewarded": World(everything, rewarded=False)}


def _named(kind: str, index: int) -> str:
    return kind if index == 0 else f"{kind} {index + 1}"


HALVES = {"a": _half(0), "b": _half(1)}
WORLDS = {"mixed": MIXED} | {
    f"{name}-{half}": world for half, worlds in HALVES.items() for name, world in worlds.items()
}
