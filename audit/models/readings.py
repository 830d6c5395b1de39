"""What the outputs of a model are that cannot be looked into: logits, or probabilities."""

from __future__ import annotations

from copy import copy
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from audit.core.errors import ModelError
from audit.models.base import Differentiable

LEAST = 1e-20  # a probability; less has no log-odds
_SAME = 1e-3  # how far probabilities may be from a sum of 1
LOG, LOG_ODDS, LINEAR = "probabilities (log)", "probabilities (log-odds)", "linear"


class Reading(NamedTuple):
    """How outputs become one float32 logit a class.

    Attributes
    ----------
    end : str
        `LOG` or `LOG_ODDS` of probabilities, `LINEAR` of what is read as logits.
    units : int
        Number of values an image; one unit tells two classes apart.
    bounded : bool
        Whether outputs lie in 0..1 and are read as logits nevertheless.
    several : bool
        Whether each is read by itself, as of a label that is there or not.
    """

    end: str
    units: int
    bounded: bool
    several: bool = False

    @property
    def threshold(self) -> float:
        """Logit at which one unit tells the classes apart."""
        return 0.0

    @property
    def classes(self) -> int:
        """Number of logits."""
        return 2 * self.units if self.units == 1 or self.several else self.units

    def each_alone(self) -> Reading:
        """Return the reading of every output by itself; in 0..1 they are probabilities then."""
        end = LOG_ODDS if self.bounded else self.end
        return self._replace(end=end, bounded=False, several=True)

    def logits(self, outputs: Any, library: Any) -> Any:
        """Return logits ``(n, classes)`` of outputs ``(n, units)``.

        Parameters
        ----------
        library : module
            ``numpy`` or ``torch``, of whose arrays the outputs are.
        """
        found = outputs
        if self.end != LINEAR:
            found = library.log(library.clip(outputs, LEAST, None))
        if self.end == LOG_ODDS:
            found = found - library.log(library.clip(1 - outputs, LEAST, None))
        if self.several:
            return library.concatenate([found / 2, -found / 2], 1)
        if self.units > 1:
            return found
        return library.concatenate([-found / 2, found / 2], 1)


class Read(Differentiable):
    """A classifier whose logits are a reading of its model's outputs.

    Attributes
    ----------
    answer : Reading
    """

    answer: Reading

    def read(self, answer: Reading) -> None:
        """Take outputs for what they are read as."""
        self.answer = answer
        self.end, self.units, self.classes = answer.end, answer.units, answer.classes

    def each_alone(self) -> Self:
        """Return the classifier whose outputs are read each by itself: of several labels."""
        other = copy(self)
        other.read(self.answer.each_alone())
        other.several = True
        return other


def exclude_each_other(end: str) -> bool:
    """Say whether outputs of such an end are of classes of which an image has one."""
    return "softmax" in end or LOG in end


def reading(outputs: NDArray[Any]) -> Reading:
    """Tell what outputs are by those for the trial images.

    Parameters
    ----------
    outputs : float ``(n, units)``

    Raises
    ------
    ModelError
        They are no vector with one number a class.
    """
    if outputs.ndim != 2:
        raise ModelError(
            f"The model's output has the shape {outputs.shape[1:]} an image: an audit needs one "
            "number a class."
        )
    units = outputs.shape[1]
    within = bool(np.isfinite(outputs).all() and outputs.min() >= 0 and outputs.max() <= 1)
    varied = bool(np.ptp(outputs))
    if units == 1 and within and varied:
        return Reading(LOG_ODDS, 1, False)
    if units > 1 and within and np.allclose(outputs.sum(axis=1), 1, atol=_SAME):
        return Reading(LOG, units, False)
    return Reading(LINEAR, units, within and varied)
