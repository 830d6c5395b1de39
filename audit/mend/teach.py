"""The last layer taught again: what is chosen on held-out photographs, and the mean of draws."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from audit.core.track import Track
from audit.datasets.dataset import Dataset
from audit.mend.balance import FEWEST, NOWHERE, Groups, draw, draw_moved, found, given
from audit.mend.head import Scale, mean_of, sparse
from audit.mend.lessons import Lessons
from audit.training.logistic import Features, Head, Labels

DRAWS = 10
STRENGTHS = (0.3, 1.0, 0.1)  # the first one is that under which all else is chosen
SIZES = {"smallest": 0.0, "median": 0.5}  # of groups in a draw: quantiles of their sizes
_FEW = 10  # classes; of more, every fit takes long
_FOLDS, _TRIED = 4, 2  # folds, and draws in each; of more classes 2 and 1
_FEWEST = 10  # photographs of a group whose accuracy counts
_NEAR = 0.01  # of the mean accuracy of groups
_SEED = 0


class Choice(NamedTuple):
    """What is chosen on held-out photographs.

    Attributes
    ----------
    strength : float
        Of the penalty, as scikit-learn's C.
    trained : bool
        Whether photographs that the model was trained on are taught, too.
    size : str
        Of `SIZES`: photographs of each group in a draw; of smaller groups some come several times.
    """

    strength: float
    trained: bool
    size: str


class Score(NamedTuple):
    """Accuracy on held-out photographs, 0..1.

    Attributes
    ----------
    worst, mean : float
        Of the worst group, and of all groups in the mean.
    error : float
        Standard error of the first.
    """

    worst: float
    mean: float
    error: float


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
    room = _Room(lessons, groups, len(dataset.classes))
    scores = _scores(room, track)
    best = _chosen(scores)
    everyone = np.ones(len(lessons.items), bool)
    random = np.random.default_rng(_SEED)
    drawn = track(range(DRAWS), "Mend: draws", DRAWS)
    heads, counts = room.heads(best, everyone, drawn, random)
    return Taught(mean_of(heads), groups, best, scores, *counts)


def _scores(room: _Room, track: Track) -> dict[Choice, Score]:
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
        if choice[1:] == best[1:] and score.worst >= worst - error and score.mean >= mean - _NEAR
    ]
    return min(alike, key=lambda choice: choice.strength)


@dataclass(frozen=True)
class _Room:
    """Where heads are taught and judged."""

    lessons: Lessons
    groups: Groups
    classes: int

    @property
    def sources(self) -> list[bool]:
        """Whether photographs that the model was trained on are taught, too: what can be tried."""
        held = self.lessons.held
        return [True] if not held.any() else [False] if held.all() else [False, True]

    @property
    def sizes(self) -> list[str]:
        """Sizes of groups in a draw that differ."""
        known = self.groups.sizes
        counts = {max(FEWEST, int(np.quantile(known, q))): size for size, q in SIZES.items()}
        return list(counts.values())

    @property
    def _folds(self) -> int:
        return _FOLDS if self.classes <= _FEW else 2

    @property
    def _tries(self) -> range:
        return range(_TRIED if self.classes <= _FEW else 1)

    def score(self, choice: Choice) -> Score:
        """Judge a choice in folds."""
        lessons, random = self.lessons, np.random.default_rng(_SEED)
        judged = self.groups.keys != NOWHERE
        if (judged & lessons.held).any():
            judged &= lessons.held
        fold = random.permutation(len(judged)) % self._folds
        right = np.zeros(len(judged), bool)
        for k in range(self._folds):
            heads, _ = self.heads(choice, fold != k, self._tries, random)
            own = judged & (fold == k)
            logits = mean_of(heads).logits(lessons.photos[own])
            right[own] = logits.argmax(axis=1) == lessons.labels[own]
        return _worst(self.groups.pooled(judged, _FEWEST)[judged], right[judged])

    def heads(
        self, choice: Choice, among: NDArray[Any], draws: Any, random: np.random.Generator
    ) -> tuple[list[Head], tuple[int, int]]:
        """Return a head a draw, and how many photographs and moved foregrounds the last one has."""
        heads, counts, start = [], (0, 0), None
        for _ in draws:
            features, labels, counts = self._drawn(choice, among, random)
            scale = Scale.of(features)
            scaled = scale.scaled(features)
            start = sparse(scaled, labels, self.classes, choice.strength, start)
            heads.append(scale.undone(start))
        return heads, counts

    def _drawn(
        self, choice: Choice, among: NDArray[Any], random: np.random.Generator
    ) -> tuple[Features, Labels, tuple[int, int]]:
        lessons = self.lessons
        usable = among & (lessons.held | choice.trained)
        rows = draw(self.groups, usable, SIZES[choice.size], random)
        pairs = draw_moved(lessons, usable, len(rows), random)
        features = np.concatenate([lessons.photos[rows], lessons.moved[pairs[:, 0], pairs[:, 1]]])
        labels = np.concatenate([lessons.labels[rows], lessons.labels[lessons.rows[pairs[:, 0]]]])
        return features, labels, (len(rows), len(pairs))


def _worst(keys: NDArray[np.int64], right: NDArray[np.bool_]) -> Score:
    """Score answers by group; nothing where there are none."""
    groups = [right[keys == key] for key in np.unique(keys)]
    if not groups:
        return Score(0.0, 0.0, 0.0)
    worst = min(groups, key=np.mean)
    rate = float(worst.mean())
    error = float(np.sqrt(rate * (1 - rate) / len(worst)))
    return Score(rate, float(np.mean([g.mean() for g in groups])), error)
