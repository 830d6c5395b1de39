"""Classes that rest on their background, by the kind of edit that shows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from audit.checks.sensitivity.cue import WithCue, with_cue
from audit.checks.sensitivity.outputs import read_sensitivities
from audit.core.edits import EDITS, KINDS
from audit.core.estimate import Estimate, as_json, share
from audit.report.source import Source
from audit.verdict.causes import words_of
from audit.verdict.sensitivity import (
    FEWEST,
    KEYS,
    LEAST_EXCESS,
    LEAST_LOST,
    LEAST_SWAPPED,
    REGION,
    SCENE,
    Sensitivity,
    evidence_of,
    kind_of,
)
from audit.verdict.verdict import AUTOMATIC

_SHOWN = 40  # classes of the picture: the most sensitive ones


@dataclass(frozen=True)
class SensitiveClass:
    """One class that is proven to rest on its background.

    Attributes
    ----------
    target : int
    kind : str
        Kind of its shortcut.
    proven : sequence of Sensitivity
        All that are proven, those of its kind first.
    accuracy : WithCue
        With its cue and without it.
    by_machine : Estimate
        Share of its tested answers whose mask a machine made: what such a mask leaves out of the
        foreground, an edit of the background changes, too.
    """

    target: int
    anchor: str
    name: str
    kind: str
    proven: Sequence[Sensitivity]
    accuracy: WithCue
    by_machine: Estimate

    @property
    def strongest(self) -> Sensitivity:
        """The proven edit that costs most, of its kind where one is."""
        return self.proven[0]

    @property
    def masks_by_machine(self) -> bool:
        """Whether a machine made most of the masks that it is proven by."""
        return self.by_machine.value > 0.5

    @property
    def words(self) -> str:
        """What it rests on, in words."""
        return KINDS[self.kind]

    @property
    def shown_by(self) -> str:
        """Its strongest edit, in words."""
        return words_of(self.strongest.edit)

    @property
    def excess(self) -> Estimate:
        """How much more of its answers turn under that edit, with its interval and n."""
        of = self.strongest
        return Estimate(of.excess.value, of.excess.low, of.excess.high, of.flips.n)


@dataclass(frozen=True)
class Sensitivities:
    """Sensitivity of every class, and what is proven of it.

    Attributes
    ----------
    rows : list
        Of the picture: name of a class, and its sensitivity by edit, None where unknown.
    untested : int
        Classes with too few answers that interventions were tried on.
    """

    found: Sequence[Sensitivity]
    classes: list[SensitiveClass]
    rows: list[tuple[str, list[Sensitivity | None]]]
    untested: int

    fewest = FEWEST
    least_excess = LEAST_EXCESS
    least_lost = LEAST_LOST
    least_swapped = LEAST_SWAPPED

    @staticmethod
    def step(each: Sensitivity) -> int:
        """Return the depth of a cell's colour, 0..4."""
        return min(4, max(0, int(5 * each.excess.value)))

    @property
    def titles(self) -> list[tuple[str, str]]:
        """Title and kind of every edit, in the order of the picture's columns."""
        return [title_of(key) for key in KEYS]


def title_of(key: str) -> tuple[str, str]:
    """Return the title of an edit and the kind of cue that it speaks of."""
    titles = {REGION: "a region filled", SCENE: "swapped"}
    return titles.get(key) or EDITS[key].title, kind_of(key)


def find_sensitivities(source: Source) -> Sensitivities | None:
    """Return how sensitive the run's classes are, or None where that was not measured."""
    found = read_sensitivities(source.run)
    if found is None:
        return None
    found = [each for each in found if each.target in source.classes]
    by_class: dict[int, dict[str, Sensitivity]] = {}
    for each in found:
        by_class.setdefault(each.target, {})[each.edit] = each
    evidence = evidence_of(source.records, found)
    sensitive = [
        SensitiveClass(
            target,
            f"class-{target}",
            source.classes[target],
            evidence[target].kind,
            [own[edit] for edit in evidence[target].proven],
            with_cue(source, target),
            _by_machine(source, target),
        )
        for target, own in by_class.items()
        if target in evidence and evidence[target].proven
    ]
    sensitive.sort(key=lambda c: -c.strongest.excess.value)
    untested = max(0, len(source.labels) - len(by_class))
    return Sensitivities(found, sensitive, _rows(by_class, source), untested)


def _by_machine(source: Source, target: int) -> Estimate:
    chosen = source.is_tested & (source.explained["prediction"] == target)
    own = source.some(chosen, "mask_source")
    return share(own["mask_source"].isin(AUTOMATIC), own)


def _rows(
    by_class: dict[int, dict[str, Sensitivity]], source: Source
) -> list[tuple[str, list[Sensitivity | None]]]:
    def most(target: int) -> float:
        return -max(each.excess.value for each in by_class[target].values())

    chosen = sorted(by_class, key=most)[:_SHOWN]
    return [(source.classes[k], [by_class[k].get(key) for key in KEYS]) for k in chosen]


def summary_part(found: Sensitivities) -> dict[str, Any]:
    """Give its part of summary.json."""
    return {
        "classes_tested": len({each.target for each in found.found}),
        "proven": [
            {
                "class": each.name,
                "kind": each.kind,
                "edit": each.strongest.edit,
                "flips": as_json(each.strongest.flips),
                "others": as_json(each.strongest.others),
                "excess": as_json(each.excess),
                "p": each.strongest.corrected,
                "masks_by_machine": as_json(each.by_machine),
                "accuracy": {key: as_json(e) for key, e in vars(each.accuracy).items()},
            }
            for each in found.classes
        ],
    }
