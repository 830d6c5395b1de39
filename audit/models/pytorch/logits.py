"""A PyTorch model's logits, and their gradients by its images: what any of them gives."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from audit.core.errors import ModelError, first_line
from audit.core.observation import Observation
from audit.models.inputs import ImageInput
from audit.models.observations import observe_answers, observe_logits, outputs_in_words
from audit.models.probes import finite_share, is_alike, probes
from audit.models.pytorch.model import TorchModel
from audit.models.readings import Read, reading
from audit.models.scaling import colours_of, range_of, treated

Arrays = NDArray[np.float32]


class TorchLogits(Read):
    """A PyTorch model's answers read as logits, differentiable by its images.

    Parameters
    ----------
    model : TorchModel
    image_size : int, optional
        Side of the input. Default: the model's own, where it says so.
    scaling : str
        What the model wants for pixels, as `audit.models.scaling.treated` takes it.

    Raises
    ------
    ModelError
        It does not run on such images, or is no image classifier.
    """

    def __init__(
        self, model: TorchModel, image_size: int | None = None, scaling: str = "0..255"
    ) -> None:
        self.model = model
        self.scaling = scaling
        self.input_size = _size(model, image_size)
        self.input = ImageInput(self.input_size)
        self.seen_range = range_of(scaling)
        self._matrix = colours_of(self.scaling)
        self._module = model.module
        self._device = next((p.device for p in self._module.parameters()), torch.device("cpu"))
        images = probes(self.input_size)
        outputs = self._tried(images)
        self.read(reading(outputs))
        self._look(images)

    def logits(self, images: Any) -> Arrays:
        """Return float32 logits ``(n, classes)`` of images ``(n, H, W, 3)`` in 0..255."""
        with self._quietly():
            return as_array(self._logits(self._given(images)))

    def gradient(self, images: Any, targets: NDArray[np.int64]) -> tuple[Arrays, Arrays]:
        """Return gradients ``(n, H, W, 3)`` of logits by images in 0..255, and all logits."""
        given = self._given(images).requires_grad_()
        logits = self._logits(given)
        (found,) = torch.autograd.grad(chosen(logits, targets).sum(), given)
        by_pixels = as_array(found.permute(0, 2, 3, 1)) @ self._matrix.T
        return by_pixels, as_array(logits)

    def observations(self) -> list[Observation]:
        """Observe what the model was taken for: end and input, for a preflight."""
        own = " as its own configuration says" if self.scaling == self.model.pixels else ""
        words = f"The model is given RGB in 0..255, scaled to {self.scaling}{own}"
        pixels = Observation("pixels", "Input pixels", words.replace(", scaled to 0..255", ""))
        answers = observe_logits(self) if "ig" in self.lacks else observe_answers(self)
        return [*answers, pixels]

    def describe(self) -> str:
        """Return one line that says what was found."""
        return (
            f"{self._kind()}, input {self.input_size}x{self.input_size}, scaled to {self.scaling}, "
            f"{outputs_in_words(self)}"
        )

    def _kind(self) -> str:
        return "PyTorch"

    def _quietly(self) -> Any:
        """Return a context in which no gradient can be taken."""
        return torch.inference_mode()

    def _given(self, images: Any) -> torch.Tensor:
        """Return images as the model takes them: ``(n, 3, H, W)``."""
        scaled = np.asarray(treated(self.scaling, np.asarray(images, np.float32)))
        scaled = np.require(scaled, np.float32, "W")  # TensorFlow's results may not be written to
        return torch.from_numpy(scaled).to(self._device).permute(0, 3, 1, 2)

    def _logits(self, given: torch.Tensor) -> torch.Tensor:
        return self.answer.logits(self._module(given).float(), torch)

    def _tried(self, images: Arrays) -> Arrays:
        """Return the outputs ``(n, units)`` for the trial images."""
        try:
            with self._quietly():
                found = self._module(self._given(images))
        except Exception as error:  # PyTorch raises many kinds where shapes do not fit
            raise ModelError(
                f"The model does not run on {len(images)} images of {self.input_size} pixels: "
                f"{self._said(error)}: {self._mend()}."
            ) from None
        if not isinstance(found, torch.Tensor):
            raise ModelError(
                f"The model returns a {type(found).__name__}: an audit needs a tensor of one "
                "number a class."
            )
        return as_array(found.float())

    def _said(self, error: Exception) -> str:
        """Return what an error says, in a line."""
        return first_line(error)

    def _mend(self) -> str:
        """Return what to do where the model does not run."""
        if self.model.batch:
            return "export it for any number (dynamic_shapes=({0: torch.export.Dim.AUTO},))"
        return "give --image-size"

    def _look(self, images: Arrays) -> None:
        """See what the logits are for the trial images, and whether they have a gradient."""
        logits = self.logits(images)
        self.finite = finite_share(logits)
        self.alike_alone = is_alike(self.logits(images[-1:])[0], logits[-1])
        gradients, _ = self.gradient(images[:4:3], logits[:4:3].argmax(axis=-1))
        self.has_gradient = bool((gradients != 0).any())


def _size(model: TorchModel, asked: int | None) -> int:
    if model.exported and model.size and asked and asked != model.size:
        raise ModelError(
            f"The model takes {model.size} pixels, not {asked}: give --image-size {model.size}."
        )
    if not (asked or model.size):
        raise ModelError(
            "The model does not say the size of its images: give --image-size (most take 224)."
        )
    return int(asked or model.size or 0)


def chosen(logits: torch.Tensor, targets: NDArray[np.int64]) -> torch.Tensor:
    """Return each image's logit ``(n, 1)`` of its target ``(n,)``."""
    return logits.gather(1, torch.as_tensor(targets, device=logits.device)[:, None])


def as_array(found: torch.Tensor) -> Arrays:
    """Return a tensor of any device as float32."""
    return np.asarray(found.detach().cpu(), np.float32)
