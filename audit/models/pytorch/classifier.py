"""A PyTorch model as a classifier: logits, and gradients by its images and by its feature map."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy, deepcopy
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from audit.core.errors import ModelError, first_line
from audit.core.observation import Observation
from audit.models.base import FeatureGradient
from audit.models.inputs import ImageInput
from audit.models.observations import observe_answers, observe_layer, outputs_in_words
from audit.models.probes import probes
from audit.models.pytorch.featuremap import find_map
from audit.models.pytorch.source import TorchModel
from audit.models.pytorch.steps import steps_of
from audit.models.readings import reading
from audit.models.scaling import colours_of, range_of, treated

_ALIKE = 2e-2  # how far an image's answers alone and in a batch may be apart, relative to 1 or more
Arrays = NDArray[np.float32]


class _Head(NamedTuple):
    """A dense layer on the pooled map, in place of the model's own end."""

    kernel: torch.Tensor
    bias: torch.Tensor


class TorchClassifier:
    """A PyTorch model read as `Classifier`, differentiable; without gradients of its weights.

    Parameters
    ----------
    model : TorchModel
    feature_layer : str, optional
        Path of a module, or name of an operation of an exported program, whose result Grad-CAM
        reads. Default: the last map that all later steps read alone.
    image_size : int, optional
        Side of the input. Default: the model's own, where it says so.
    scaling : str
        What the model wants for pixels, as `audit.models.scaling.treated` takes it.

    Raises
    ------
    ModelError
        It does not run on such images, or is no image classifier.
    """

    several = False
    lacks: Mapping[str, str] = MappingProxyType({})

    def __init__(
        self,
        model: TorchModel,
        feature_layer: str | None = None,
        image_size: int | None = None,
        scaling: str = "0..255",
    ) -> None:
        self.model = model
        self.scaling = scaling
        self.input_size = _size(model, image_size)
        self.input = ImageInput(self.input_size)
        self.seen_range = range_of(scaling)
        self._matrix = colours_of(self.scaling)
        self._module = model.module.requires_grad_(False)
        self._device = next((p.device for p in self._module.parameters()), torch.device("cpu"))
        self._head: _Head | None = None
        images = probes(self.input_size)
        outputs = self._tried(images)
        self.answer = reading(outputs)
        self.end, self.units, self.classes = self.answer.end, self.answer.units, self.answer.classes
        self._steps = steps_of(model)
        prefix = getattr(model.module, "num_prefix_tokens", None)
        pair = self._given(images[:4:3])  # noise and blots: every layer wakes
        self.cut = find_map(self._steps, pair, prefix, feature_layer)
        self.feature_layer = self.cut.path
        self.feature_shape: tuple[int, ...] = self.cut.shape
        self._look(images)

    def logits(self, images: Any) -> Arrays:
        """Return float32 logits ``(n, classes)`` of images ``(n, H, W, 3)`` in 0..255."""
        with torch.inference_mode():
            return _array(self._logits(self._given(images)))

    def gradient(self, images: Any, targets: NDArray[np.int64]) -> tuple[Arrays, Arrays]:
        """Return gradients ``(n, H, W, 3)`` of logits by images in 0..255, and all logits."""
        given = self._given(images).requires_grad_()
        logits = self._logits(given)
        (found,) = torch.autograd.grad(_chosen(logits, targets).sum(), given)
        by_pixels = _array(found.permute(0, 2, 3, 1)) @ self._matrix.T
        return by_pixels, _array(logits)

    def features(self, images: Any) -> Arrays:
        """Return feature maps ``(n, h, w, c)`` of images ``(n, H, W, 3)`` in 0..255."""
        with torch.inference_mode():
            return _array(self._features(self._given(images)))

    def feature_gradient(
        self, images: Any, targets: NDArray[np.int64] | None = None
    ) -> FeatureGradient:
        """Return feature maps, and gradients of a class's logit by them; see `FeatureGradient`."""
        kept: list[torch.Tensor] = []

        def watch(_: str, found: torch.Tensor) -> torch.Tensor:
            kept.append(found.detach().requires_grad_())
            return kept[0].clone()  # a step that changes it in place would change what is kept

        with torch.enable_grad():
            logits = self._logits(self._given(images), watch)
            answers = _array(logits)
            explained = answers.argmax(axis=-1) if targets is None else targets
            (found,) = torch.autograd.grad(_chosen(logits, explained).sum(), kept[0])
        maps = (_array(self.cut.layout.laid_out(part)) for part in (kept[0], found))
        return FeatureGradient(answers, explained, *maps)

    def untrained(self, seed: int) -> TorchClassifier:
        """Return a classifier of the same form with kernels drawn anew and no biases."""
        other, random = copy(self), torch.Generator().manual_seed(seed)
        other._module = deepcopy(self._module)
        for name, parameter in other._module.named_parameters():
            if parameter.ndim > 1:
                read = parameter[0].numel()
                drawn = torch.randn(parameter.shape, generator=random) / read**0.5
                parameter.data = drawn.to(parameter)
            elif name.endswith("bias"):
                parameter.data = torch.zeros_like(parameter)
        made = copy(self.model)
        made.module = other._module
        other._steps = steps_of(made)
        return other

    def with_head(self, kernel: Arrays, bias: Arrays) -> TorchClassifier:
        """Return a classifier of the same features under another head: pooling and a dense layer.

        Parameters
        ----------
        kernel, bias : float32 ``(channels, classes)``, ``(classes,)``

        Raises
        ------
        ModelError
            They are not for this feature map.
        """
        if kernel.shape != (self.feature_shape[-1], len(bias)):
            raise ModelError(
                f"A head of shape {kernel.shape} with {len(bias)} biases does not fit "
                f"{self.feature_layer}, which has {self.feature_shape[-1]} channels."
            )
        other = copy(self)
        given = (torch.from_numpy(np.array(part, np.float32)) for part in (kernel, bias))
        other._head = _Head(*(part.to(self._device) for part in given))
        other.end, other.classes, other.units = "linear", len(bias), len(bias)
        return other

    def each_alone(self) -> TorchClassifier:
        """Return the classifier whose outputs are read each by itself: of several labels."""
        other = copy(self)
        other.answer, other.several = self.answer.each_alone(), True
        other.end, other.classes = other.answer.end, other.answer.classes
        return other

    def observations(self) -> list[Observation]:
        """Observe what the model was taken for: end, input and feature layer, for a preflight."""
        own = " as its own configuration says" if self.scaling == self.model.pixels else ""
        words = f"The model is given RGB in 0..255, scaled to {self.scaling}{own}"
        pixels = Observation("pixels", "Input pixels", words.replace(", scaled to 0..255", ""))
        return [*observe_answers(self), pixels, observe_layer(self.cut)]

    def describe(self) -> str:
        """Return one line that says what was found."""
        height, width, channels = self.feature_shape
        return (
            f"PyTorch, features {self.feature_layer} ({height}x{width}x{channels}), input "
            f"{self.input_size}x{self.input_size}, scaled to {self.scaling}, "
            f"{outputs_in_words(self)}"
        )

    def _given(self, images: Any) -> torch.Tensor:
        """Return images as the model takes them: ``(n, 3, H, W)``."""
        scaled = np.asarray(treated(self.scaling, np.asarray(images, np.float32)))
        scaled = np.require(scaled, np.float32, "W")  # TensorFlow's results may not be written to
        return torch.from_numpy(scaled).to(self._device).permute(0, 3, 1, 2)

    def _logits(self, given: torch.Tensor, watch: Any = None) -> torch.Tensor:
        if self._head is not None:
            pooled = self._features(given, watch).mean(dim=(1, 2))
            return pooled @ self._head.kernel + self._head.bias
        outputs = self._module(given) if watch is None else self._watched(given, watch)
        return self.answer.logits(outputs.float(), torch)

    def _watched(self, given: torch.Tensor, watch: Any) -> torch.Tensor:
        return self._steps.run(given, watch, (self.cut.path,))

    def _features(self, given: torch.Tensor, watch: Any = None) -> torch.Tensor:
        kept: list[torch.Tensor] = []

        def keep(name: str, found: torch.Tensor) -> torch.Tensor | None:
            instead = watch(name, found) if watch else None
            kept.append(found.clone() if instead is None else instead)
            return instead

        self._watched(given, keep)
        return self.cut.layout.laid_out(kept[0])

    def _tried(self, images: Arrays) -> Arrays:
        """Return the outputs ``(n, units)`` for the trial images."""
        try:
            with torch.inference_mode():
                found = self._module(self._given(images))
        except Exception as error:  # PyTorch raises many kinds where shapes do not fit
            mend = "give --image-size"
            if self.model.batch:
                mend = "export it for any number (dynamic_shapes=({0: torch.export.Dim.AUTO},))"
            raise ModelError(
                f"The model does not run on {len(images)} images of {self.input_size} pixels: "
                f"{first_line(error)}: {mend}."
            ) from None
        if not isinstance(found, torch.Tensor):
            raise ModelError(
                f"The model returns a {type(found).__name__}: an audit needs a tensor of one "
                "number a class."
            )
        return _array(found.float())

    def _look(self, images: Arrays) -> None:
        """See what the logits are for the trial images, and whether they have a gradient."""
        logits = self.logits(images)
        self.finite = float(np.isfinite(logits).all(axis=-1).mean())
        alone, near = self.logits(images[-1:]), _ALIKE * max(1.0, float(np.abs(logits).max()))
        self.alike_alone = bool(np.allclose(alone[0], logits[-1], atol=near, equal_nan=True))
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


def _chosen(logits: torch.Tensor, targets: NDArray[np.int64]) -> torch.Tensor:
    return logits.gather(1, torch.as_tensor(targets, device=logits.device)[:, None])


def _array(found: torch.Tensor) -> Arrays:
    return np.asarray(found.detach().cpu(), np.float32)
