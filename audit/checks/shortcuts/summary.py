"""Shortcuts: groups of backgrounds that turn answers, and how far that is proven."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from audit.checks.shortcuts.outputs import FILE
from audit.checks.shortcuts.statistics import LEAST, LEAST_RISE, LEVEL
from audit.core.errors import RunFolderError
from audit.core.estimate import Estimate, as_json, rate
from audit.report.source import Source

# Groups have four images or more, of 512 at most.
_MOST_GROUPS, _MOST_EXEMPLARS = 128, 3
HALF = 0.5  # of the gain: a window that carries less is not shown for it


@dataclass(frozen=True)
class Exemplar:
    """One background of a shortcut, under the foreground whose answer it turns furthest.

    Attributes
    ----------
    name, foreground : str
        The images that background and foreground are of.
    label : str
        Class of the foreground: its answer on its own background.
    sure : float
        Confidence of that answer, 0..1.
    answer : str
        Answer of the foreground on this background.
    confidence : float
        Of that answer, 0..1; NaN where an earlier version did not keep it.
    gained, lost : float
        Log-odds of the suspected class that the background adds for this foreground beyond random
        ones, and that go when the window is filled in.
    window : tuple of float
        Top, left, bottom and right, in shares of the image.
    picture : str
        File, relative to the report's root.
    """

    name: str
    foreground: str
    label: str
    sure: float
    answer: str
    confidence: float
    gained: float
    lost: float
    window: tuple[float, ...]
    place: str
    picture: str

    @property
    def share(self) -> float:
        """Share of the gain that goes with the window, 0..1; all of it where more goes."""
        return min(max(self.lost / self.gained, 0.0), 1.0) if self.gained > 0 else math.nan

    @property
    def is_local(self) -> bool:
        """Whether the window carries half of the gain or more: else it is nothing to point at."""
        return self.share >= HALF


@dataclass(frozen=True)
class Group:
    """Backgrounds of one suspected class that show the same, and what they do.

    Attributes
    ----------
    target : int
        The class.
    right, wrong : list of str
        Its images by the answer they got, the strongest first.
    prevalence : Estimate
        Its share of the explained predictions of the class.
    rise, answers : Estimate
        Log-odds gained, and how much more often the class becomes the answer, beside random
        backgrounds under the same foregrounds; ``n`` counts the group's backgrounds that were
        tried.
    p : float
        Corrected for all groups (Holm).
    """

    anchor: str
    target: int
    class_name: str
    proven: bool
    right: list[str]
    wrong: list[str]
    prevalence: Estimate
    rise: Estimate
    answers: Estimate
    taken: float
    usual: float
    random: int
    foregrounds: int
    p: float
    exemplars: list[Exemplar]

    @property
    def members(self) -> int:
        """Images in the group."""
        return len(self.right) + len(self.wrong)

    @property
    def within_chance(self) -> bool:
        """True where test or interval leave it in doubt that the effect is above 0."""
        return not (self.p <= LEVEL and self.rise.low > 0)

    @property
    def local(self) -> float:
        """Mean share of the gain that goes with one window; NaN without exemplars."""
        shares = [e.share for e in self.exemplars]
        return sum(shares) / len(shares) if shares else math.nan

    @property
    def where(self) -> str:
        """Where in the background it lies, in words, as far as its exemplars tell."""
        if not self.local >= HALF:
            return "the background as a whole"
        places = {e.place for e in self.exemplars if e.is_local}
        return f"one window, at the {places.pop()}" if len(places) == 1 else "one window"


@dataclass(frozen=True)
class Shortcuts:
    """Shortcuts that were looked for, and found.

    Attributes
    ----------
    reason : str
        Why nothing was tried; "" where something was.
    cases : int
        Answers that the background drives.
    """

    reason: str
    cases: int
    groups: list[Group]

    least_alike = LEAST
    least_rise = LEAST_RISE

    @property
    def proven(self) -> list[Group]:
        """Shortcuts, the first to mend first."""
        return [group for group in self.groups if group.proven]

    @property
    def others(self) -> list[Group]:
        """Groups that are no proven shortcut."""
        return [group for group in self.groups if not group.proven]

    @property
    def loose(self) -> int:
        """Cases whose background is like no other's."""
        return self.cases - sum(group.members for group in self.groups)

    @property
    def exemplars(self) -> list[Exemplar]:
        """Exemplars of all shortcuts."""
        return [exemplar for group in self.groups for exemplar in group.exemplars]


