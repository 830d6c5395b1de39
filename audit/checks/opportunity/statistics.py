"""How well a description tells the label: cross-validated, against permuted labels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from audit.core.estimate import NOTHING, Estimate, rate
from audit.core.paired import holm
from audit.core.statistics import central

FOLDS = 5
LEAST = FOLDS  # images of a class that are no near-duplicates: one a fold
PERMUTED = 1999  # so that the smallest p-value is 0.0005
LEVEL = 0.05
LIFT = 0.1  # of what chance leaves open: less is told apart from chance, but gives nothing away
_UNEVEN = 1.5  # largest class to smallest, from where on classes count alike
_TREES = 100
_COMPONENTS = 128  # of the model's features, which are thousands
_SEED = 0  # not the run's, so that runs can be compared
Labels = NDArray[np.int64]


@dataclass(frozen=True)
class Told:
    """Held-out answers of a classifier that sees one cue alone, each near-duplicate once.

    Attributes
    ----------
    reason : str
        Why nothing is told; "" where something is.
    labels : tuple of int
        Classes that have images enough.
    table : tuple of tuple of int
        Images by class (rows) and by what they are called (columns).
    uneven : bool
        Whether sizes differ so far that accuracy is the mean over classes.
    chance : tuple of float
        Mean of the accuracy against permuted labels, and the bounds of its central 95%.
    p : float
        Share of permutations that reach the accuracy, itself counted among them.
    """

    reason: str = ""
    labels: tuple[int, ...] = ()
    table: tuple[tuple[int, ...], ...] = ()
    uneven: bool = False
    chance: tuple[float, ...] = (math.nan,) * 3
    p: float = math.nan

    @property
    def counts(self) -> NDArray[np.int64]:
        """Its table as an array."""
        return np.array(self.table, np.int64).reshape(len(self.labels), len(self.labels))

    @property
    def n(self) -> int:
        """Images that it rests on."""
        return int(self.counts.sum())

    @property
    def accuracy(self) -> Estimate:
        """Share named rightly, the mean over classes where these are uneven."""
        if not self.n:
            return NOTHING
        if not self.uneven:
            return rate(int(self.counts.trace()), self.n)
        sizes, hits = self.counts.sum(axis=1), self.counts.diagonal()
        random = np.random.default_rng(_SEED)
        drawn = random.binomial(sizes, hits / sizes, (2000, len(sizes))) / sizes
        low, high = central(drawn.mean(axis=1))
        return Estimate(float((hits / sizes).mean()), low, high, self.n, method="bootstrap")

    def classes(self) -> list[ClassTest]:
        """Test each class, those told best first, among images and answers of those left.

        Where one class of three is given away, the other two are told from it, too: named rightly
        half of the time, by exclusion. So each stands against those told less. The last two stand
        against each other.
        """
        counted = {}
        left, among = np.arange(len(self.labels)), self.counts
        while len(left) > 2:
            margins = _margins(among)
            best = int(np.argmax(_lifts(margins)))
            counted[left[best]] = margins[:, best]
            left, among = np.delete(left, best), np.delete(np.delete(among, best, 0), best, 1)
        counted |= dict(zip(left, _margins(among).T, strict=True))
        return _tests(np.array([counted[k] for k in range(len(self.labels))]).reshape(-1, 4).T)


class ClassTest(NamedTuple):
    """How far one class is told among others.

    Attributes
    ----------
    lift : float
        Share that is told of what chance leaves open; NaN where none of its images is left.
    p : float
        With labels permuted, its hits are hypergeometric.
    """

    lift: float
    p: float


def _margins(table: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return hits, images, images called so, and all images, of every class ``(4, k)``."""
    whole = np.full(len(table), table.sum())
    return np.stack([table.diagonal(), table.sum(axis=1), table.sum(axis=0), whole])


