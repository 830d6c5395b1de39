"""A service elsewhere as a function: asked in batches, again where it fails, and not too often."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from audit.core.errors import ModelError, first_line
from audit.models.answering.model import Images, Predict, name_of

log = logging.getLogger("audit")


class Service:
    """A function that asks another one, as long as that has its moods: for ``audit.run(model=)``.

    Parameters
    ----------
    ask : callable
        uint8 images ``(n, H, W, 3)``, RGB, to logits or probabilities ``(n, classes)``; raises
        where it fails.
    batch : int
        Images a call, at most.
    tries : int
        Calls for the same images, the first included, before the audit ends.
    wait : float
        Seconds before the second try; twice as long before each further one.
    per_second : float, optional
        Calls, at most; as many as it answers by default.
    """

    def __init__(
        self,
        ask: Predict,
        *,
        batch: int = 8,
        tries: int = 5,
        wait: float = 1.0,
        per_second: float | None = None,
    ) -> None:
        if batch < 1 or tries < 1 or wait < 0 or (per_second is not None and per_second <= 0):
            raise ModelError("A service needs batch and tries of 1 or more, and times above 0.")
        self._ask, self._batch, self._tries, self._wait = ask, batch, tries, wait
        self._apart = 1 / per_second if per_second else 0.0
        self._next = 0.0  # when it may be called again
        self.__module__, _, self.__qualname__ = name_of(ask).partition(":")

    def __call__(self, images: Images) -> NDArray[np.float32]:
        """Return what is answered to images ``(n, H, W, 3)``: float32 ``(n, classes)``.

        Raises
        ------
        ModelError
            It failed as often as it was to be tried, or answered another number of images.
        """
        starts = range(0, len(images), self._batch)
        return np.concatenate([self._answers(images[i : i + self._batch]) for i in starts])

    def _answers(self, images: Images) -> NDArray[np.float32]:
        found = np.asarray(self._tried(lambda: self._ask(images)), np.float32)
        if found.ndim != 2 or len(found) != len(images):
            raise ModelError(
                f"{self.__qualname__} returned {found.shape} for {len(images)} images: let it "
                "return one row an image."
            )
        return found

    def _tried(self, call: Callable[[], Any]) -> Any:
        """Return what a call gives, trying again where it raises."""
        for number in range(1, self._tries + 1):
            self._pause()
            try:
                return call()
            except Exception as error:  # whatever a network, a client or a server raises
                said = f"{type(error).__name__}: {first_line(error)}"
                if number == self._tries:
                    raise ModelError(
                        f"{self.__qualname__} failed {number} times, the last time with {said}."
                    ) from error
                pause = self._wait * 2 ** (number - 1)
                log.info("%s failed (%s): tried again in %g s.", self.__qualname__, said, pause)
                time.sleep(pause)
        raise AssertionError  # the last try returned or raised

    def _pause(self) -> None:
        """Wait until a call is allowed again."""
        now = time.monotonic()
        if now < self._next:
            time.sleep(self._next - now)
        self._next = max(now, self._next) + self._apart
