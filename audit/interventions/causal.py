"""Causes of a prediction: log-odds under interventions, the two-player Shapley share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

NAN = float("nan")


def log_odds(logits: NDArray[Any], target: int) -> NDArray[np.float64]:
    """Return the log-odds of class ``target`` under a softmax: ``log(p / (1 - p))``.

    Parameters
    ----------
    logits : float ``(..., classes)``
        Two classes or more.

    Returns
    -------
    float64 ``(...)``
        Unbounded; above 0 the class is likelier than all others together.
    """
    values = np.asarray(logits, dtype=np.float64)
    others = np.delete(values, target, axis=-1)
    highest = others.max(axis=-1)
    rest = highest + np.log(np.exp(others - highest[..., None]).sum(axis=-1))
    return np.asarray(values[..., target] - rest)


@dataclass(frozen=True)
class Answer:
    """An answer, and how sure it is.

    Attributes
    ----------
    prediction : int
        -1 where not tried.
    confidence : float
        Softmax of the answer, 0..1, for display only: effects are of log-odds. NaN where not tried.
    """

    prediction: int = -1
    confidence: float = NAN


def answers(logits: NDArray[Any]) -> tuple[Answer, ...]:
    """Return the answer of every row of logits ``(n, classes)``."""
    values = np.asarray(logits, dtype=np.float64)
    below = np.exp(values - values.max(axis=1, keepdims=True)).sum(axis=1)
    return tuple(
        Answer(int(answer), float(1 / total))
        for answer, total in zip(values.argmax(axis=1), below, strict=True)
    )


@dataclass(frozen=True)
class Shares:
    """Two-player Shapley values of foreground and background, in log-odds.

    Attributes
    ----------
    foreground, background : float
        Mean gain by adding the part; their sum is ``full - nothing`` (efficiency).
    share : float
        ``max(background, 0) / (max(background, 0) + max(foreground, 0))``, 0..1, lower is better:
        how much of what speaks for the class comes from the background. NaN, with the ``reason``,
        where nothing speaks for it.
    """

    foreground: float = NAN
    background: float = NAN
    share: float = NAN
    reason: str = ""


def shapley(full: float, foreground: float, background: float, nothing: float) -> Shares:
    """Share out ``full - nothing`` between foreground and background (Shapley 1953, two players).

    Parameters
    ----------
    full, foreground, background, nothing : float
        Log-odds with both parts, with the foreground or the background alone, with neither.
    """
    by_foreground = ((foreground - nothing) + (full - background)) / 2
    by_background = ((background - nothing) + (full - foreground)) / 2
    speaks = max(by_foreground, 0) + max(by_background, 0)
    if not np.isfinite(speaks) or speaks <= 0:
        return Shares(by_foreground, by_background, NAN, "neither part speaks for the class")
    return Shares(by_foreground, by_background, max(by_background, 0) / speaks)


@dataclass(frozen=True)
class Removal:
    """A targeted removal: one region of the background filled in.

    Attributes
    ----------
    proposer : str
        What proposed the region: an explainer, ``both`` of those that verdicts rest on, or
        ``scan``; "" where none was found.
    area : float
        Share of the image, 0..1.
    place : str
        Where it lies, in words.
    lost : float
        Log-odds that the removal costs the explained class.
    prediction : int
        The answer without the region; -1 where none was tried.
    controls, controls_flipped : int
        Regions of its shape and distance to the centre elsewhere, and those that flip the answer.
    control_lost : float
        The most that a control costs; NaN without controls.
    fills, fills_flipped : int
        Kinds of fill that the region was filled by, and those by which the answer changes.
    resembles : float
        How much the region looks like the foreground, 0..1; NaN where no verdict hangs on it.
    confidence : float
        Of the answer without the region, as in `Answer`.
    """

    proposer: str = ""
    area: float = NAN
    place: str = ""
    lost: float = NAN
    prediction: int = -1
    controls: int = 0
    controls_flipped: int = 0
    control_lost: float = NAN
    fills: int = 0
    fills_flipped: int = 0
    resembles: float = NAN
    confidence: float = NAN

    def flips(self, explained: int) -> bool:
        """Return whether the answer changes for the region and for none of its controls, if any."""
        changed = self.prediction >= 0 and self.prediction != explained
        return changed and not self.controls_flipped


@dataclass(frozen=True)
class Edited:
    """Outcome of one edit of the background.

    Attributes
    ----------
    lost : float
        Log-odds that it costs the explained class; below 0 where it speaks for it.
    prediction : int
        The answer; -1 where not tried.
    confidence : float
        Of that answer, as in `Answer`.
    """

    lost: float = NAN
    prediction: int = -1
    confidence: float = NAN


@dataclass(frozen=True)
class Causes:
    """Everything that interventions say of one image; the explained class is the predicted one.

    Attributes
    ----------
    reason : str
        Why nothing was tested; "" where it was.
    log_odds : float
        Of the explained class in the image as it is.
    shares : Shares
        Of foreground and background.
    survival, survival_same : float
        Share of donors' backgrounds on which the foreground keeps the answer, 0..1: of images of
        other classes, and of its own.
    background_log_odds : float
        Of the explained class in the background alone, its foreground filled in.
    donors : int
        Backgrounds that the foreground was tried on.
    swaps : tuple of Answer
        Of the foreground on each: on the donors' in their order, last on its own, blurred until
        hardly a cue is left.
    without_foreground, only_foreground, pasted_back, mixed_same : int
        Answers for the background alone, the foreground on black, the foreground pasted back on
        its own background, and on one of its class; -1 where not tried.
    mixed_rand : float
        Share of donors' backgrounds on which the answer is the label, 0..1.
    removal : Removal
        The decisive region, else the one that cost most.
    edits : mapping of Edited
        By the keys of `audit.core.edits.EDITS`; empty where none was made.
    edit_donor : int
        Place in the pool of the background that edits took from; -1 where none was made.
    passes : int
        Forward passes that it took.
    asked : tuple of str
        What was asked, of `audit.core.questions.QUESTIONS`, in order.
    stopped_by : tuple of str
        Why the others were not, of `audit.core.questions.STOPS`.
    """

    reason: str = ""
    log_odds: float = NAN
    shares: Shares = Shares()
    survival: float = NAN
    survival_same: float = NAN
    background_log_odds: float = NAN
    donors: int = 0
    swaps: tuple[Answer, ...] = ()
    without_foreground: int = -1
    only_foreground: int = -1
    pasted_back: int = -1
    mixed_same: int = -1
    mixed_rand: float = NAN
    removal: Removal = Removal()
    edits: Mapping[str, Edited] = field(default_factory=dict)
    edit_donor: int = -1
    passes: int = 0
    asked: tuple[str, ...] = ()
    stopped_by: tuple[str, ...] = ()

    def with_asked(self, question: str, passes: int = 0) -> Causes:
        """Return the same after one more question, and the passes that it took."""
        return replace(self, asked=(*self.asked, question), passes=self.passes + passes)

    def without(self, stop: str) -> Causes:
        """Return the same with a question left out, and why."""
        return replace(self, stopped_by=(*self.stopped_by, stop))
