"""The last layer taught again: what is chosen on held-out photographs, and the mean of draws."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from audit.core.track import Track
from audit.datasets.dataset import Dataset
from audit.mend.balance import NOWHERE, Groups, found, given
from audit.mend.head import mean_of
from audit.mend.lessons import Lessons
from audit.mend.room import Choice, Room
from audit.mend.score import NEAR, Score
from audit.training.logistic import Head

DRAWS = 10
STRENGTHS = (0.3, 1.0, 0.1)  # the first one is that under which all else is chosen
_SEED = 0


@dataclass(frozen=True)
class Taught:
    """A last layer, and what it was taught by.

    Attributes
    ----------
    scores : dict
        Of every choice that was tried, in folds.
    """

    head: Head
    groups: Groups
    choice: Choice
    scores: dict[Choice, Score]
    photographs: int
    moved: int

    @property
    def words(self) -> str:
        """What it was taught by, in words."""
        held = "" if self.choice.trained else "held-out "
        return (
            f"{self.photographs:,} {held}photographs and {self.moved:,} foregrounds on other "
            f"backgrounds a draw, {DRAWS} draws, {len(self.groups.names):,} groups "
            f"({self.groups.source}), C = {self.choice.strength:g}."
        )

    def json(self) -> dict[str, Any]:
        """Return it as ``mend.json`` has it."""
        return {
            "groups": self.groups.source,
            "sizes": dict(zip(self.groups.names, self.groups.sizes.tolist(), strict=True)),
            "unknown": int((self.groups.keys == NOWHERE).sum()),
            "choice": self.choice._asdict(),
            "tried": [c._asdict() | s._asdict() for c, s in self.scores.items()],
            "photographs": self.photographs,
            "moved": self.moved,
            "draws": DRAWS,
        }


def taught(lessons: Lessons, dataset: Dataset, columns: Sequence[str], track: Track) -> Taught:
    """Teach a last layer: choose on held-out photographs in folds, then average over draws.

    Kirichenko, Izmailov and Wilson 2023 (arXiv 2204.02937), with groups; LaBonte, Muthukumar and
    Kumar 2023 (arXiv 2309.08534), with few or none.
    """
    # Threads that wait for each other on a busy machine take many times as long as one alone.
    with threadpool_limits(1):
        return _taught(lessons, dataset, columns, track)


def _taught(lessons: Lessons, dataset: Dataset, columns: Sequence[str], track: Track) -> Taught:
    groups = given(lessons, dataset, columns) if columns else found(lessons, dataset)
    room = Room(lessons, groups, len(dataset.classes))
    scores = _scores(room, track)
    best = _chosen(scores)
    everyone = np.ones(len(lessons.items), bool)
    random = np.random.default_rng(_SEED)
    drawn = track(range(DRAWS), "Mend: draws", DRAWS)
    heads, counts = room.heads(best, everyone, drawn, random)
    return Taught(mean_of(heads), groups, best, scores, *counts)


def _scores(room: Room, track: Track) -> dict[Choice, Score]:
    """Score by what is taught at a middle strength, then the other strengths of the best."""
    middle, *others = STRENGTHS
    first = [Choice(middle, *each) for each in product(room.sources, room.sizes)]
    scores: dict[Choice, Score] = {}

    def tried() -> Iterator[Choice]:
        yield from first
        best = max(first, key=lambda choice: scores[choice])
        yield from (best._replace(strength=strength) for strength in others)

    for choice in track(tried(), "Mend: choosing", len(first) + len(others)):
        scores[choice] = room.score(choice)
    return scores


def _chosen(scores: Mapping[Choice, Score]) -> Choice:
    """Return the best choice under the strongest penalty that costs it no more than chance.

    That is a standard error of the worst group, which may have few photographs (Breiman, Friedman,
    Olshen and Stone 1984), and a hundredth of the mean of all groups.
    """
    best = max(scores, key=lambda choice: scores[choice])
    worst, mean, error = scores[best]
    alike = [
        choice
        for choice, score in scores.items()
        if choice[1:] == best[1:] and score.worst >= worst - error and score.mean >= mean - NEAR
    ]
    return min(alike, key=lambda choice: choice.strength)
