"""One phase of training: epochs, the best of which is kept, going on where a killed one stopped."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from typing import Any

from audit.core.ahead import ahead
from audit.core.track import Track
from audit.training.backup import Backup, Row
from audit.training.replicas import Replicas, Step

_AHEAD = 2  # batches made ready while the model is at work
Judge = Callable[[], tuple[float, float]]


@dataclass
class Phase:
    """Phase of training: what is trained, on what, for how long.

    Attributes
    ----------
    batches : callable
        Gives an epoch's batches (images or features, labels, weights).
    judge : callable
        Gives accuracy and loss on validation.
    patience : int
        Epochs without a better one after which to stop; 0 never stops.
    """

    name: str
    model: Any
    batches: Callable[[int], Generator[Any, None, None]]
    judge: Judge
    epochs: int
    patience: int
    steps: int


@dataclass
class Fitted:
    """History of a phase, its best epoch (from 0), and seconds in all and in the model's steps."""

    rows: list[Row]
    best: int
    seconds: float = 0.0
    in_steps: float = 0.0


def fit(phase: Phase, backup: Backup, replicas: Replicas, track: Track) -> Fitted:
    """Train a phase to its end; the model has the best epoch's weights afterwards."""
    step = replicas.step(phase.model)
    found = Fitted(backup.rows(), 0)
    found.best = best_epoch(found.rows)
    phase.model.optimizer.build(phase.model.trainable_variables)  # else its state is not loaded
    if found.rows:
        backup.load(phase.model, len(found.rows) - 1)
    left = range(len(found.rows), phase.epochs)
    ticks = iter(track(range(len(left) * phase.steps), phase.name, len(left) * phase.steps))
    for epoch in left:
        if _stalled(found, phase.patience):
            break
        row = {"epoch": epoch + 1, **_epoch(phase, step, epoch, found, ticks)}
        accuracy, loss = phase.judge()
        found.rows += backup.agreed([row | {"val_accuracy": accuracy, "val_loss": loss}])
        found.best = best_epoch(found.rows)
        backup.save(phase.model, found.rows, found.best)
    if found.rows:
        backup.load(phase.model, found.best)
    return found


def best_epoch(rows: list[Row]) -> int:
    """Return the epoch of highest accuracy on validation, then lowest loss, then the earliest."""
    return max(
        range(len(rows)), key=lambda i: (rows[i]["val_accuracy"], -rows[i]["val_loss"]), default=0
    )


def _stalled(found: Fitted, patience: int) -> bool:
    return bool(patience) and len(found.rows) - 1 - found.best >= patience


def _epoch(phase: Phase, step: Step, epoch: int, found: Fitted, ticks: Iterator[int]) -> Row:
    """Train an epoch; return its mean accuracy and loss over all examples."""
    begun, seen = time.perf_counter(), 0
    sums = dict.fromkeys(("accuracy", "loss"), 0.0)
    for images, labels, weights in ahead(phase.batches(epoch), _AHEAD):
        start = time.perf_counter()
        logs = step(images, labels, weights)
        found.in_steps += time.perf_counter() - start
        seen += len(images)
        for name in sums:  # those of this batch alone
            sums[name] += len(images) * float(logs[name])
        next(ticks, None)
    found.seconds += time.perf_counter() - begun
    return {name: total / seen for name, total in sums.items()}
