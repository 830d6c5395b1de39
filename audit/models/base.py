"""The protocol of classifiers: what an audit needs of one, whatever it is made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from audit.core.observation import Observation


class Classifier(Protocol):
    """An image classifier whose logits can be had.

    Attributes
    ----------
    model : object
        As it was given or trained.
    input_size : int
        Side of the square input in pixels.
    classes : int
        Number of logits.
    scaling : str
        What the model wants for pixels; images come as RGB in 0..255.
    end : str
        What was taken off the model to reach the logits.
    feature_layer : str
        Path of the layer that Grad-CAM reads.
    feature_shape : tuple of int
        Height, width and channels of its map.
    """

    model: Any
    input_size: int
    classes: int
    scaling: str
    end: str
    feature_layer: str
    feature_shape: tuple[int, ...]

    def logits(self, images: NDArray[np.float32]) -> Any:
        """Return float32 logits ``(n, classes)`` of images ``(n, H, W, 3)`` in 0..255."""

    def untrained(self, seed: int) -> Classifier:
        """Return a classifier of the same form with weights drawn anew."""

    def observations(self) -> Sequence[Observation]:
        """Observe what the model was taken for, for a preflight."""

    def describe(self) -> str:
        """Return one line that says what was found."""
