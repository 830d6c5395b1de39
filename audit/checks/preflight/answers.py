"""Evidence, in a model's answers to labelled images, of how its outputs are read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audit.checks.preflight.matching import Indices, assignment
from audit.core.observation import Observation, Strength
from audit.core.paired import gain, holm, mcnemar
from audit.core.statistics import wilson

BEYOND_DOUBT, DOUBTFUL = 0.001, 0.01  # p-values, after Holm over the orders tried
GAIN = 0.2  # of all images, and of each class's: what another order must win to stop a run
CLEAR = 0.5  # accuracy below which an order found by assignment may be what random weights give
FEW = 20  # images below which an accuracy above chance may be no more than that
MOST_NAN = 0.1  # of all images: from where on answers that are no numbers stop a run
ASSIGNED = "assigned"  # the order found by assignment, among those that have a name
NAMED = 300  # characters of class names in one line
OPTIONS = ("text", "number")  # orders that --class-order knows by name


@dataclass(frozen=True)
class Answers:
    """A model's answers to labelled images.

    Attributes
    ----------
    predictions : int64 ``(n,)``
        Output with the greatest logit; -1 where the logits are no numbers.
    labels : int64 ``(n,)``
    classes : tuple of str
        Names in the order in which outputs are read.
    """

    predictions: Indices
    labels: Indices
    classes: tuple[str, ...]


def observe(answers: Answers, orders: Mapping[str, Sequence[str]] | None) -> list[Observation]:
    """Hold answers against chance, and against every other order of the classes.

    Parameters
    ----------
    answers : Answers
        Nothing is said of none.
    orders : mapping or None
        Other orders of the same names that people use, by name; None where the order is known, as
        that of a model which was trained here.

    Returns
    -------
    list of Observation
        ``nan-outputs``, ``accuracy``, ``constant-answers`` and ``class-order``.
    """
    if not len(answers.labels):
        return []
    finite = answers.predictions >= 0
    found = [observe_numbers(finite)]
    if finite.any():
        known = Answers(answers.predictions[finite], answers.labels[finite], answers.classes)
        found += [_accuracy(known), _constant(known)]
        found += [] if orders is None else [_order(known, orders)]
    return found


def observe_numbers(finite: NDArray[np.bool_]) -> Observation:
    """Observe how many answers are numbers, of ``finite`` ``(n,)``."""
    n, bad = len(finite), int((~finite).sum())
    title = "Answers are numbers"
    if not bad:
        return Observation("nan-outputs", title, f"All answers to {n:,} images are finite numbers")
    strength: Strength = "strong" if bad > MOST_NAN * n else "weak"
    return Observation(
        "nan-outputs",
        title,
        f"The model answers NaN or infinity to {bad:,} of {n:,} images",
        strength,
        "mend its weights, or give the --input-scaling that it was trained with",
    )


def _accuracy(answers: Answers) -> Observation:
    right = answers.predictions == answers.labels
    n, hits, chance = len(right), int(right.sum()), _chance(answers)
    low, high = wilson(hits, n)
    words = (
        f"{hits / n:.1%} of {n:,} images are named rightly (95% interval {low:.1%} to {high:.1%}); "
        f"by chance it would be {chance:.1%}"
    )
    if low > chance or len(np.unique(answers.labels)) < 2:
        return Observation("accuracy", "Accuracy against chance", words)
    if hits / n > chance and n < FEW:
        words += ": too few images to tell these apart"
        return Observation("accuracy", "Accuracy against chance", words)
    mend = "check that this model was trained for these classes and pixels"
    return Observation("accuracy", "Accuracy against chance", f"Only {words}", "weak", mend)


def _chance(answers: Answers) -> float:
    """Return the share that would be right if the answers were dealt out anew among the images."""
    k = max(len(answers.classes), int(answers.predictions.max()) + 1)
    given, true = (np.bincount(a, minlength=k) for a in (answers.predictions, answers.labels))
    return float(given @ true / len(answers.labels) ** 2)


def _constant(answers: Answers) -> Observation:
    title = "Answers differ"
    told, there = (len(np.unique(a)) for a in (answers.predictions, answers.labels))
    n = len(answers.labels)
    words = f"{told:,} different answers to {n:,} images of {there:,} classes"
    if told > 1 or there < 2 or n < 2 * there:
        return Observation("constant-answers", title, words)
    name = answers.classes[int(answers.predictions[0])]
    return Observation(
        "constant-answers",
        title,
        f"All {n:,} images of {there:,} classes get the answer {name!r}",
        "weak",
        "check that the model is trained, and which --input-scaling it wants",
    )


@dataclass(frozen=True)
class Better:
    """An order of the classes that explains answers better than the one they are read in.

    Attributes
    ----------
    name : str
        As people call it; `ASSIGNED` where it was found by assignment.
    order : tuple of str
        The classes in that order.
    p : float
        Of McNemar's exact test against the order in use, after Holm over the orders tried.
    right : bool ``(n,)``
        Images that would be named rightly.
    gain : float
        What it wins, of all images or of the mean class's, whichever is less; -1..1.
    """

    name: str
    order: tuple[str, ...]
    p: float
    right: NDArray[np.bool_]
    gain: float

    @property
    def accuracy(self) -> float:
        """Share of the images that would be named rightly, 0..1."""
        return float(self.right.mean())

    @property
    def option(self) -> str:
        """Value for --class-order, with the content of a file where it is short."""
        if self.name in OPTIONS:
            return self.name
        listed = ", ".join(self.order)
        file = "FILE with one class a line in the order of the model's outputs"
        return f"{file}, here {listed}" if len(listed) <= NAMED else f"{file} (--write-order)"


def better_order(answers: Answers, orders: Mapping[str, Sequence[str]]) -> Better | None:
    """Return the order of classes that names most images rightly, where that is more than luck."""
    right = answers.predictions == answers.labels
    named = {name: tuple(o) for name, o in orders.items() if tuple(o) != answers.classes}
    tried = {name: answers.predictions == _moved(answers, o) for name, o in named.items()}
    tried[ASSIGNED] = _assigned_across(answers)
    chances = holm([mcnemar(right, other).exact for other in tried.values()])
    # Among equals the first: an order with a name is the simpler explanation.
    best, p = max(zip(tried, chances, strict=True), key=lambda found: tried[found[0]].sum())
    order = named.get(best) or assigned_order(answers)
    # Where one class is common, a model that names it seldom is no proof of another order.
    gained = gain(right, tried[best], answers.labels)
    if p >= DOUBTFUL or gained <= 0 or not _beats_chance(answers, order, tried[best]):
        return None
    return Better(best, order, p, tried[best], gained)


def _beats_chance(answers: Answers, order: tuple[str, ...], right: NDArray[np.bool_]) -> bool:
    """Return whether answers tell of the image at all: one answer to all fits some order."""
    moved = Answers(answers.predictions, _moved(answers, order), order)
    return wilson(int(right.sum()), right.size)[0] > _chance(moved)


def _order(answers: Answers, orders: Mapping[str, Sequence[str]]) -> Observation:
    """Observe whether another order of the classes explains the answers better, beyond doubt."""
    n, title = len(answers.labels), "Order of the classes"
    found = better_order(answers, orders)
    if found is None:
        words = f"No other order of the {len(answers.classes):,} classes fits better (n = {n:,})"
        return Observation("class-order", title, words)
    now = float((answers.predictions == answers.labels).mean())
    moved = sum(a != b for a, b in zip(found.order, answers.classes, strict=True))
    words = (
        f"With {moved:,} of {len(answers.classes):,} outputs read as other classes, "
        f"{found.accuracy:.0%} of {n:,} images are named rightly instead of {now:.0%}"
    )
    clear = found.name != ASSIGNED or found.accuracy >= CLEAR
    sure = clear and found.p < BEYOND_DOUBT and found.gain >= GAIN
    strength: Strength = "strong" if sure else "weak"
    return Observation("class-order", title, words, strength, f"give --class-order {found.option}")


def _moved(answers: Answers, order: Sequence[str]) -> Indices:
    """Return the labels as indices into another order of the same names; -1 where it lacks one."""
    index_of = {name: i for i, name in enumerate(order)}
    return np.array([index_of.get(name, -1) for name in answers.classes])[answers.labels]


def _assigned_across(answers: Answers) -> NDArray[np.bool_]:
    """Return what is right with outputs assigned to classes by the other half of the images."""
    half = _halves(answers.labels)
    right = np.zeros(len(half), bool)
    for this in (False, True):
        learnt, asked = half != this, half == this
        n = len(answers.classes)
        output = assignment(answers.predictions[learnt], answers.labels[learnt], n)
        right[asked] = answers.predictions[asked] == output[answers.labels[asked]]
    return right


def _halves(labels: Indices) -> NDArray[np.bool_]:
    """Return every second image of each class."""
    order = np.argsort(labels, kind="stable")
    first = np.searchsorted(labels[order], labels[order])
    half = np.empty(len(labels), bool)
    half[order] = (np.arange(len(labels)) - first) % 2 == 1
    return half


def assigned_order(answers: Answers) -> tuple[str, ...]:
    """Return class names in the order of outputs that names most images rightly."""
    output = assignment(answers.predictions, answers.labels, len(answers.classes))
    return tuple(answers.classes[label] for label in np.argsort(output))
