"""A classifier that gives logits alone: no feature map, no gradient, no other weights."""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from audit.core.errors import ModelError
from audit.core.observation import Observation
from audit.core.registries import JUDGED
from audit.models.answering.model import Answering
from audit.models.closed import Closed
from audit.models.observations import observe_logits, observe_pixels, outputs_in_words
from audit.models.probes import finite_share, is_alike, probes
from audit.models.readings import Read, reading
from audit.models.scaling import range_of, treated

Arrays = NDArray[np.float32]


class AnsweringClassifier(Closed, Read):
    """A model's answers read as `audit.models.base.Classifier`.

    Parameters
    ----------
    model : Answering
    image_size : int, optional
        Side of the input, where the model does not say it.
    scaling : str
        What the model wants for pixels, as `audit.models.scaling.treated` takes it.

    Attributes
    ----------
    outputs : float ``(n, units)``
        Of the model, for the trial images.
    lacks : dict of str
        Why explainers that look inside are not available, by key.

    Raises
    ------
    ModelError
        It does not answer such images, or is no image classifier.
    """

    def __init__(
        self, model: Answering, image_size: int | None = None, scaling: str = "0..255"
    ) -> None:
        self.model, self.scaling = model, scaling
        self.input = model.input(image_size)
        self.input_size = self.input.size
        if self.input.whole and not scaling.startswith("0..255"):
            raise ModelError(
                f"{model.name} takes whole pixels, 0..255, not {scaling}: leave --input-scaling "
                "out, and let the model scale them itself."
            )
        self.lacks = dict.fromkeys(JUDGED, model.why)
        self.seen_range = range_of(scaling)
        images = probes(self.input_size)
        self.outputs = self._outputs(images)
        self.read(reading(self.outputs))
        self._look(images)

    def logits(self, images: Any) -> Arrays:
        """Return float32 logits ``(n, classes)`` of images ``(n, H, W, 3)`` in 0..255."""
        outputs = self._outputs(np.asarray(images, np.float32))
        if outputs.shape != (len(images), self.units):
            raise ModelError(
                f"{self.model.name} returned {outputs.shape} for {len(images)} images, not "
                f"{(len(images), self.units)}: let it return one row an image."
            )
        return np.asarray(self.answer.logits(outputs, np), np.float32)

    def gradient(self, images: Any, targets: Any) -> NoReturn:
        """Raise `ModelError`: there is no gradient."""
        self.refuse("gradients", "ig")

    def observations(self) -> list[Observation]:
        """Observe what the model was taken for, for a preflight."""
        return [*observe_logits(self), observe_pixels(self)]

    def describe(self) -> str:
        """Return one line that says what was found."""
        return (
            f"{self.model.name}, answers alone, input {self.input_size}x{self.input_size}, scaled "
            f"to {self.scaling}, {outputs_in_words(self)}"
        )

    def _outputs(self, images: Arrays) -> NDArray[Any]:
        """Return the model's outputs of images in 0..255, given as it takes them."""
        given = np.asarray(self.input.fed(treated(self.scaling, images)))
        if self.input.whole:
            given = np.rint(np.clip(given, 0, 255)).astype(np.uint8)
        return self.model(given)

    def _look(self, images: Arrays) -> None:
        """See whether logits for the trial images are finite, and the same for one alone."""
        logits = np.asarray(self.answer.logits(self.outputs, np), np.float32)
        self.finite = finite_share(logits)
        self.alike_alone = is_alike(self.logits(images[-1:])[0], logits[-1])
