"""Opportunity beside reliance: what backgrounds offer, and what the model takes of it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from audit.checks.opportunity.cues import CUES, METADATA, Cue
from audit.checks.opportunity.outputs import FILE
from audit.checks.opportunity.reliance import Reliance, overall, reliance
from audit.checks.opportunity.statistics import LEAST, LEVEL, LIFT, ClassTest, Told, corrected, lift
from audit.core.errors import RunFolderError
from audit.core.estimate import Estimate, as_json, defined, rate
from audit.report.names import slug
from audit.report.source import Source

_SPLITS = ("train", "test")
# By key: title, and what it means.
QUADRANTS = {
    "taken": ("Offered and taken", "the background gives the class away, and the model uses it"),
    "left": ("Offered, not taken", "the background gives the class away; that the model uses it "
             "is not shown"),
    "hardly": ("Taken though hardly offered", "the model uses the background, though no cue here "
               "gives the class away: another cue, or one learnt elsewhere"),
    "neither": ("Neither", "no cue gives the class away, and no use is shown"),
    "unknown": ("Not told", "too few images, or nothing was tested by intervention"),
}  # fmt: skip


@dataclass(frozen=True)
class Given:
    """How far one cue gives one class away.

    Attributes
    ----------
    recall : Estimate
        Share of its images that are named rightly by the cue.
    chance : float
        Share of all images that are called so: what permuted labels reach in the mean.
    lift : float
        Share that is told of what chance leaves open, among classes that are told less.
    p : float
        Of the same, corrected for all classes and cues (Holm).
    """

    split: str
    cue: Cue
    recall: Estimate
    chance: float
    lift: float
    p: float

    @property
    def proven(self) -> bool:
        """Whether it is beyond what permuted labels reach, and by enough to matter."""
        return self.p <= LEVEL and self.lift >= LIFT

    @property
    def rank(self) -> tuple[bool, float]:
        """More gives more away, of all images."""
        value = lift(self.recall.value, self.chance)
        return self.proven, -1.0 if math.isnan(value) else value


@dataclass(frozen=True)
class CueRow:
    """One cue in one split.

    Attributes
    ----------
    p : float
        Corrected for all cues (Holm).
    """

    split: str
    cue: Cue
    told: Told
    accuracy: Estimate
    p: float

    @property
    def chance(self) -> Estimate:
        """Accuracy against permuted labels, with the bounds of its central 95%."""
        value, low, high = self.told.chance
        return Estimate(value, low, high, self.told.n, method="permutation")

    @property
    def proven(self) -> bool:
        """Whether it tells labels beyond what permuted ones reach, and by enough to matter."""
        return self.p <= LEVEL and lift(self.accuracy.value, self.told.chance[0]) >= LIFT

    @property
    def rank(self) -> tuple[bool, float]:
        """More is more told."""
        value = lift(self.accuracy.value, self.told.chance[0])
        return self.proven, -1.0 if math.isnan(value) else value


@dataclass(frozen=True)
class SplitRow:
    """Images of one split that were looked at.

    Attributes
    ----------
    of, images, masked, unread, duplicates : int
        Images of the split, those described, those of them with a usable mask, those that could
        not be read, and those that are near-duplicates of another.
    bare : bool
        Whether borders were taken as they are, as too few foregrounds could be left out.
    classes, told : int
        Classes of the split, and those with images enough.
    """

    split: str
    of: int
    images: int
    masked: int
    unread: int
    duplicates: int
    bare: bool
    classes: int
    told: int


@dataclass(frozen=True)
class ClassRow:
    """One class: what gives it away, beside what the model takes.

    Attributes
    ----------
    given : list of Given
        Every cue in every split, the one that gives most away first; none where it was not told.
    """

    name: str
    anchor: str
    given: list[Given]
    reliance: Reliance

    @property
    def best(self) -> Given | None:
        """The cue of the background that gives most away, a proven one first."""
        return next((given for given in self.given if given.cue is not METADATA), None)

    @property
    def by_file(self) -> bool:
        """Whether the file gives it away, which no model sees, but what comes with it may be."""
        return any(given.cue is METADATA and given.proven for given in self.given)

    @property
    def quadrant(self) -> str:
        """Key of `QUADRANTS`."""
        if self.best is None or not self.reliance.known:
            return "unknown"
        taken = bool(self.reliance.by)
        if self.best.proven:
            return "taken" if taken else "left"
        return "hardly" if taken else "neither"


@dataclass(frozen=True)
class Opportunity:
    """What backgrounds offer, and what the model takes of it.

    Attributes
    ----------
    classes : list of ClassRow
        What is offered and taken first; within, what gives most away.
    overall : Reliance
        Of all classes together.
    """

    splits: list[SplitRow]
    cues: list[CueRow]
    classes: list[ClassRow]
    overall: Reliance

    least = LEAST
    least_lift = LIFT
    quadrants = QUADRANTS

    @property
    def best(self) -> CueRow | None:
        """The cue of the background that tells most, in training first; None where none tells."""
        told = [row for row in self.cues if row.told.n and row.cue is not METADATA]
        first = [row for row in told if row.split == _SPLITS[0]] or told
        return max(first, key=lambda row: row.rank, default=None)

    @property
    def reason(self) -> str:
        """Why nothing is told; "" where something is."""
        if self.best:
            return ""
        return next((row.told.reason for row in self.cues), "no image was looked at")

    @property
    def by_file(self) -> list[ClassRow]:
        """Classes that their files give away."""
        return [row for row in self.classes if row.by_file]

    def among(self, quadrant: str) -> list[ClassRow]:
        """Return the classes of one of `QUADRANTS`."""
        return [row for row in self.classes if row.quadrant == quadrant]


def find_opportunity(source: Source) -> Opportunity | None:
    """Return what the run's backgrounds offer; None where nobody looked."""
    told = source.output(FILE)
    if not told:
        return None
    try:
        return _found(_splits(told["splits"]), source)
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        file, reason = FILE.file(source.run), f"{type(error).__name__}: {error}"
        raise RunFolderError(f"{file} is of another shape ({reason}): sweep again.") from None


