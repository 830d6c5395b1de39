"""Where ways of teaching are tried: balanced draws, and folds of held-out photographs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from audit.mend.balance import FEWEST, NOWHERE, Groups, draw, draw_moved
from audit.mend.head import Scale, mean_of, sparse
from audit.mend.lessons import Lessons
from audit.mend.score import Score, scored
from audit.training.logistic import Features, Head, Labels

SIZES = {"smallest": 0.0, "median": 0.5}  # of groups in a draw: quantiles of their sizes
_FEW = 10  # classes; of more, every fit takes long
_FOLDS, _TRIED = 4, 2  # folds, and draws in each; of more classes 2 and 1
_FEWEST = 10  # photographs of a group whose accuracy counts
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


class Fold(NamedTuple):
    """One fold.

    Attributes
    ----------
    among, own : bool ``(n,)``
        Photographs that may be taught, and others that are judged.
    head : Head
        The last layer that is taught by the first.
    """

    among: NDArray[np.bool_]
    own: NDArray[np.bool_]
    head: Head


@dataclass(frozen=True)
class Room:
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

    @cached_property
    def judged(self) -> NDArray[np.bool_]:
        """Whether each photograph is judged: held-out ones, where there are any."""
        known = self.groups.keys != NOWHERE
        held = known & self.lessons.held
        return held if held.any() else known

    def folds(self, choice: Choice) -> Iterator[Fold]:
        """Yield folds, and what a choice makes of each."""
        random = np.random.default_rng(_SEED)
        fold = random.permutation(len(self.judged)) % self._folds
        for k in range(self._folds):
            heads, _ = self.heads(choice, fold != k, self._tries, random)
            yield Fold(fold != k, self.judged & (fold == k), mean_of(heads))

    def score(self, choice: Choice) -> Score:
        """Judge a choice in folds."""
        lessons = self.lessons
        right = np.zeros(len(self.judged), bool)
        for _, own, head in self.folds(choice):
            logits = head.logits(lessons.photos[own])
            right[own] = logits.argmax(axis=1) == lessons.labels[own]
        return self.scored(right, self.judged)

    def scored(self, right: NDArray[np.bool_], among: NDArray[np.bool_]) -> Score:
        """Score answers ``(n,)`` to some of the photographs that are judged."""
        return scored(self.groups.pooled(self.judged, _FEWEST)[among], right[among])

    def heads(
        self, choice: Choice, among: NDArray[Any], draws: Any, random: np.random.Generator
    ) -> tuple[list[Head], tuple[int, int]]:
        """Return a head a draw, and how many photographs and moved foregrounds the last one has."""
        heads, counts, start = [], (0, 0), None
        for _ in draws:
            rows, pairs = self.drawn(choice, among, random)
            features, labels = self._features(rows, pairs), self.labels(rows, pairs)
            counts = len(rows), len(pairs)
            scale = Scale.of(features)
            scaled = scale.scaled(features)
            start = sparse(scaled, labels, self.classes, choice.strength, start)
            heads.append(scale.undone(start))
        return heads, counts

    def drawn(
        self, choice: Choice, among: NDArray[Any], random: np.random.Generator
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Draw photographs ``(k,)`` and moved foregrounds ``(j, 2)``, as `balance` does."""
        usable = among & (self.lessons.held | choice.trained)
        rows = draw(self.groups, usable, SIZES[choice.size], random)
        return rows, draw_moved(self.lessons, usable, len(rows), random)

    def labels(self, rows: NDArray[np.int64], pairs: NDArray[np.int64]) -> Labels:
        """Return the classes of photographs and of moved foregrounds, int64 ``(k + j,)``."""
        labels = self.lessons.labels
        return np.concatenate([labels[rows], labels[self.lessons.rows[pairs[:, 0]]]])

    def _features(self, rows: NDArray[np.int64], pairs: NDArray[np.int64]) -> Features:
        lessons = self.lessons
        return np.concatenate([lessons.photos[rows], lessons.moved[pairs[:, 0], pairs[:, 1]]])
