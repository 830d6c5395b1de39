"""Models that are handed in as objects, in place of a file."""

from __future__ import annotations

import sys
from typing import Any

from audit.core.errors import ModelError
from audit.models.answering.model import Function
from audit.models.pytorch.source import TorchModel


def given_model(model: Any, image_size: int | None) -> Any:
    """Return an object as `audit.models.classify.classify` takes it.

    Parameters
    ----------
    model : keras.Model, torch.nn.Module or callable
        The last gives logits or probabilities ``(n, classes)`` of uint8 images ``(n, H, W, 3)``.
    image_size : int, optional
        Side of its images; a callable does not say it.

    Raises
    ------
    ModelError
        It is none of these.
    """
    if _is_a(model, "torch.nn", "Module"):
        return TorchModel(model.float().eval(), type(model).__name__)
    if _is_a(model, "keras", "Model") or _is_a(model, "tf_keras", "Model"):
        return model
    if not callable(model):
        raise ModelError(
            f"A {type(model).__name__} is no model: give a Keras model, a torch.nn.Module, or a "
            "function from uint8 images (n, H, W, 3) to logits (n, classes)."
        )
    return Function(model, image_size)


def _is_a(model: Any, module: str, name: str) -> bool:
    """Return whether an object is of a class of a library; it is not, where that is not loaded."""
    kind = getattr(sys.modules.get(module), name, None)
    return kind is not None and isinstance(model, kind)
