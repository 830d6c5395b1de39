"""Models of which nothing is known but their answers, with the face that an audit needs."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from audit.core.errors import ModelError, first_line
from audit.models.inputs import ImageInput
from audit.models.probes import probes

Images = NDArray[np.uint8]
Predict = Callable[[Images], Any]
"""uint8 images ``(n, H, W, 3)``, RGB, to logits or probabilities ``(n, classes)``."""


class Answering(Protocol):
    """A model of which nothing is known but its answers.

    Attributes
    ----------
    name : str
    why : str
        Why nothing but its answers is to be had, to be read after "because".
    """

    name: str
    why: str

    def input(self, image_size: int | None) -> ImageInput:
        """Return what it takes; ``image_size`` where it does not say its size."""

    def __call__(self, images: NDArray[Any]) -> NDArray[Any]:
        """Return outputs of images ``(n, H, W, 3)``, as its input takes them."""

    def identity(self) -> dict[str, str]:
        """Return hashes of what stands for architecture and weights."""

    def count_params(self) -> int | None:
        """Return the number of its weights; None where it has none to count."""


class Function:
    """A Python function, or any object that can be called, as a model.

    Parameters
    ----------
    predict : callable
        uint8 images ``(n, H, W, 3)``, RGB, to logits or probabilities ``(n, classes)``.
    size : int or None
        Side of these images.

    Raises
    ------
    ModelError
        No size is given.
    """

    why = "the model gives its answers alone"

    def __init__(self, predict: Predict, size: int | None) -> None:
        self.predict, self.name = predict, name_of(predict)
        if not size:
            raise ModelError(
                f"{self.name} does not say the size of its images: give image_size (most take 224)."
            )
        self.size = size

    def input(self, image_size: int | None) -> ImageInput:
        """Return what it takes: whole pixels, of its size."""
        return ImageInput(self.size, whole=True)

    def __call__(self, images: NDArray[Any]) -> NDArray[Any]:
        """Return outputs of uint8 images ``(n, H, W, 3)``."""
        try:
            return np.asarray(self.predict(images), np.float32)
        except ModelError:
            raise
        except Exception as error:  # code of others raises anything
            raise ModelError(
                f"{self.name} cannot answer {len(images)} images {images.shape[1:]} of uint8: "
                f"{type(error).__name__}: {first_line(error)}."
            ) from error

    def identity(self) -> dict[str, str]:
        """Return hashes of its name, and of its outputs for the trial images."""
        outputs = self(probes(self.size).astype(np.uint8))
        return {
            "architecture_sha256": hashed([self.name.encode()]),
            "weights_sha256": hashed([np.ascontiguousarray(outputs, np.float32).tobytes()]),
        }

    def count_params(self) -> int | None:
        """Return None: a function has no weights to count."""
        return None


def name_of(model: Any) -> str:
    """Return the name of an object that is called: its module's and its own, or its class's."""
    own = model if hasattr(model, "__qualname__") else type(model)
    return f"{own.__module__}:{own.__qualname__}"


def hashed(parts: Sequence[bytes]) -> str:
    """Return the SHA-256 of parts, each told apart from the next."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(hashlib.sha256(part).digest())
    return digest.hexdigest()
