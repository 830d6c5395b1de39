"""Draws in which no shortcut tells the classes apart: groups of equal size, others moved."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audit.core.errors import DataError
from audit.datasets.dataset import Dataset
from audit.datasets.groups import groups_of
from audit.mend.lessons import Lessons

FEWEST = 8  # photographs of a group in a draw; where there are fewer, some come several times
_FOLDS = 5
_LEAST = 20  # backgrounds that say anything
_RIDGE = 1.0  # penalty of what reads backgrounds, on standardised features and by their number
NOWHERE = -1  # of a photograph whose group is not known


@dataclass(frozen=True)
class Groups:
    """Groups that photographs are balanced by.

    Attributes
    ----------
    source : str
        ``given``, by label and values of columns; ``found``, by label and whether the background
        alone says it.
    names : list of str
    keys : int64 ``(n,)``
        Group of each photograph, `NOWHERE` where it is not known.
    pools : int64 ``(groups,)``
        The same number for groups of all labels that are alike otherwise.
    """

    source: str
    names: list[str]
    keys: NDArray[np.int64]
    pools: NDArray[np.int64]

    @property
    def sizes(self) -> NDArray[np.int64]:
        """Photographs of each group."""
        return np.bincount(self.keys[self.keys != NOWHERE], minlength=len(self.names))

    def pooled(self, among: NDArray[Any], fewest: int) -> NDArray[np.int64]:
        """Return keys ``(n,)`` in which small groups are one with their like of other labels.

        Parameters
        ----------
        among : bool ``(n,)``
            Photographs that are counted.
        fewest : int
            Of them, that make a group of its own.
        """
        known = self.keys != NOWHERE
        counts = np.bincount(self.keys[known & among], minlength=len(self.names))
        own = np.where(counts >= fewest, np.arange(len(counts)), len(counts) + self.pools)
        return np.where(known, own[self.keys], NOWHERE)


def given(lessons: Lessons, dataset: Dataset, columns: Sequence[str]) -> Groups:
    """Group photographs by label and the values of columns, all of which must be there."""
    values = [groups_of(dataset, lessons.items, column) for column in columns]
    told = [
        None if None in row else (dataset.classes[item.label], *(str(value) for value in row))
        for item, row in zip(lessons.items, zip(*values, strict=True), strict=True)
    ]
    return _grouped("given", told, lessons, dataset)


def found(lessons: Lessons, dataset: Dataset) -> Groups:
    """Group photographs by label and whether their background alone says it.

    Raises
    ------
    DataError
        Too few have a mask by which foreground and background can be told apart.
    """
    if len(lessons.rows) < _LEAST:
        raise DataError(
            f"{len(lessons.rows)} images of {dataset.name} have a usable mask, too few to tell "
            "what their backgrounds say: give --group COLUMN, or --masks FOLDER."
        )
    says = _said_by_backgrounds(lessons)
    told: list[tuple[str, ...] | None] = [None] * len(lessons.items)
    for row, said in zip(lessons.rows, says, strict=True):
        label = lessons.items[row].label
        own = "a background that says so" if said == label else "a background that does not"
        told[row] = (dataset.classes[label], own)
    return _grouped("found", told, lessons, dataset)


def _grouped(
    source: str, known: Sequence[tuple[str, ...] | None], lessons: Lessons, dataset: Dataset
) -> Groups:
    """Make groups; photographs of a label that hardly has any known are one of their own."""
    counts = Counter(each[0] for each in known if each is not None)
    told = list(known)
    for row, item in enumerate(lessons.items):
        label = dataset.classes[item.label]
        if known[row] is None and counts[label] < FEWEST:
            told[row] = (label, "not known")
    names = sorted({each for each in told if each is not None})
    places = {name: place for place, name in enumerate(names)}
    keys = [NOWHERE if each is None else places[each] for each in told]
    alike = sorted({name[1:] for name in names})
    return Groups(
        source=source,
        names=[", ".join(name) for name in names],
        keys=np.array(keys, np.int64),
        pools=np.array([alike.index(name[1:]) for name in names], np.int64),
    )


def _said_by_backgrounds(lessons: Lessons) -> NDArray[np.int64]:
    """Return the class that each background says, int64 ``(m,)``, told by the other backgrounds.

    A ridge classifier learns labels from features of backgrounds alone; each is asked of those that
    it has not learnt from.
    """
    from sklearn.linear_model import RidgeClassifier
    from sklearn.model_selection import KFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    labels = lessons.labels[lessons.rows]
    penalty = _RIDGE * len(labels)
    model = make_pipeline(StandardScaler(), RidgeClassifier(penalty, class_weight="balanced"))
    folds = KFold(_FOLDS, shuffle=True, random_state=0)
    said: NDArray[np.int64] = cross_val_predict(model, lessons.alone, labels, cv=folds)
    return said


def draw(
    groups: Groups, among: NDArray[Any], quantile: float, random: np.random.Generator
) -> NDArray[np.int64]:
    """Draw as many photographs of every group, `FEWEST` at least; some several times if need be.

    Parameters
    ----------
    among : bool ``(n,)``
        Photographs to draw from.
    quantile : float
        Of the groups' sizes, 0..1, that every group has in the draw: 0 for the smallest one's.

    Returns
    -------
    int64 ``(k,)``
        Their rows.
    """
    rows = [np.flatnonzero(among & (groups.keys == key)) for key in range(len(groups.names))]
    rows = [own for own in rows if len(own)]
    size = max(FEWEST, int(np.quantile([len(own) for own in rows] or [0], quantile)))
    drawn = [random.choice(own, size, replace=len(own) < size) for own in rows]
    return np.concatenate([np.zeros(0, np.int64), *drawn])


def draw_moved(
    lessons: Lessons, among: NDArray[Any], count: int, random: np.random.Generator
) -> NDArray[np.int64]:
    """Draw ``count`` foregrounds on other backgrounds, every class alike.

    Returns
    -------
    int64 ``(k, 2)``
        Place among ``lessons.rows``, and which of its other backgrounds.
    """
    labels = lessons.labels[lessons.rows]
    usable = [np.flatnonzero(among[lessons.rows] & (labels == k)) for k in np.unique(labels)]
    usable = [own for own in usable if len(own)]
    moves = lessons.moved.shape[1]
    each = -(-count // max(1, len(usable)))
    picked = [_pairs(own, moves, each, random) for own in usable]
    return np.concatenate([np.zeros((0, 2), np.int64), *picked])


def _pairs(
    own: NDArray[np.int64], moves: int, count: int, random: np.random.Generator
) -> NDArray[np.int64]:
    pairs = random.choice(len(own) * moves, count, replace=len(own) * moves < count)
    return np.stack([own[pairs // moves], pairs % moves], axis=1)
