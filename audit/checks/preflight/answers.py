"""What a model's answers to labelled images say of how its outputs are read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audit.checks.preflight.matching import Indices, assignment
from audit.observation import Observation, Strength
from audit.score.paired import holm, mcnemar
from audit.score.statistics import wilson

BEYOND_DOUBT, DOUBTFUL = 0.001, 0.01  # p-values, after Holm over the orders tried
GAIN = 0.2  # of all images: what another order must win at least to stop a run
MOST_NAN = 0.1  # of all images: from where on answers that are no numbers stop a run
ASSIGNED = "assigned"  # the order found by assignment, among those that have a name
NAMED = 300  # characters of class names in one line


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
    found = [_numbers(finite)]
    if finite.any():
        known = Answers(answers.predictions[finite], answers.labels[finite], answers.classes)
        found += [_accuracy(known), _constant(known)]
        found += [] if orders is None else [_order(known, orders)]
    return found


def _numbers(finite: NDArray[np.bool_]) -> Observation:
    n, bad = len(finite), int((~finite).sum())
    title = "Answers are numbers"
    if not bad:
        return Observation("nan-outputs", title, f"The model answers all of {n:,} images")
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
    if low > chance or len(answers.classes) < 2:
        return Observation("accuracy", "Accuracy against chance", words)
    mend = "check that this model was trained for these classes and pixels"
    return Observation("accuracy", "Accuracy against chance", f"Only {words}", "weak", mend)


def _chance(answers: Answers) -> float:
    """Share that would be right if the answers were dealt out anew among the images."""
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
        f"All of {n:,} images of {there:,} classes get the answer {name!r}",
        "weak",
        "look whether the model is trained, and which --input-scaling it wants",
    )


def _order(answers: Answers, orders: Mapping[str, Sequence[str]]) -> Observation:
    """Whether another order of the classes explains the answers better, beyond doubt."""
    right = answers.predictions == answers.labels
    found = _better(right, _tried(answers, orders))
    if found is None:
        many = f"{len(answers.classes):,} classes"
        words = f"No other order of the {many} fits better (n = {right.size:,})"
        return Observation("class-order", "Order of the classes", words)
    name, p, other = found
    gain = other.mean() - right.mean()
    strength: Strength = "strong" if p < BEYOND_DOUBT and gain >= GAIN else "weak"
    words, mend = _said(answers, name, float(other.mean()), float(right.mean()))
    return Observation("class-order", "Order of the classes", words, strength, mend)


def _tried(answers: Answers, orders: Mapping[str, Sequence[str]]) -> dict[str, NDArray[np.bool_]]:
    """Which images every other order would name rightly; orders with a name come first."""
    named = {
        name: answers.predictions == _moved(answers, order)
        for name, order in orders.items()
        if tuple(order) != answers.classes
    }
    return named | {ASSIGNED: _assigned_across(answers)}


def _better(
    right: NDArray[np.bool_], tried: Mapping[str, NDArray[np.bool_]]
) -> tuple[str, float, NDArray[np.bool_]] | None:
    """The order that names most images rightly, where that is more than luck, and its p-value."""
    chances = holm([mcnemar(right, other).exact for other in tried.values()])
    best, p = max(zip(tried, chances, strict=True), key=lambda found: tried[found[0]].sum())
    better = tried[best].sum() > right.sum() and p < DOUBTFUL
    return (best, p, tried[best]) if better else None


def _said(answers: Answers, best: str, would: float, now: float) -> tuple[str, str]:
    n = len(answers.labels)
    shares = f"{would:.0%} of {n:,} images are named rightly instead of {now:.0%}"
    if best != ASSIGNED:
        return f"With the classes in the order {best!r}, {shares}", f"give --class-order {best}"
    order = assigned_order(answers)
    listed = ", ".join(order)
    file = "give --class-order FILE with one class a line in the order of the model's outputs"
    seen = f"{file}, here {listed}" if len(listed) <= NAMED else f"{file} (--write-order writes it)"
    moved = sum(a != b for a, b in zip(order, answers.classes, strict=True))
    return f"With {moved:,} of the model's outputs read as other classes, {shares}", seen


def _moved(answers: Answers, order: Sequence[str]) -> Indices:
    """The labels as indices into another order of the same names; -1 where it lacks one."""
    place = {name: i for i, name in enumerate(order)}
    return np.array([place.get(name, -1) for name in answers.classes])[answers.labels]


def _assigned_across(answers: Answers) -> NDArray[np.bool_]:
    """What is right with outputs assigned to classes by the other half of the images."""
    half = _halves(answers.labels)
    right = np.zeros(len(half), bool)
    for this in (False, True):
        learnt, asked = half != this, half == this
        n = len(answers.classes)
        output = assignment(answers.predictions[learnt], answers.labels[learnt], n)
        right[asked] = answers.predictions[asked] == output[answers.labels[asked]]
    return right


def _halves(labels: Indices) -> NDArray[np.bool_]:
    """Every second image of each class."""
    order = np.argsort(labels, kind="stable")
    first = np.searchsorted(labels[order], labels[order])
    half = np.empty(len(labels), bool)
    half[order] = (np.arange(len(labels)) - first) % 2 == 1
    return half


def assigned_order(answers: Answers) -> tuple[str, ...]:
    """Class names in the order of outputs that names most images rightly."""
    output = assignment(answers.predictions, answers.labels, len(answers.classes))
    return tuple(answers.classes[label] for label in np.argsort(output))
