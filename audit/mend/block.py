"""The last block fine-tuned on balanced draws, and measured against the last layer alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from audit.core.track import Track
from audit.datasets.batches import in_batches
from audit.mend.layers import LAST_BLOCK, LAST_LAYER, Layers
from audit.mend.maps import Maps, keep
from audit.mend.pupil import BATCH, Pupil
from audit.mend.room import Fold, Room
from audit.mend.score import Score, pays
from audit.mend.tail import Tail
from audit.mend.teach import Taught
from audit.training.logistic import Head

RATES = (1e-4, 1e-3)  # of Adam
EPOCHS = 8
DRAWN = 2048  # images an epoch, at most
_SEED = 0
_LABEL = "Mend: last block"


class Course(NamedTuple):
    """How a block is taught: Adam's rate, and epochs, each of which is one balanced draw."""

    rate: float
    epochs: int


def courses() -> list[Course]:
    """Return all courses that are tried, the gentlest first."""
    return [Course(*each) for each in product(RATES, range(1, EPOCHS + 1))]


@dataclass(frozen=True)
class BlockTeacher:
    """What a block is taught with.

    Attributes
    ----------
    room : Room
        With maps among its lessons.
    taught : Taught
        The last layer alone, from which it goes on.
    folder : Path
        Answers of finished courses are kept in it.
    """

    room: Room
    taught: Taught
    tail: Tail
    folder: Path
    track: Track

    def measured(self) -> tuple[Layers, Course]:
        """Try all courses in folds; return what is chosen, held against the last layer alone."""
        with threadpool_limits(1):  # as the last layer is taught
            folds = list(self.room.folds(self.taught.choice))
        right = self._right(folds)
        scores = self._scores(right, self.room.judged)
        chosen = best(scores)
        alone, block = self.taught.scores[self.taught.choice], self._unseen(right, folds)
        kept = LAST_BLOCK if pays(block, alone) else LAST_LAYER
        facts = {
            "behind": self.tail.behind,
            "choice": chosen._asdict(),
            "tried": [course._asdict() | score._asdict() for course, score in scores.items()],
        }
        return Layers(LAST_BLOCK, kept, {LAST_LAYER: alone, LAST_BLOCK: block}, facts), chosen

    def teach(self, course: Course) -> Head:
        """Teach the block in place by all photographs; return the last layer taught with it."""
        self._pupil.begin(self.taught.head, course.rate)
        epochs = self._epochs(np.ones(len(self.room.judged), bool), course.epochs)
        for _ in self.track(epochs, _LABEL, course.epochs):
            pass
        return self._pupil.finished()

    def _right(self, folds: Sequence[Fold]) -> NDArray[np.bool_]:
        """Return whether each course gives the right answers, each judged where it was not taught.

        Returns
        -------
        bool ``(courses, n)``
            False where a photograph is not judged.
        """
        trials = list(product(enumerate(folds), RATES))
        right = np.zeros((len(RATES), EPOCHS, len(self.room.judged)), bool)
        for (number, fold), rate in self.track(trials, f"{_LABEL} in folds", len(trials)):
            file = self.folder / f"block-{number}-{rate:g}.npy"
            right[RATES.index(rate)][:, fold.own] = self._kept(file, fold, rate)
        return right.reshape(len(courses()), -1)

    def _kept(self, file: Path, fold: Fold, rate: float) -> NDArray[np.bool_]:
        """Read what `_tried` gave, or try it and keep it."""
        if not file.is_file():
            keep(file, self._tried(fold, rate))
        return np.asarray(np.load(file), bool)

    def _tried(self, fold: Fold, rate: float) -> NDArray[np.bool_]:
        """Return whether the fold's photographs are named rightly, bool ``(epochs, k)``."""
        own, lessons = np.flatnonzero(fold.own), self.room.lessons
        self._pupil.begin(fold.head, rate)
        passed = self._epochs(fold.among, EPOCHS)
        answers = [self._pupil.answers(self._maps, own) for _ in passed]
        return np.stack(answers) == lessons.labels[own]

    def _epochs(self, among: NDArray[np.bool_], count: int) -> Iterator[int]:
        """Teach, and yield the number of each epoch when it is over."""
        random = np.random.default_rng(_SEED)
        for epoch in range(count):
            rows, pairs = self.room.drawn(self.taught.choice, among, random)
            labels = self.room.labels(rows, pairs)
            shown = np.concatenate([rows, self.room.lessons.map_rows(pairs)])
            order = random.permutation(len(shown))[:DRAWN]
            for batch in in_batches(order, BATCH):
                self._pupil.learn(self._maps[shown[batch]], labels[batch])
            self._pupil.end_epoch()
            yield epoch

    @cached_property
    def _pupil(self) -> Pupil:
        return Pupil(self.tail, self.taught.head)

    @property
    def _maps(self) -> Maps:
        maps = self.room.lessons.maps
        assert maps is not None  # they were taken with the features
        return maps

    def _scores(self, right: NDArray[np.bool_], among: NDArray[np.bool_]) -> dict[Course, Score]:
        each = zip(courses(), right, strict=True)
        return {course: self.room.scored(answers, among) for course, answers in each}

    def _unseen(self, right: NDArray[np.bool_], folds: Sequence[Fold]) -> Score:
        """Score each fold by the course that the other folds choose: none chooses for itself."""
        judged, answers = self.room.judged, np.zeros(len(self.room.judged), bool)
        for fold in folds:
            chosen = best(self._scores(right, judged & ~fold.own))
            answers[fold.own] = right[courses().index(chosen)][fold.own]
        return self.room.scored(answers, judged)


def best(scores: dict[Course, Score]) -> Course:
    """Return the course of the best worst group, then mean; of equal ones the gentlest."""
    return max(scores, key=lambda course: scores[course][:2])
