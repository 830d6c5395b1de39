"""A TorchScript program as a classifier: logits and gradients by its images, and no layers.

Its submodules have names, but a compiled graph calls them past their hooks: no step can be looked
at, or replaced.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from audit.models.closed import Closed
from audit.models.pytorch.logits import Arrays, TorchLogits

_LAYERS = "TorchScript shows no layers"
_GRADIENT = "this TorchScript program has no gradient by its images"


class ScriptClassifier(Closed, TorchLogits):
    """A TorchScript program read as `Classifier`, differentiable by its images alone.

    One that is quantised, or was saved without gradients, gives its answers alone. Parameters and
    errors are those of `TorchLogits`; ``image_size`` is needed, as it says none.
    """

    lacks: Mapping[str, str] = MappingProxyType({"gradcam": _LAYERS})

    def gradient(self, images: Any, targets: NDArray[np.int64]) -> tuple[Arrays, Arrays]:
        """Return gradients by images, and all logits; `ModelError` where there are none."""
        if "ig" in self.lacks:
            self.refuse("gradients", "ig")
        return super().gradient(images, targets)

    def _look(self, images: Arrays) -> None:
        try:
            super()._look(images)
        except RuntimeError:  # of autograd, which finds no way from the logits to the images
            self.lacks = {"gradcam": _LAYERS, "ig": _GRADIENT}

    def _kind(self) -> str:
        return "TorchScript, no layers to look at"

    def _quietly(self) -> Any:
        # What it compiles for inference tensors is kept, and fails where a gradient is asked for.
        return torch.no_grad()

    def _said(self, error: Exception) -> str:
        """Return the last line, as the first ones say where in the program it failed."""
        return str(error).strip().splitlines()[-1].rstrip(".")

    def _mend(self) -> str:
        return "give --image-size, or save it for any number of images (torch.jit.script)"
