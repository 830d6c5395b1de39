"""Studies of images side by side: what they want to see fills the model's calls together."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Generic, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from audit.explainers.base import PASS
from audit.interventions.explained import Image, Logits

Found = TypeVar("Found")
Predict = Callable[[NDArray[np.float32]], NDArray[np.float32]]
Study = Generator[list[Image], Logits, Found]
"""Yields images, is sent their logits ``(n, classes)``, and returns what it found."""


@dataclass
class _Asked(Generic[Found]):
    """What one study wants to see next, and the answers so far."""

    place: int
    study: Study[Found]
    images: list[Image]
    answers: list[Logits] = field(default_factory=list)

    def left(self) -> list[tuple[_Asked[Found], Image]]:
        """Return the images that are still to be shown."""
        return [(self, image) for image in self.images[len(self.answers) :]]


def answered(study: Study[Found], read: Callable[[Logits], Logits]) -> Study[Found]:
    """Run a study that is sent what ``read`` makes of logits."""
    try:
        images = next(study)
        while True:
            images = study.send(read((yield images)))
    except StopIteration as ended:
        return cast(Found, ended.value)


def together(studies: Iterable[Study[Found]], predict: Predict) -> list[Found]:
    """Run studies to their ends, and return what each found, in order.

    A study begins only when those that run leave a call unfilled, so few are in memory.

    Parameters
    ----------
    studies : iterable of generators
        Each asks for one image or more at a time.
    predict : callable
        Float32 images ``(n, H, W, 3)``, `PASS` at most, to float32 logits ``(n, classes)``; what it
        returns must not refer to the images, whose memory is used again.
    """
    done: dict[int, Found] = {}
    asked: list[_Asked[Found]] = []
    fresh, shown = enumerate(studies), _Shown()
    while True:
        for place, study in _begun(fresh, asked):
            asked += _next(place, study, None, done)
        call = list(islice(chain.from_iterable(a.left() for a in asked), PASS))
        if not call:
            return [done[place] for place in range(len(done))]
        for (owner, _), logits in zip(call, predict(shown([i for _, i in call])), strict=True):
            owner.answers.append(logits)
        asked = [following for each in asked for following in _on(each, done)]


def _begun(
    fresh: Iterator[tuple[int, Study[Found]]], asked: list[_Asked[Found]]
) -> Iterator[tuple[int, Study[Found]]]:
    """Yield studies while what is asked does not fill a call."""
    while sum(len(each.left()) for each in asked) < PASS:
        found = next(fresh, None)
        if found is None:
            return
        yield found


def _on(asked: _Asked[Found], done: dict[int, Found]) -> list[_Asked[Found]]:
    """Return what is still asked of a study, or what it asks next."""
    if asked.left():
        return [asked]
    return _next(asked.place, asked.study, np.stack(asked.answers), done)


def _next(
    place: int, study: Study[Found], answers: Logits | None, done: dict[int, Found]
) -> list[_Asked[Found]]:
    """Return what a study asks next; nothing where it has ended."""
    try:
        return [_Asked(place, study, study.send(answers))]  # type: ignore[arg-type]
    except StopIteration as end:
        done[place] = end.value
        return []


class _Shown:
    """One call's images in the same memory every time: fresh pages cost as much as a composite."""

    def __init__(self) -> None:
        self._memory: NDArray[np.float32] | None = None

    def __call__(self, images: list[Image]) -> NDArray[np.float32]:
        if self._memory is None:
            self._memory = np.empty((PASS, *images[0].shape), np.float32)
        return np.stack(images, out=self._memory[: len(images)])