def _splits(told: Sequence[Mapping[str, Any]]) -> list[tuple[SplitRow, dict[str, Told]]]:
    names = [str(each["split"]) for each in told]
    if len(set(names)) != len(names) or not set(names) <= set(_SPLITS):
        raise ValueError("splits of other names")
    return [_split(each) for each in told]


def _split(told: Mapping[str, Any]) -> tuple[SplitRow, dict[str, Told]]:
    cues = {cue.key: _told(told["cues"][cue.key]) for cue in CUES}
    counts = ("of", "images", "masked", "unread", "duplicates", "classes")
    row = SplitRow(
        split=str(told["split"]),
        bare=bool(told["bare"]),
        told=max(len(each.labels) for each in cues.values()),
        **{key: _count(told[key]) for key in counts},
    )
    return row, cues


def _told(told: Mapping[str, Any]) -> Told:
    """Read the answers to one cue; `ValueError` where counts contradict each other."""
    labels = tuple(map(_count, told["labels"]))
    table = tuple(tuple(map(_count, row)) for row in told["table"])
    chance, p = tuple(map(float, told["chance"])), float(told["p"])
    if len(set(labels)) != len(labels) or {len(table), *map(len, table)} != {len(labels)}:
        raise ValueError("a table of other classes")
    if not all(map(any, table)) or len(labels) == 1:
        raise ValueError("a class without images")
    if len(chance) != 3 or any(not 0 <= v <= 1 for v in (*chance, p) if v == v):
        raise ValueError("figures out of their bounds")
    return Told(str(told["reason"]), labels, table, bool(told["uneven"]), chance, p)


def _count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**31:
        raise ValueError(f"{value!r} is no count")
    return value


def _found(splits: Sequence[tuple[SplitRow, dict[str, Told]]], source: Source) -> Opportunity:
    flat = [(row.split, cue, told[cue.key]) for row, told in splits for cue in CUES]
    of_cues, of_classes = corrected([told for _, _, told in flat])
    given: dict[int, list[Given]] = {}
    for (split, cue, told), tests in zip(flat, of_classes, strict=True):
        for label, each in _given(split, cue, told, tests):
            given.setdefault(label, []).append(each)
    if not set(given) <= set(source.classes):
        raise ValueError("classes that the run does not have")
    rows = [_class(index, name, given.get(index, []), source)
            for index, name in source.classes.items()]  # fmt: skip
    order = list(QUADRANTS)
    rows.sort(key=lambda row: (order.index(row.quadrant), -row.best.rank[1] if row.best else 0))
    return Opportunity(
        splits=[row for row, _ in splits],
        cues=[CueRow(*each, each[2].accuracy, p) for each, p in zip(flat, of_cues, strict=True)],
        classes=rows,
        overall=overall(source),
    )


def _given(
    split: str, cue: Cue, told: Told, tests: Sequence[ClassTest]
) -> Iterator[tuple[int, Given]]:
    table, n = told.counts, told.n
    for k, (label, test) in enumerate(zip(told.labels, tests, strict=True)):
        recall = rate(int(table[k, k]), int(table[k].sum()))
        yield label, Given(split, cue, recall, table[:, k].sum() / n, *test)


def _class(index: int, name: str, given: Sequence[Given], source: Source) -> ClassRow:
    ranked = sorted(given, key=lambda each: each.rank, reverse=True)
    anchor = f"class-{slug(f'{index}-{name}')}"
    return ClassRow(name, anchor, ranked, reliance(source, index))


def summary_part(found: Opportunity) -> dict[str, Any]:
    """Give its part of summary.json."""
    return {
        "reason": found.reason,
        "cues": [
            defined({"split": row.split, "cue": row.cue.key, "reason": row.told.reason,
                     "accuracy": as_json(row.accuracy), "chance": row.chance.value,
                     "chance_low": row.chance.low, "chance_high": row.chance.high,
                     "p": row.p, "gives_away": row.proven})
            for row in found.cues
        ],
        "classes": [_class_part(row) for row in found.classes],
    }  # fmt: skip


def _class_part(row: ClassRow) -> dict[str, Any]:
    best, taken = row.best, row.reliance
    return {
        "class": row.name,
        "standing": row.quadrant,
        "split": best.split if best else None,
        "cue": best.cue.key if best else None,
        "recall": as_json(best.recall) if best else None,
        "given_away_by_file": row.by_file,
        **defined({"chance": best.chance if best else math.nan, "p": best.p if best else math.nan}),
        "wrong_reasons": as_json(taken.wrong_reasons),
        "background_share": as_json(taken.share),
        "kept_without_foreground": as_json(taken.keeps),
    }