def _lifts(margins: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the lift of every class; -1 where it is undefined."""
    hits, sizes, called, whole = margins
    defined = (sizes > 0) & (called < whole)
    chance = np.where(defined, called, 0) / np.maximum(whole, 1)
    return np.where(defined, (hits / np.maximum(sizes, 1) - chance) / (1 - chance), -1.0)


def _tests(margins: NDArray[np.int64]) -> list[ClassTest]:
    from scipy.stats import hypergeom

    hits, sizes, called, whole = margins
    p_values = np.where(sizes > 0, hypergeom.sf(hits - 1, whole, sizes, called), 1.0)
    lifts = np.where(sizes > 0, _lifts(margins), math.nan)
    return list(map(ClassTest, lifts.tolist(), np.clip(p_values, 0, 1).tolist()))


def lift(value: float, chance: float) -> float:
    """Return the share of what chance leaves open: 1 is all, 0 chance; NaN where it leaves none."""
    return (value - chance) / (1 - chance) if chance < 1 else math.nan


def tell(features: NDArray[Any], labels: Labels, groups: Labels, learner: str) -> Told:
    """Teach ``learner`` to name the class by a cue, and count its answers to what it did not see.

    Parameters
    ----------
    features : float ``(n, d)``
    labels : int ``(n,)``
    groups : int ``(n,)``
        Near-duplicates have the same: they are never on both sides, and count once.
    learner : str
        ``forest`` or ``linear``.
    """
    kept = enough(labels, groups)
    features, labels, groups = features[kept], labels[kept], groups[kept]
    if len(np.unique(labels)) < 2:
        return Told(f"fewer than 2 classes have {LEAST} images that are no near-duplicates")
    if not (np.ptp(features, axis=0) > 0).any():
        return Told("it is the same for all images")
    answers = held_out(features, labels, groups, learner)
    once = np.unique(groups, return_index=True)[1]
    return against_permuted(labels[once], answers[once])


def enough(labels: Labels, groups: Labels) -> NDArray[np.bool_]:
    """Mark images whose class has `LEAST` that are no near-duplicates of each other."""
    once = np.unique(groups, return_index=True)[1]
    names, counts = np.unique(labels[once], return_counts=True)
    return np.isin(labels, names[counts >= LEAST])


def held_out(features: NDArray[Any], labels: Labels, groups: Labels, learner: str) -> Labels:
    """Return the answer ``(n,)`` to each image of a classifier that saw none of its group."""
    from sklearn.model_selection import StratifiedGroupKFold
    from threadpoolctl import threadpool_limits

    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=_SEED)
    answers = np.full(len(labels), -1, np.int64)
    for seen, unseen in folds.split(features, labels, groups):
        known = np.unique(labels[seen])
        if len(known) < 2:  # one group holds nearly everything: nothing can be learnt
            answers[unseen] = known[0]
            continue
        made = _learner(learner, features[seen], labels)
        with threadpool_limits(1):  # for arrays this small, more threads wait for each other
            answers[unseen] = made.fit(features[seen], labels[seen]).predict(features[unseen])
    return answers


def _learner(kind: str, seen: NDArray[Any], labels: Labels) -> Any:
    from sklearn.decomposition import PCA
    from sklearn.ensemble import ExtraTreesClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    weights = "balanced" if uneven(labels) else None
    if kind == "forest":  # a third of a random forest's time, and as good
        return ExtraTreesClassifier(_TREES, class_weight=weights, random_state=_SEED)
    few = PCA(min(_COMPONENTS, *seen.shape), random_state=_SEED)
    # Weakly held back: components are few beside the images.
    rule = LogisticRegression(C=0.01, max_iter=300, class_weight=weights)
    return make_pipeline(StandardScaler(), few, rule)


def uneven(labels: Labels) -> bool:
    """Say whether classes differ so far in size that each must count alike."""
    counts = np.unique(labels, return_counts=True)[1]
    return bool(counts.max() > _UNEVEN * counts.min())


def against_permuted(labels: Labels, answers: Labels) -> Told:
    """Count answers, each one of ``labels``, and how often permuted labels reach their accuracy.

    Labels are permuted against the held-out answers: whether these know anything of labels that
    no learner saw. Teaching anew for every permutation says the same and takes hours.
    """
    names, place, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    called = np.searchsorted(names, answers)
    table = np.zeros((len(names), len(names)), np.int64)
    np.add.at(table, (place, called), 1)
    alike = uneven(labels)
    weights = 1 / (len(names) * sizes[place]) if alike else np.full(len(labels), 1 / len(labels))
    random = np.random.default_rng(_SEED)
    orders = (random.permutation(len(labels)) for _ in range(PERMUTED))
    drawn = np.array([weights[order][labels[order] == answers].sum() for order in orders])
    reached = float(weights[labels == answers].sum())
    return Told(
        labels=tuple(names.tolist()),
        table=tuple(map(tuple, table.tolist())),
        uneven=alike,
        chance=(float(drawn.mean()), *central(drawn)),
        # A sum of the same weights in another order may differ by a hair.
        p=float((1 + (drawn >= reached - 1e-9).sum()) / (1 + PERMUTED)),
    )


def corrected(told: Sequence[Told]) -> tuple[list[float], list[list[ClassTest]]]:
    """Return p-values of all cues, and tests of all classes in all cues, each set after Holm."""
    tests = [each.classes() for each in told]
    together = iter(holm([test.p for found in tests for test in found]))
    after = [[test._replace(p=next(together)) for test in found] for found in tests]
    return holm([each.p for each in told]), after