def find_shortcuts(source: Source) -> Shortcuts | None:
    """Return the run's shortcuts, or None where none were looked for."""
    told = source.output(FILE)
    if not told:
        return None
    columns = ("name", "correct", "prediction", "confidence")
    known = source.some(source.explained["row"] >= 0, *columns)
    known = known.set_index("name")
    try:
        if len(told["groups"]) > _MOST_GROUPS:
            raise ValueError(f"{len(told['groups']):,} groups, of at most {_MOST_GROUPS}")
        made = map(_now_called, told["groups"])
        groups = [_group(k, group, known, source) for k, group in enumerate(made, 1)]
        return Shortcuts(str(told["reason"]), int(told["cases"]), groups)
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        file, reason = FILE.file(source.run), f"{type(error).__name__}: {error}"
        raise RunFolderError(f"{file} is of another shape ({reason}): sweep again.") from None


def _now_called(told: Mapping[str, Any]) -> dict[str, Any]:
    """Name the foreground as runs do since 2026-11-29."""
    exemplars = [_renamed(exemplar) for exemplar in told["exemplars"][:_MOST_EXEMPLARS]]
    return _renamed(told) | {"exemplars": exemplars}


def _renamed(told: Mapping[str, Any]) -> dict[str, Any]:
    return {key.replace("flower", "foreground"): value for key, value in told.items()}


def _group(number: int, told: Mapping[str, Any], known: pd.DataFrame, source: Source) -> Group:
    target, members = told["target"], [name for name in told["members"] if name in known.index]
    correct = known.loc[known.index.isin(members), "correct"].astype(bool).to_dict()
    of_class = known.index[known["prediction"] == target]
    anchor, tried = f"shortcut-{number}", len(told["rises"])
    return Group(
        anchor=anchor,
        target=int(target),
        class_name=source.classes[target],
        proven=bool(told["proven"]),
        right=[name for name in members if correct[name]],
        wrong=[name for name in members if not correct[name]],
        prevalence=rate(int(of_class.isin(members).sum()), len(of_class)),
        rise=_estimate(told["rise"], tried),
        answers=_estimate(told["answers"], tried),
        taken=float(told["taken"]),
        usual=float(told["usual"]),
        random=int(told["random"]),
        foregrounds=int(told["foregrounds"]),
        p=float(told["corrected"]),
        exemplars=[
            _exemplar(f"{anchor}-{k}", exemplar, known, source)
            for k, exemplar in enumerate(told["exemplars"], 1)
            if all(exemplar[k] in known.index for k in ("name", "foreground"))  # a part may be lost
        ],
    )


def _estimate(told: Mapping[str, Any], n: int) -> Estimate:
    value, low, high = (float(told[key]) for key in ("value", "low", "high"))
    return Estimate(value, low, high, n, method="bootstrap")


def _exemplar(file: str, told: Mapping[str, Any], known: pd.DataFrame, source: Source) -> Exemplar:
    top, left, bottom, right = window = tuple(map(float, told["window"]))
    if not (0 <= top < bottom <= 1 and 0 <= left < right <= 1):
        raise ValueError(f"no window: {window}")
    before = known.loc[known.index == told["foreground"]].iloc[0]
    return Exemplar(
        name=told["name"],
        foreground=told["foreground"],
        label=source.classes[int(before["prediction"])],
        sure=float(before["confidence"]),
        answer=source.classes[told["answer"]],
        confidence=float(told.get("confidence", math.nan)),
        gained=float(told["gained"]),
        lost=float(told["lost"]),
        window=window,
        place=str(told["place"]),
        picture=f"pictures/{file}.webp",
    )


def summary_part(found: Shortcuts) -> dict[str, Any]:
    """Give its part of summary.json."""
    return {
        "reason": found.reason,
        "background_driven": found.cases,
        "groups": len(found.groups),
        "proven": [
            {
                "class": group.class_name,
                "images": group.members,
                "prevalence": as_json(group.prevalence),
                "effect": as_json(group.rise),
                "answers_more_often": as_json(group.answers),
                "p": group.p,
            }
            for group in found.proven
        ],
    }
