"""A PyTorch model as a classifier: logits, and gradients by its images and by its feature map."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy, deepcopy
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from audit.core.observation import Observation
from audit.models.base import FeatureGradient, refuse_other_head
from audit.models.observations import observe_layer
from audit.models.probes import probes
from audit.models.pytorch.featuremap import find_map
from audit.models.pytorch.logits import Arrays, TorchLogits, as_array, chosen
from audit.models.pytorch.model import TorchModel
from audit.models.pytorch.steps import steps_of


class _Head(NamedTuple):
    """A dense layer on the pooled map, in place of the model's own end."""

    kernel: torch.Tensor
    bias: torch.Tensor


class TorchClassifier(TorchLogits):
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

    lacks: Mapping[str, str] = MappingProxyType({})
    _head: _Head | None = None

    def __init__(
        self,
        model: TorchModel,
        feature_layer: str | None = None,
        image_size: int | None = None,
        scaling: str = "0..255",
    ) -> None:
        super().__init__(model, image_size, scaling)
        self._steps = steps_of(model)
        prefix = getattr(model.module, "num_prefix_tokens", None)
        pair = self._given(probes(self.input_size)[:4:3])  # noise and blots: every layer wakes
        self.cut = find_map(self._steps, pair, prefix, feature_layer)
        self.feature_layer = self.cut.path
        self.feature_shape: tuple[int, ...] = self.cut.shape

    def features(self, images: Any) -> Arrays:
        """Return feature maps ``(n, h, w, c)`` of images ``(n, H, W, 3)`` in 0..255."""
        with self._quietly():
            return as_array(self._features(self._given(images)))

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
            answers = as_array(logits)
            explained = answers.argmax(axis=-1) if targets is None else targets
            (found,) = torch.autograd.grad(chosen(logits, explained).sum(), kept[0])
        maps = (as_array(self.cut.layout.laid_out(part)) for part in (kept[0], found))
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
        refuse_other_head(self, kernel, bias)
        other = copy(self)
        given = (torch.from_numpy(np.array(part, np.float32)) for part in (kernel, bias))
        other._head = _Head(*(part.to(self._device) for part in given))
        other.end, other.classes, other.units = "linear", len(bias), len(bias)
        return other

    def observations(self) -> list[Observation]:
        """Observe what the model was taken for: end, input and feature layer, for a preflight."""
        return [*super().observations(), observe_layer(self.cut)]

    def _kind(self) -> str:
        height, width, channels = self.feature_shape
        return f"PyTorch, features {self.feature_layer} ({height}x{width}x{channels})"

    def _logits(self, given: torch.Tensor, watch: Any = None) -> torch.Tensor:
        if self._head is not None:
            pooled = self._features(given, watch).mean(dim=(1, 2))
            return pooled @ self._head.kernel + self._head.bias
        if watch is None:
            return super()._logits(given)
        return self.answer.logits(self._watched(given, watch).float(), torch)

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
